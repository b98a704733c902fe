//! JSON as conversions need it: an object read one level at a time, its values as they stand in the text, and values that
//! are written in the order in which they are said.
//!
//! What no dialect interprets (schemas, arguments, numbers) passes as its own text: nothing is reordered or rounded.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

/// What is wrong with a field. The two ways to say it depend on whether the field stands at the top of a request or inside
/// of a field that stands there.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    name: String,
    why: Cow<'static, str>,
}

impl Wrong {
    pub(super) fn new(name: impl Into<String>, why: impl Into<Cow<'static, str>>) -> Self {
        Self { name: name.into(), why: why.into() }
    }

    /// As a reason that follows the name of the field itself.
    pub(super) fn why(&self) -> &str {
        &self.why
    }
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.name.is_empty() {
            return f.write_str(&self.why);
        }
        write!(f, "holds `{}`, which {}", self.name, self.why)
    }
}

/// The fields of an object. `null` is as good as nothing.
#[derive(Debug)]
pub(super) struct Fields<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Fields<'a> {
    /// Reads an object; `None` when the text is something else.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        // serde would take an array as an object without names.
        if !text.trim_ascii_start().starts_with('{') {
            return None;
        }
        serde_json::from_str(text).ok().map(Self)
    }

    /// A field that has a value.
    pub(super) fn raw(&self, name: &str) -> Option<&'a RawValue> {
        self.0.get(name).copied().filter(|raw| raw.get() != "null")
    }

    /// A text.
    pub(super) fn text(&self, name: &str) -> Result<Option<Cow<'a, str>>, Wrong> {
        self.raw(name).map(|raw| text(raw).ok_or_else(|| Wrong::new(name, "must be a text"))).transpose()
    }

    /// A text that must be there.
    pub(super) fn needed_text(&self, name: &str) -> Result<Cow<'a, str>, Wrong> {
        self.text(name)?.ok_or_else(|| Wrong::new(name, "is missing"))
    }

    /// A truth.
    pub(super) fn flag(&self, name: &str) -> Result<Option<bool>, Wrong> {
        match self.raw(name).map(RawValue::get) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(Wrong::new(name, "must be `true` or `false`")),
        }
    }

    /// A number as it is written.
    pub(super) fn number(&self, name: &str) -> Result<Option<Number<'a>>, Wrong> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        let number = Number(raw);
        if number.value().is_finite() { Ok(Some(number)) } else { Err(Wrong::new(name, "must be a number")) }
    }

    /// A number without fraction that is not negative.
    pub(super) fn whole(&self, name: &str) -> Result<Option<u64>, Wrong> {
        let Some(raw) = self.raw(name) else { return Ok(None) };
        raw.get()
            .parse()
            .map(Some)
            .map_err(|_| Wrong::new(name, "must be a whole number that is not negative"))
    }

    /// An object.
    pub(super) fn object(&self, name: &str) -> Result<Option<Self>, Wrong> {
        self.raw(name).map(|raw| object(raw).ok_or_else(|| Wrong::new(name, "must be an object"))).transpose()
    }

    /// An array; empty when there is none.
    pub(super) fn list(&self, name: &str) -> Result<Vec<&'a RawValue>, Wrong> {
        match self.raw(name) {
            None => Ok(Vec::new()),
            Some(raw) => list(raw).ok_or_else(|| Wrong::new(name, "must be an array")),
        }
    }

    /// An array of objects; empty when there is none.
    pub(super) fn objects(&self, name: &str) -> Result<Vec<Self>, Wrong> {
        let read = |raw| object(raw).ok_or_else(|| Wrong::new(name, "must be an array of objects"));
        self.list(name)?.into_iter().map(read).collect()
    }
}

/// The text that a value is.
pub(super) fn text(raw: &RawValue) -> Option<Cow<'_, str>> {
    let quoted = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if quoted.contains('\\') {
        serde_json::from_str(raw.get()).ok().map(Cow::Owned)
    } else {
        Some(Cow::Borrowed(quoted))
    }
}

/// The object that a value is.
pub(super) fn object(raw: &RawValue) -> Option<Fields<'_>> {
    Fields::read(raw.get())
}

/// The array that a value is.
pub(super) fn list(raw: &RawValue) -> Option<Vec<&RawValue>> {
    raw.get().starts_with('[').then(|| serde_json::from_str(raw.get()).ok())?
}

/// Whether a text is one JSON object, and if so, as a value.
pub(super) fn object_text(text: &str) -> Option<&RawValue> {
    let raw: &RawValue = serde_json::from_str(text).ok()?;
    raw.get().starts_with('{').then_some(raw)
}

/// A number as it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number<'a>(&'a RawValue);

impl Number<'_> {
    /// The number, nearly.
    pub(super) fn value(self) -> f64 {
        self.0.get().parse().unwrap_or(f64::NAN)
    }
}

