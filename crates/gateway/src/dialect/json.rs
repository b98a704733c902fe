//! JSON as conversions need it, read: an object one level at a time, its values as they stand in the text.
//!
//! What no dialect interprets (schemas, arguments, numbers) passes as its own text: nothing is reordered or rounded.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

use serde::de::{Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

pub(super) use super::written::{Json, Object};

/// Most fields of an object that a dialect knows, and most things in its arrays: what is read of a body stays a small multiple of it.
const MOST_FIELDS: usize = 1024;
const MOST_ITEMS: usize = 16_384;

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

/// The fields of an object. `null` is as good as nothing, and of a name that comes twice the last counts.
#[derive(Debug)]
pub(super) struct Fields<'a>(BTreeMap<String, &'a RawValue>);

impl<'a> Fields<'a> {
    /// Reads an object; `None` when the text is something else.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        serde_json::from_str(text).ok()
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
            Some(raw) => list(raw)
                .ok_or_else(|| Wrong::new(name, format!("must be an array, of at most {MOST_ITEMS} things"))),
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
    serde_json::from_str::<List<'_>>(raw.get()).ok().map(|list| list.0)
}

struct List<'a>(Vec<&'a RawValue>);

impl<'de> Deserialize<'de> for List<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items;
        impl<'de> Visitor<'de> for Items {
            type Value = List<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<List<'de>, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    if list.len() == MOST_ITEMS {
                        return Err(A::Error::custom("too many things"));
                    }
                    list.push(item);
                }
                Ok(List(list))
            }
        }
        deserializer.deserialize_seq(Items)
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Named;
        impl<'de> Visitor<'de> for Named {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = BTreeMap::new();
                while let Some((name, value)) = entries.next_entry()? {
                    if fields.len() == MOST_FIELDS {
                        return Err(A::Error::custom("too many fields"));
                    }
                    fields.insert(name, value);
                }
                Ok(Fields(fields))
            }
        }
        deserializer.deserialize_map(Named)
    }
}

/// Whether a text is one JSON object, and if so, as a value.
pub(super) fn object_text(text: &str) -> Option<&RawValue> {
    let raw: &RawValue = serde_json::from_str(text).ok()?;
    raw.get().starts_with('{').then_some(raw)
}

/// A number as it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Number<'a>(pub(super) &'a RawValue);

impl Number<'_> {
    /// The number, nearly.
    pub(super) fn value(self) -> f64 {
        self.0.get().parse().unwrap_or(f64::NAN)
    }
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
    fn what_is_read_of_a_text_is_bounded() {
        let list = |things: usize| format!("{{\"a\":[{}1]}}", "1,".repeat(things - 1));
        assert_eq!(Fields::read(&list(MOST_ITEMS)).unwrap().list("a").unwrap().len(), MOST_ITEMS);
        assert!(Fields::read(&list(MOST_ITEMS + 1)).unwrap().list("a").is_err());
        let object = |fields: usize| {
            let fields: Vec<String> = (0..fields).map(|number| format!("\"{number}\":1")).collect();
            format!("{{{}}}", fields.join(","))
        };
        assert!(Fields::read(&object(MOST_FIELDS)).is_some());
        assert!(Fields::read(&object(MOST_FIELDS + 1)).is_none());
    }

    #[test]
    fn a_deep_text_does_not_exhaust_the_stack() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert!(Fields::read(&deep).unwrap().list("a").is_ok());
    }
}
