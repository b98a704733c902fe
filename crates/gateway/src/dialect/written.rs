//! JSON as conversions need it, written: fields in the order in which they are said, values that pass as their own text.

use std::borrow::Cow;

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::value::RawValue;

use super::json::Number;

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
