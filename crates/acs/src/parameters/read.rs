//! The typed readers. Each returns `None` for a parameter that is absent or JSON `null`.

use std::ops::RangeInclusive;
use std::sync::Arc;

use serde_json::Value;

use super::node::Node;
use super::{Mark, ParameterError, ParameterErrorKind, Parameters, SEPARATOR, json};

fn whole(node: &Node, range: &RangeInclusive<i64>) -> Result<i64, String> {
    let number = match node {
        Node::Number(number) => number.as_i64(),
        Node::Text(text) if !text.starts_with('+') => text.parse().ok(),
        _ => None,
    };
    let (least, most) = (range.start(), range.end());
    number
        .filter(|number| range.contains(number))
        .ok_or_else(|| format!("must be a whole number from {least} to {most}"))
}

impl Parameters {
    /// One line of text. An empty text is `Some("")`: the operation decides what it means.
    ///
    /// # Errors
    /// It is not text, or has a line end or tab.
    pub fn text(&self, name: &str) -> Result<Option<String>, ParameterError> {
        let Some(text) = self.document(name)? else { return Ok(None) };
        if text.contains(['\t', '\n', '\r']) {
            return Err(
                self.invalid(name, "must be one line of text, without tabs; remove line ends and tabs")
            );
        }
        Ok(Some(text))
    }

    /// One line of text that must be there; it may be empty.
    ///
    /// # Errors
    /// As [`Self::text`], or it is absent.
    pub fn required_text(&self, name: &str) -> Result<String, ParameterError> {
        self.text(name)?.ok_or_else(|| self.missing(name))
    }

    /// Text of several lines, such as a policy document.
    ///
    /// # Errors
    /// It is not text.
    pub fn document(&self, name: &str) -> Result<Option<String>, ParameterError> {
        match self.take(name, Mark::Whole).as_deref() {
            None | Some(Node::Null) => Ok(None),
            Some(Node::Text(text)) => Ok(Some(text.clone())),
            Some(_) => Err(self.invalid(name, "must be a text; send a string")),
        }
    }

    /// True or false: JSON, or one of the texts `true`, `false`, `True`, `False` (Python's form).
    ///
    /// # Errors
    /// It is anything else.
    pub fn boolean(&self, name: &str) -> Result<Option<bool>, ParameterError> {
        match self.take(name, Mark::Whole).as_deref() {
            None | Some(Node::Null) => Ok(None),
            Some(Node::Bool(value)) => Ok(Some(*value)),
            Some(Node::Text(text)) if matches!(text.as_str(), "true" | "True") => Ok(Some(true)),
            Some(Node::Text(text)) if matches!(text.as_str(), "false" | "False") => Ok(Some(false)),
            Some(_) => Err(self.invalid(name, "must be `true` or `false`")),
        }
    }

    /// A whole number within a range, as JSON number or decimal text.
    ///
    /// # Errors
    /// It is no whole number, or out of range.
    pub fn integer(&self, name: &str, range: RangeInclusive<i64>) -> Result<Option<i64>, ParameterError> {
        match self.take(name, Mark::Whole).as_deref() {
            None | Some(Node::Null) => Ok(None),
            Some(node) => whole(node, &range).map(Some).map_err(|why| self.invalid(name, why)),
        }
    }

    /// A list of such numbers: flattened, a JSON list, or JSON text in one field.
    ///
    /// # Errors
    /// It is no list, or an item is not such a number.
    pub fn integers(
        &self,
        name: &str,
        range: RangeInclusive<i64>,
    ) -> Result<Option<Vec<i64>>, ParameterError> {
        let Some(items) = self.items(name, Mark::Whole)? else { return Ok(None) };
        let numbers = items.iter().map(|item| whole(item, &range)).collect::<Result<_, _>>();
        numbers.map(Some).map_err(|why| self.invalid(name, format!("holds what is wrong: each {why}")))
    }

