//! JSON read strictly: no member twice, bounded depth, no control characters, and the place of every fault.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Number;

use super::collect::check_text;
use super::error::{ParameterError, ParameterErrorKind};
use super::node::{DEEPEST, Node};
use super::{Fields, SEPARATOR};

/// Reads a whole body, which must be an object. Its members are parameters by themselves.
pub(super) fn read_body(text: &[u8]) -> Result<Fields, ParameterError> {
    match parse(text, "", "body")? {
        Node::Map(fields) => Ok(fields),
        _ => Err(ParameterError::invalid("body", "must be a JSON object; put the parameters into `{}`")),
    }
}

/// Reads the JSON text that one parameter holds.
pub(super) fn read_field(text: &str, key: &str) -> Result<Node, ParameterError> {
    parse(text.as_bytes(), &format!("{key}{SEPARATOR}"), key)
}

/// `prefix` goes before the names of members, `whole` names the text itself.
fn parse(text: &[u8], prefix: &str, whole: &str) -> Result<Node, ParameterError> {
    let fault = RefCell::new(None);
    let mut reader = serde_json::Deserializer::from_slice(text);
    let seed = Seed { path: prefix.to_owned(), depth: 0, fault: &fault };
    let parsed = seed.deserialize(&mut reader).and_then(|node| reader.end().map(|()| node));
    parsed.map_err(|error| {
        fault.into_inner().unwrap_or_else(|| {
            let full = error.to_string();
            // The library puts the place behind its message; the kind carries it already.
            let why = full.split(" at line ").next().unwrap_or_default().to_owned();
            let kind = ParameterErrorKind::Json { why, line: error.line(), column: error.column() };
            ParameterError::new(whole, kind)
        })
    })
}

struct Seed<'a> {
    /// Where the value stands; ends with a separator, or is empty.
    path: String,
    depth: usize,
    /// A fault with a path of its own, which the library's error type cannot carry.
    fault: &'a RefCell<Option<ParameterError>>,
}

impl Seed<'_> {
    fn refuse<E: serde::de::Error>(&self, error: ParameterError) -> E {
        *self.fault.borrow_mut() = Some(error);
        E::custom("refused")
    }

    fn own_path(&self) -> &str {
        let path = self.path.strip_suffix(SEPARATOR).unwrap_or(&self.path);
        if path.is_empty() { "body" } else { path }
    }

    fn child(&self, name: impl fmt::Display) -> Self {
        Self { path: format!("{}{name}{SEPARATOR}", self.path), depth: self.depth + 1, fault: self.fault }
    }

    fn enter<E: serde::de::Error>(&self) -> Result<(), E> {
        if self.depth < DEEPEST {
            return Ok(());
        }
        let why = format!("is nested deeper than {DEEPEST} levels; send flatter JSON");
        Err(self.refuse(ParameterError::invalid(self.own_path(), why)))
    }
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Seed<'_> {
    type Value = Node;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(Node::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Node, E> {
        Number::from_f64(value).map(Node::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Node, E> {
        check_text(text, self.own_path()).map_err(|error| self.refuse(error))?;
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        self.enter()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self.child(list.len() + 1))? {
            list.push(Arc::new(item));
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        self.enter()?;
        let mut fields = BTreeMap::new();
        while let Some(name) = members.next_key::<String>()? {
            let child = self.child(&name);
            check_text(&name, "body").map_err(|error| self.refuse(error))?;
            if fields.contains_key(&name) {
                let error = ParameterError::new(child.own_path(), ParameterErrorKind::Duplicate);
                return Err(A::Error::custom(self.refuse::<A::Error>(error)));
            }
            let value = members.next_value_seed(child)?;
            fields.insert(name, Arc::new(value));
        }
        Ok(Node::Map(fields))
    }
}
