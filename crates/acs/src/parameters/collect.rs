//! Merges path, query and body into one tree; refuses what is ambiguous or not text.

use std::sync::Arc;

use super::error::{ParameterError, ParameterErrorKind};
use super::node::{DEEPEST, Node};
use super::{Fields, Sources, json};
use crate::encoding::{self, Plus};

/// How many parameters query and form may hold together.
const MOST: usize = 10_000;

/// The longest name, flattened, in bytes.
const LONGEST_NAME: usize = 512;

pub(super) fn collect(sources: Sources<'_>) -> Result<Fields, ParameterError> {
    let mut fields = Fields::new();
    for (name, raw) in sources.path {
        let value = text(raw.as_bytes(), Plus::Itself, name)?;
        insert_whole(&mut fields, (*name).to_owned(), Arc::new(Node::Text(value)))?;
    }
    let mut count = 0;
    add_pairs(&mut fields, sources.query.unwrap_or("").as_bytes(), &mut count)?;
    if sources.body.is_empty() {
        return Ok(fields);
    }
    match body_type(sources.content_type) {
        Some(BodyType::Form) => add_pairs(&mut fields, sources.body, &mut count)?,
        Some(BodyType::Json) => {
            for (name, node) in json::read_body(sources.body)? {
                insert_whole(&mut fields, name, node)?;
            }
        }
        None => return Err(ParameterError::new("content-type", ParameterErrorKind::ContentType)),
    }
    Ok(fields)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum BodyType {
    Form,
    Json,
}

/// Whether a body of this type holds parameters as a query does.
pub(crate) fn is_form(content_type: Option<&[u8]>) -> bool {
    body_type(content_type) == Some(BodyType::Form)
}

/// The first parameter of this name in query or form, as text. Nothing is refused yet: that is for [`collect`].
pub(super) fn first_text(sources: &Sources<'_>, name: &str) -> Option<String> {
    let form = if is_form(sources.content_type) { sources.body } else { b"" };
    let mut pairs = [sources.query.unwrap_or("").as_bytes(), form].into_iter().flat_map(encoding::pairs);
    let found = pairs.find(|pair| pair.is_named(name))?;
    String::from_utf8(encoding::decode(found.value, Plus::Blank).ok()?).ok()
}

/// The type of a body; a `charset` parameter may say UTF-8 only.
fn body_type(content_type: Option<&[u8]>) -> Option<BodyType> {
    let text = std::str::from_utf8(content_type?).ok()?;
    let mut parts = text.split(';').map(str::trim);
    let essence = parts.next()?.to_ascii_lowercase();
    for parameter in parts.filter(|part| !part.is_empty()) {
        let (name, value) = parameter.split_once('=')?;
        let is_utf8 = value.trim_matches('"').eq_ignore_ascii_case("utf-8");
        if !name.eq_ignore_ascii_case("charset") || !is_utf8 {
            return None;
        }
    }
    match essence.as_str() {
        "application/x-www-form-urlencoded" => Some(BodyType::Form),
        "application/json" => Some(BodyType::Json),
        _ => None,
    }
}

fn add_pairs(fields: &mut Fields, raw: &[u8], count: &mut usize) -> Result<(), ParameterError> {
    for pair in encoding::pairs(raw) {
        *count += 1;
        if *count > MOST {
            return Err(ParameterError::invalid(
                "body",
                format!("holds more than {MOST} parameters; split the call"),
            ));
        }
        let shown = encoding::shown(pair.name);
        if pair.name.len() > LONGEST_NAME {
            let limit = format!("{LONGEST_NAME} bytes of name");
            return Err(ParameterError::new(&shown, ParameterErrorKind::TooLong { limit }));
        }
        let name = text(pair.name, Plus::Blank, &shown)?;
        let value = text(pair.value, Plus::Blank, &name)?;
        insert_flat(fields, &name, value)?;
    }
    Ok(())
}

/// Decodes one name or value.
fn text(raw: &[u8], plus: Plus, path: &str) -> Result<String, ParameterError> {
    let bytes = encoding::decode(raw, plus).map_err(|_| {
        ParameterError::invalid(path, "has a `%` without two hexadecimal digits; percent-encode it")
    })?;
    let text = String::from_utf8(bytes)
        .map_err(|_| ParameterError::invalid(path, "is not UTF-8; send UTF-8 text, percent-encoded"))?;
    check_text(&text, path)?;
    Ok(text)
}

/// Refuses control characters everywhere, but for tab and line ends, which policy documents have.
pub(super) fn check_text(text: &str, path: &str) -> Result<(), ParameterError> {
    match text.chars().find(|character| character.is_control() && !matches!(character, '\t' | '\n' | '\r')) {
        Some(found) => Err(ParameterError::invalid(
            path,
            format!("holds the control character U+{:04X}; remove it", u32::from(found)),
        )),
        None => Ok(()),
    }
}

fn duplicate(key: &str) -> ParameterError {
    ParameterError::new(key, ParameterErrorKind::Duplicate)
}

/// Adds a parameter that may not be there yet in any form.
fn insert_whole(fields: &mut Fields, name: String, node: Arc<Node>) -> Result<(), ParameterError> {
    if fields.contains_key(&name) {
        return Err(duplicate(&name));
    }
    fields.insert(name, node);
    Ok(())
}

/// Adds a flattened parameter: `a.b.1` opens `a`, then `b` in it.
fn insert_flat(fields: &mut Fields, name: &str, value: String) -> Result<(), ParameterError> {
    if name.split('.').count() > DEEPEST {
        let why = format!("is nested deeper than {DEEPEST} levels; send fewer dots");
        return Err(ParameterError::invalid(name, why));
    }
    let mut steps = name.split('.').peekable();
    let mut fields = fields;
    while let Some(step) = steps.next() {
        if step.is_empty() {
            return Err(ParameterError::invalid(
                if name.is_empty() { "query" } else { name },
                "has a name with an empty part; write names as `auth.accessIps.1`",
            ));
        }
        if steps.peek().is_none() {
            return match fields.insert(step.to_owned(), Arc::new(Node::Text(value))) {
                None => Ok(()),
                Some(_) => Err(duplicate(name)),
            };
        }
        let node = fields.entry(step.to_owned()).or_insert_with(|| Arc::new(Node::Flat(Fields::new())));
        // Nothing else holds the tree while it grows, so this never copies.
        match Arc::make_mut(node) {
            Node::Flat(inner) => fields = inner,
            _ => return Err(duplicate(name)),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_body_types_are_read() {
        for text in
            ["application/json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf-8\""]
        {
            assert_eq!(body_type(Some(text.as_bytes())), Some(BodyType::Json), "{text}");
        }
        assert_eq!(body_type(Some(b"application/x-www-form-urlencoded")), Some(BodyType::Form));
        for text in [
            "",
            "text/json",
            "application/json; charset=gbk",
            "application/json; profile=x",
            "multipart/form-data",
        ] {
            assert_eq!(body_type(Some(text.as_bytes())), None, "{text}");
        }
        assert_eq!(body_type(None), None);
    }
}
