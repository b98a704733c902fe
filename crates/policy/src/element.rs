//! The pieces that every element of a document is made of: objects, and strings or lists of them.

use crate::error::PolicyError;
use crate::glob::Glob;
use crate::json::Json;

/// One pattern or a list of at least one.
pub(crate) fn patterns(
    json: Json,
    path: &str,
    check: impl Fn(&str) -> Result<(), &'static str>,
) -> Result<Box<[Glob]>, PolicyError> {
    let texts = strings(json, path, Scalars::Strings)?;
    for text in &texts {
        check(text).map_err(|reason| PolicyError::at(path, format!("`{}` {reason}", short(text))))?;
    }
    Ok(texts.iter().map(|text| Glob::new(text)).collect())
}

/// Which scalars are taken as strings.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scalars {
    Strings,
    /// Booleans and numbers too: the language quotes them, people forget to.
    Any,
}

/// One string or a list of at least one.
pub(crate) fn strings(json: Json, path: &str, scalars: Scalars) -> Result<Vec<String>, PolicyError> {
    let list = match json {
        Json::List(list) => list,
        single => vec![single],
    };
    if list.is_empty() {
        return Err(PolicyError::at(path, "is empty, add at least one value"));
    }
    list.into_iter()
        .map(|item| match item {
            Json::Text(text) => Ok(text),
            Json::Bool(value) if scalars == Scalars::Any => Ok(value.to_string()),
            Json::Number(value) if scalars == Scalars::Any => Ok(value),
            other => Err(PolicyError::at(path, format!("holds {}, write a string", other.kind()))),
        })
        .collect()
}

/// The members of what must be an object.
pub(crate) fn object(json: Json, what: &str, path: &str) -> Result<Vec<(String, Json)>, PolicyError> {
    match json {
        Json::Object(members) => Ok(members),
        other => Err(PolicyError::at(path, format!("{what} must be a JSON object, not {}", other.kind()))),
    }
}

/// The error about a member that the language does not have.
pub(crate) fn unknown(path: &str, name: &str, known: &str) -> PolicyError {
    let name = short(name);
    let path = if path.is_empty() { name } else { format!("{path}.{name}") };
    PolicyError::at(path, format!("is not an element of the policy language, remove it (known: {known})"))
}

/// The beginning of what the caller wrote, short enough for a message.
pub(crate) fn short(text: &str) -> String {
    match text.char_indices().nth(64) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}
