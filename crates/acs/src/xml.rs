//! Answers as XML. The same fields as in JSON: an object's fields are elements, a list is its element repeated.
//!
//! Clients of `Format=XML` read `<Users><User>…</User><User>…</User></Users>` where JSON has `{"Users":{"User":[…]}}`.

use std::borrow::Cow;

use serde_json::Value;

/// The content type, to the letter: a client takes no other spelling for XML.
pub const CONTENT_TYPE: &str = "text/xml;charset=utf-8";

/// Stands for characters that XML cannot hold, not even as a reference.
const REPLACEMENT: &str = "\u{FFFD}";

/// A document of this root element and these fields.
#[must_use]
pub fn document(root: &str, fields: &Value) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
    match fields {
        // There is one root.
        Value::Array(_) => element(&mut text, root, |text| write(text, "Item", fields)),
        other => write(&mut text, root, other),
    }
    text
}

fn write(text: &mut String, name: &str, value: &Value) {
    match value {
        Value::Array(items) => {
            for item in items {
                match item {
                    Value::Array(_) => element(text, name, |text| write(text, "Item", item)),
                    other => write(text, name, other),
                }
            }
        }
        Value::Object(fields) => element(text, name, |text| {
            for (name, value) in fields {
                write(text, name, value);
            }
        }),
        Value::String(value) => element(text, name, |text| escape(text, value)),
        Value::Null => element(text, name, |_| ()),
        Value::Bool(_) | Value::Number(_) => element(text, name, |text| text.push_str(&value.to_string())),
    }
}

fn element(text: &mut String, name: &str, content: impl FnOnce(&mut String)) {
    let name = element_name(name);
    text.push('<');
    text.push_str(&name);
    text.push('>');
    content(text);
    text.push_str("</");
    text.push_str(&name);
    text.push('>');
}

/// A name that XML accepts. Ours all are; a free key such as `acs:SourceIp` gets `_` for what is not. No colon, which would
/// announce a namespace.
fn element_name(name: &str) -> Cow<'_, str> {
    let begins = |byte: u8| byte.is_ascii_alphabetic() || byte == b'_';
    let continues = |byte: u8| begins(byte) || byte.is_ascii_digit() || byte == b'-' || byte == b'.';
    if name.bytes().next().is_some_and(begins) && name.bytes().all(continues) {
        return Cow::Borrowed(name);
    }
    let kept = name.chars().map(|character| match u8::try_from(character) {
        Ok(byte) if continues(byte) => character,
        _ => '_',
    });
    Cow::Owned(std::iter::once('_').chain(kept).collect())
}

/// Escapes text. A carriage return is written as a reference, because a reader would turn it into a line feed.
fn escape(text: &mut String, value: &str) {
    for character in value.chars() {
        match character {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\'' => text.push_str("&apos;"),
            '\r' => text.push_str("&#13;"),
            '\t' | '\n' => text.push(character),
            '\0'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}' => text.push_str(REPLACEMENT),
            other => text.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[track_caller]
    fn written(fields: &Value, expected: &str) {
        let document = document("R", fields);
        assert_eq!(document.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>"), Some(expected));
    }

    #[test]
    fn lists_repeat_their_element() {
        written(
            &json!({"Users": {"User": [{"UserName": "a"}, {"UserName": "b"}]}, "IsTruncated": false}),
            "<R><IsTruncated>false</IsTruncated><Users><User><UserName>a</UserName></User><User><UserName>b</UserName></User></Users></R>",
        );
        written(&json!({"Users": {"User": []}}), "<R><Users></Users></R>");
        written(&json!({"Flat": ["a", 1, null]}), "<R><Flat>a</Flat><Flat>1</Flat><Flat></Flat></R>");
        written(&json!({"L": [[1], []]}), "<R><L><Item>1</Item></L><L></L></R>");
        written(&json!([1, 2]), "<R><Item>1</Item><Item>2</Item></R>");
    }

    #[test]
    fn text_is_escaped() {
        written(&json!({"T": "<a b='1'>&\"]]>"}), "<R><T>&lt;a b=&apos;1&apos;&gt;&amp;&quot;]]&gt;</T></R>");
        written(&json!({"T": "a\r\n\tb\u{85}研🙂"}), "<R><T>a&#13;\n\tb\u{85}研🙂</T></R>");
        written(&json!({"T": "\0\u{1b}\u{ffff}x"}), "<R><T>\u{fffd}\u{fffd}\u{fffd}x</T></R>");
    }

    #[test]
    fn names_are_names() {
        written(&json!({"acs:SourceIp": 1}), "<R><_acs_SourceIp>1</_acs_SourceIp></R>");
        written(&json!({"": 1, "1é<": 2}), "<R><_>1</_><_1__>2</_1__></R>");
    }
}
