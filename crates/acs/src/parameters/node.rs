//! The tree that all sources are merged into.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Number, Value};

use super::{Fields, ParameterError, SEPARATOR};

/// How deep parameters may nest.
pub(super) const DEEPEST: usize = 32;

/// One parameter, or a part of one.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    /// JSON `null`: as if absent.
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Arc<Node>>),
    /// A JSON object.
    Map(Fields),
    /// What flattened keys opened: a list if its names are 1, 2, 3…, an object otherwise; the reader decides.
    Flat(Fields),
}

impl Node {
    /// The items, if this can be read as a list.
    pub(super) fn items(&self, key: &str) -> Result<Option<Vec<Arc<Node>>>, ParameterError> {
        match self {
            Self::List(items) => Ok(Some(items.clone())),
            Self::Flat(fields) => flat_items(fields, key).map(Some),
            Self::Null | Self::Bool(_) | Self::Number(_) | Self::Text(_) | Self::Map(_) => Ok(None),
        }
    }

    /// The same as a JSON value.
    pub(super) fn to_value(&self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(*value),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Text(text) => Value::String(text.clone()),
            Self::List(items) => items.iter().map(|item| item.to_value()).collect(),
            Self::Flat(fields) => match flat_items(fields, "") {
                Ok(items) => items.iter().map(|item| item.to_value()).collect(),
                Err(_) => object(fields),
            },
            Self::Map(fields) => object(fields),
        }
    }
}

fn object(fields: &Fields) -> Value {
    fields.iter().map(|(name, node)| (name.clone(), node.to_value())).collect()
}

/// The items of a flattened list, whose names must be 1 to n without a gap.
fn flat_items(fields: &Fields, key: &str) -> Result<Vec<Arc<Node>>, ParameterError> {
    let mut by_index = BTreeMap::new();
    for (name, node) in fields {
        let index: usize =
            name.parse().ok().filter(|index: &usize| *index > 0 && index.to_string() == *name).ok_or_else(
                || {
                    ParameterError::invalid(
                        &format!("{key}{SEPARATOR}{name}"),
                        "is not an item of a list; number the items 1, 2, 3 and so on",
                    )
                },
            )?;
        by_index.insert(index, Arc::clone(node));
    }
    for (expected, index) in (1..).zip(by_index.keys()) {
        if expected != *index {
            return Err(ParameterError::invalid(
                &format!("{key}{SEPARATOR}{expected}"),
                "is missing, though later items of the list are there; number the items without a gap",
            ));
        }
    }
    Ok(by_index.into_values().collect())
}
