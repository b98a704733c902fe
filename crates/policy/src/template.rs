//! Texts and patterns with variables, such as `acs:oss:*:*:home/${acs:PrincipalTag/team}/*`.
//!
//! `${service:key}` stands for the value of a condition key, character by character: a wildcard in the value is no
//! wildcard. `${*}`, `${?}` and `${$}` stand for the character itself.

use crate::context::{Context, Value};
use crate::glob::{ANY_RUN, ONE};

/// A text with variables, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Template {
    text: Box<str>,
    pieces: Box<[Piece]>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// Text, in which wildcards are [`ANY_RUN`] and [`ONE`].
    Bytes(Box<[u8]>),
    /// The key whose value stands here.
    Variable(Box<str>),
}

/// The request has no single value for a variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct MissingVariable;

/// Whether `*` and `?` are wildcards where the text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wildcards {
    Mean,
    Literal,
}

impl Template {
    /// Takes a text apart; none when it holds no `${`.
    pub(crate) fn new(text: &str, wildcards: Wildcards) -> Result<Option<Self>, &'static str> {
        if !text.contains("${") {
            return Ok(None);
        }
        let mut pieces = Vec::new();
        let mut bytes = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            bytes.extend(before.bytes().map(|byte| mark(byte, wildcards)));
            let (name, after) =
                after.split_once('}').ok_or("has a `${` without its `}`; write `${$}{` for the text `${`")?;
            match name {
                "*" | "?" | "$" => bytes.extend(name.bytes()),
                _ if is_key(name) => {
                    if !bytes.is_empty() {
                        pieces.push(Piece::Bytes(std::mem::take(&mut bytes).into()));
                    }
                    pieces.push(Piece::Variable(name.into()));
                }
                _ => {
                    return Err(
                        "has a variable that is no condition key; write `${service:key}`, `${*}`, `${?}` or `${$}`",
                    );
                }
            }
            rest = after;
        }
        bytes.extend(rest.bytes().map(|byte| mark(byte, wildcards)));
        if !bytes.is_empty() {
            pieces.push(Piece::Bytes(bytes.into()));
        }
        Ok(Some(Self { text: text.into(), pieces: pieces.into() }))
    }

    /// As it was written.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// The keys whose values stand in it.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().filter_map(|piece| match piece {
            Piece::Variable(key) => Some(&**key),
            Piece::Bytes(_) => None,
        })
    }

    /// A pattern that matches whatever this one can match, and maybe more.
    pub(crate) fn widest(&self) -> String {
        let mut pattern = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Bytes(bytes) => pattern.extend(bytes.iter().map(|byte| match *byte {
                    ANY_RUN => b'*',
                    // A pattern has no way to write these characters themselves.
                    ONE | b'*' | b'?' => b'?',
                    other => other,
                })),
                Piece::Variable(_) => pattern.push(b'*'),
            }
        }
        String::from_utf8_lossy(&pattern).into_owned()
    }

    /// Writes it with the values of a request.
    pub(crate) fn fill(&self, context: &Context<'_>) -> Result<Filled, MissingVariable> {
        let mut filled = Filled { inline: [0; 256], length: 0, spilt: Vec::new() };
        for piece in &self.pieces {
            match piece {
                Piece::Bytes(bytes) => filled.push(bytes),
                Piece::Variable(key) => {
                    let value = match context.find(key) {
                        Some(Value::Texts([text])) => Value::Text(text),
                        Some(Value::Texts(_)) | None => return Err(MissingVariable),
                        Some(single) => *single,
                    };
                    value.as_text(|text| filled.push(text.as_bytes())).map_err(|_| MissingVariable)?;
                }
            }
        }
        Ok(filled)
    }
}

fn is_key(name: &str) -> bool {
    let valid = name.split_once(':').is_some_and(|(service, key)| !service.is_empty() && !key.is_empty());
    valid && !name.contains(|letter: char| letter.is_control() || letter == '$' || letter == '{')
}

fn mark(byte: u8, wildcards: Wildcards) -> u8 {
    match (byte, wildcards) {
        (b'*', Wildcards::Mean) => ANY_RUN,
        (b'?', Wildcards::Mean) => ONE,
        _ => byte,
    }
}

/// A template with its values, in place as long as it is not longer than names are.
pub(crate) struct Filled {
    inline: [u8; 256],
    length: usize,
    spilt: Vec<u8>,
}

impl Filled {
    fn push(&mut self, bytes: &[u8]) {
        let end = self.length + bytes.len();
        match self.inline.get_mut(self.length..end) {
            Some(place) if self.spilt.is_empty() => {
                place.copy_from_slice(bytes);
                self.length = end;
            }
            _ => {
                if self.spilt.is_empty() {
                    self.spilt.extend_from_slice(&self.inline[..self.length]);
                }
                self.spilt.extend_from_slice(bytes);
            }
        }
    }

    /// The text, in which wildcards are [`ANY_RUN`] and [`ONE`].
    pub(crate) fn bytes(&self) -> &[u8] {
        if self.spilt.is_empty() { &self.inline[..self.length] } else { &self.spilt }
    }

    /// The text, if it holds no wildcards.
    pub(crate) fn text(&self) -> Option<&str> {
        std::str::from_utf8(self.bytes()).ok()
    }
}

#[cfg(test)]
#[path = "template_tests.rs"]
mod tests;