/// A value to be written.
#[derive(Clone, Debug)]
pub(super) enum Json<'a> {
    Null,
    Flag(bool),
    Whole(u64),
    Text(Cow<'a, str>),
    Raw(&'a RawValue),
    List(Vec<Json<'a>>),
    Object(Object<'a>),
}

/// An object to be written, its fields in their order.
#[derive(Clone, Debug, Default)]
pub(super) struct Object<'a>(Vec<(&'static str, Json<'a>)>);

impl<'a> Object<'a> {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// With a field.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<Json<'a>>) -> Self {
        self.0.push((name, value.into()));
        self
    }

    /// With a field if there is a value for it.
    pub(super) fn with_some(self, name: &'static str, value: Option<impl Into<Json<'a>>>) -> Self {
        match value {
            Some(value) => self.with(name, value),
            None => self,
        }
    }

    /// With a field unless the list is empty.
    pub(super) fn with_any(self, name: &'static str, list: Vec<Json<'a>>) -> Self {
        if list.is_empty() { self } else { self.with(name, list) }
    }

    /// With the fields of another behind its own.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As bytes.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(512);
        self.write(&mut bytes);
        bytes
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        serde_json::to_writer(bytes, self).expect("keys are texts and a vector takes everything");
    }

    /// Behind bytes, in one line: values that pass as their own text may have several, and one ends the data of an event.
    pub(super) fn write_line(&self, bytes: &mut Vec<u8>) {
        let from = bytes.len();
        self.write(bytes);
        // Within texts both are escaped, so these stand between values.
        for byte in bytes[from..].iter_mut().filter(|byte| matches!(byte, b'\n' | b'\r')) {
            *byte = b' ';
        }
    }
}

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (name, value) in &self.0 {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Flag(flag) => serializer.serialize_bool(*flag),
            Self::Whole(number) => serializer.serialize_u64(*number),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Raw(raw) => raw.serialize(serializer),
            Self::List(list) => {
                let mut sequence = serializer.serialize_seq(Some(list.len()))?;
                for value in list {
                    sequence.serialize_element(value)?;
                }
                sequence.end()
            }
            Self::Object(object) => object.serialize(serializer),
        }
    }
}

macro_rules! json_from {
    ($($from:ty => |$value:ident| $json:expr),* $(,)?) => {$(
        impl<'a> From<$from> for Json<'a> {
            fn from($value: $from) -> Self {
                $json
            }
        }
    )*};
}

json_from! {
    bool => |value| Json::Flag(value),
    u64 => |value| Json::Whole(value),
    u32 => |value| Json::Whole(value.into()),
    usize => |value| Json::Whole(value as u64),
    &'a str => |value| Json::Text(value.into()),
    String => |value| Json::Text(value.into()),
    &'a String => |value| Json::Text(value.as_str().into()),
    Cow<'a, str> => |value| Json::Text(value),
    &'a Cow<'_, str> => |value| Json::Text(Cow::Borrowed(value)),
    &'a RawValue => |value| Json::Raw(value),
    Number<'a> => |value| Json::Raw(value.0),
    Object<'a> => |value| Json::Object(value),
    Vec<Json<'a>> => |value| Json::List(value),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_as_what_they_are() {
        let fields =
            Fields::read(r#" {"a":"x\u00e9","b":"y","n":null,"f":1.50,"w":7,"t":true,"o":{"k":[{}]}}"#)
                .unwrap();
        assert_eq!(fields.text("a").unwrap().unwrap(), "xé");
        assert!(matches!(fields.text("b").unwrap().unwrap(), Cow::Borrowed("y")));
        assert!(fields.raw("n").is_none());
        assert_eq!(fields.number("f").unwrap().unwrap().0.get(), "1.50");
        assert_eq!(fields.whole("w").unwrap(), Some(7));
        assert_eq!(fields.flag("t").unwrap(), Some(true));
        assert_eq!(fields.object("o").unwrap().unwrap().objects("k").unwrap().len(), 1);
        for (wrong, name) in [
            (fields.text("w").map(drop), "w"),
            (fields.whole("f").map(drop), "f"),
            (fields.flag("w").map(drop), "w"),
            (fields.number("t").map(drop), "t"),
            (fields.object("w").map(drop), "w"),
            (fields.list("o").map(drop), "o"),
            (fields.needed_text("n").map(drop), "n"),
        ] {
            assert_eq!(wrong.unwrap_err().name, name);
        }
        for nothing in ["[]", "7", "", "{", "{\"a\":1} x", "[[\"a\",1]]"] {
            assert!(Fields::read(nothing).is_none(), "{nothing}");
        }
    }

    #[test]
    fn a_deep_text_does_not_exhaust_the_stack() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Fields::read(&deep).unwrap().list("a").is_ok());
    }

    #[test]
    fn a_line_is_one_line() {
        let raw: &RawValue = serde_json::from_str("{\r\n\"a\":\n\"\\n\"}").unwrap();
        let mut bytes = b"x\n".to_vec();
        Object::new().with("raw", raw).write_line(&mut bytes);
        assert_eq!(String::from_utf8(bytes).unwrap(), "x\n{\"raw\":{  \"a\": \"\\n\"}}");
    }

    #[test]
    fn what_is_written_keeps_its_order_and_its_texts() {
        let raw: &RawValue = serde_json::from_str("{ \"z\" : 1.0, \"a\":2 }").unwrap();
        let object = Object::new()
            .with("z", "é\"")
            .with("a", vec![Json::Null, 7u64.into(), true.into()])
            .with("raw", raw)
            .with_some("none", None::<u64>)
            .with_any("empty", Vec::new());
        assert_eq!(
            String::from_utf8(object.bytes()).unwrap(),
            "{\"z\":\"é\\\"\",\"a\":[null,7,true],\"raw\":{ \"z\" : 1.0, \"a\":2 }}"
        );
    }
}
