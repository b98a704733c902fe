//! Places in a document: as steps through its values, as JSON pointers, as offsets in the text.

use crate::json::Json;
use crate::lint::{Statement, Written};

/// The way to a value, from the whole document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Place(Vec<Step>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Step {
    Member(String),
    Item(usize),
}

impl Place {
    /// The member of the object here.
    pub(crate) fn member(&self, name: &str) -> Self {
        self.step(Step::Member(name.to_owned()))
    }

    /// The item of the list here.
    pub(crate) fn item(&self, index: usize) -> Self {
        self.step(Step::Item(index))
    }

    fn step(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// As RFC 6901 writes it.
    pub(crate) fn pointer(&self) -> String {
        let mut pointer = String::new();
        for step in &self.0 {
            pointer.push('/');
            match step {
                Step::Member(name) => pointer.push_str(&name.replace('~', "~0").replace('/', "~1")),
                Step::Item(index) => pointer.push_str(&index.to_string()),
            }
        }
        pointer
    }
}

/// The items of a list, or the single value that stands for one.
pub(crate) fn items<'j>(place: &Place, json: &'j Json) -> Vec<(Place, &'j Json)> {
    match json {
        Json::List(list) => list.iter().enumerate().map(|(index, item)| (place.item(index), item)).collect(),
        single => vec![(place.clone(), single)],
    }
}

/// The statements of a document.
pub(crate) fn statements(document: &Json) -> Vec<Statement<'_>> {
    let place = Place::default().member("Statement");
    document.get("Statement").map(|list| items(&place, list)).unwrap_or_default()
}

/// The texts of an element.
pub(crate) fn values<'j>(place: &Place, json: &'j Json, element: &str) -> Vec<Written<'j>> {
    let Some(values) = json.get(element) else { return Vec::new() };
    let texts = items(&place.member(element), values).into_iter();
    texts.filter_map(|(place, value)| Some((place, value.as_text()?))).collect()
}

/// The place that the path of a parse error means, as far as it exists: `Statement[0].Condition.Bool["acs:X"]`.
pub(crate) fn of_error(document: &Json, path: &str) -> Place {
    let (mut place, mut json, mut rest) = (Place::default(), document, path);
    loop {
        let next = match json {
            Json::Object(members) => members.iter().find_map(|(name, value)| {
                let quoted = format!("[\"{name}\"]");
                let after = rest.strip_prefix('.').unwrap_or(rest);
                let after =
                    rest.strip_prefix(quoted.as_str()).or_else(|| after.strip_prefix(name.as_str()))?;
                let ends = after.is_empty() || after.starts_with(['.', '[']);
                ends.then_some((place.member(name), value, after))
            }),
            Json::List(list) => {
                rest.strip_prefix('[').and_then(|after| after.split_once(']')).and_then(|(index, after)| {
                    let index: usize = index.parse().ok()?;
                    Some((place.item(index), list.get(index)?, after))
                })
            }
            _ => None,
        };
        // A single statement counts as a list of one.
        let next = next.or_else(|| Some((place.clone(), json, rest.strip_prefix("[0]")?)));
        match next {
            Some(step) => (place, json, rest) = step,
            None => return place,
        }
    }
}

/// Where in the text a place begins. The text is valid JSON; what does not exist is where it would be.
pub(crate) fn offset(text: &str, place: &Place) -> usize {
    let mut scanner = Scanner { bytes: text.as_bytes(), at: 0 };
    scanner.skip_blanks();
    for step in &place.0 {
        if !scanner.enter(text, step) {
            break;
        }
    }
    scanner.at.min(text.len())
}

/// Walks over JSON that is known to be valid; on any other it stops somewhere.
struct Scanner<'t> {
    bytes: &'t [u8],
    at: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn skip_blanks(&mut self) {
        while self.peek().is_some_and(|byte| byte.is_ascii_whitespace() || byte == b',' || byte == b':') {
            self.at += 1;
        }
    }

    /// Goes from the beginning of a value to that of one inside of it, or stays.
    fn enter(&mut self, text: &str, step: &Step) -> bool {
        let start = self.at;
        self.at += 1;
        let mut index = 0;
        loop {
            self.skip_blanks();
            if matches!(self.peek(), None | Some(b'}' | b']')) {
                self.at = start;
                return false;
            }
            match step {
                Step::Item(wanted) if *wanted == index => return true,
                Step::Item(_) => self.skip_value(),
                Step::Member(wanted) => {
                    let key = self.at;
                    self.skip_value();
                    let name: Option<String> =
                        text.get(key..self.at).and_then(|name| serde_json::from_str(name).ok());
                    self.skip_blanks();
                    if name.as_ref() == Some(wanted) {
                        return true;
                    }
                    self.skip_value();
                }
            }
            index += 1;
        }
    }

    /// Goes behind the value that begins here.
    fn skip_value(&mut self) {
        let mut depth = 0;
        loop {
            match self.peek() {
                None => return,
                Some(b'"') => self.skip_text(),
                Some(b'{' | b'[') => {
                    depth += 1;
                    self.at += 1;
                }
                Some(b'}' | b']') => {
                    depth -= 1;
                    self.at += 1;
                }
                Some(byte) if byte.is_ascii_whitespace() || byte == b',' || byte == b':' => self.at += 1,
                Some(_) => {
                    self.at += 1;
                    while self
                        .peek()
                        .is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
                    {
                        self.at += 1;
                    }
                }
            }
            if depth <= 0 {
                return;
            }
        }
    }

    fn skip_text(&mut self) {
        self.at += 1;
        while let Some(byte) = self.peek() {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'"' {
                return;
            }
        }
    }
}

#[cfg(test)]
#[path = "place_tests.rs"]
mod tests;