    /// A list of one-line texts: flattened, a JSON list, or JSON text in one field.
    ///
    /// # Errors
    /// It is no list, or an item is not such a text.
    pub fn texts(&self, name: &str) -> Result<Option<Vec<String>>, ParameterError> {
        let Some(items) = self.items(name, Mark::Whole)? else { return Ok(None) };
        let mut texts = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            match &**item {
                Node::Text(text) if !text.contains(['\t', '\n', '\r']) => texts.push(text.clone()),
                _ => {
                    let path = format!("{}{SEPARATOR}{}", self.key(name), index + 1);
                    return Err(ParameterError::invalid(&path, "must be one line of text; send a string"));
                }
            }
        }
        Ok(Some(texts))
    }

    /// An object: flattened, a JSON object, or JSON text in one field. What is in it must be read too.
    ///
    /// # Errors
    /// It is no object.
    pub fn object(&self, name: &str) -> Result<Option<Parameters>, ParameterError> {
        let key = self.key(name);
        match self.open(name, '{', Mark::Opened)?.as_deref() {
            None | Some(Node::Null) => Ok(None),
            Some(Node::Map(fields) | Node::Flat(fields)) => Ok(Some(self.child(&key, fields.clone()))),
            Some(_) => {
                Err(self.invalid(name, format!("must be an object; send JSON, or `{name}.NAME=VALUE`")))
            }
        }
    }

    /// A list of objects, in the forms of [`Self::texts`] and [`Self::object`].
    ///
    /// # Errors
    /// It is no list, or an item is no object.
    pub fn objects(&self, name: &str) -> Result<Option<Vec<Parameters>>, ParameterError> {
        let key = self.key(name);
        let Some(items) = self.items(name, Mark::Opened)? else { return Ok(None) };
        let mut objects = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            let item_key = format!("{key}{SEPARATOR}{}", index + 1);
            match &**item {
                Node::Map(fields) | Node::Flat(fields) => {
                    self.notes.lock().marks.insert(item_key.clone(), Mark::Opened);
                    objects.push(self.child(&item_key, fields.clone()));
                }
                _ => {
                    return Err(ParameterError::invalid(
                        &item_key,
                        "must be an object; send its fields by name",
                    ));
                }
            }
        }
        Ok(Some(objects))
    }

    /// Whatever it is, as JSON. Flattened keys become objects, or lists where they are numbered 1, 2, 3…; text stays text,
    /// even where it holds JSON.
    pub fn json(&self, name: &str) -> Option<Value> {
        self.take(name, Mark::Whole).filter(|node| **node != Node::Null).map(|node| node.to_value())
    }

    /// The names at this level, for objects with free names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.keys().map(String::as_str)
    }

    /// A refusal of one of these parameters, with its full path. `why` completes "`path` ": `must be …; send …`.
    #[must_use]
    pub fn invalid(&self, name: &str, why: impl Into<String>) -> ParameterError {
        ParameterError::invalid(&self.key(name), why)
    }

    /// A mandatory parameter is absent.
    #[must_use]
    pub fn missing(&self, name: &str) -> ParameterError {
        ParameterError::new(&self.key(name), ParameterErrorKind::Missing)
    }

    fn child(&self, key: &str, fields: super::Fields) -> Parameters {
        Parameters { fields, prefix: format!("{key}{SEPARATOR}"), notes: Arc::clone(&self.notes) }
    }

    fn take(&self, name: &str, mark: Mark) -> Option<Arc<Node>> {
        let node = self.fields.get(name)?;
        self.notes.lock().marks.insert(self.key(name), mark);
        Some(Arc::clone(node))
    }

    /// Takes a parameter and, if it is text that begins like JSON, the JSON in it.
    fn open(&self, name: &str, begin: char, mark: Mark) -> Result<Option<Arc<Node>>, ParameterError> {
        let Some(node) = self.take(name, mark) else { return Ok(None) };
        match &*node {
            Node::Text(text) if text.trim_start().starts_with(begin) => {
                let key = self.key(name);
                let opened = Arc::new(json::read_field(text, &key)?);
                self.notes.lock().opened.insert(key, Arc::clone(&opened));
                Ok(Some(opened))
            }
            _ => Ok(Some(node)),
        }
    }

    fn items(&self, name: &str, mark: Mark) -> Result<Option<Vec<Arc<Node>>>, ParameterError> {
        let Some(node) = self.open(name, '[', mark)? else { return Ok(None) };
        if *node == Node::Null {
            return Ok(None);
        }
        let why =
            || self.invalid(name, format!("must be a list; send a JSON list, or `{name}.1=…`, `{name}.2=…`"));
        node.items(&self.key(name))?.ok_or_else(why).map(Some)
    }
}
