//! Answers as people read them: aligned tables and lists of fields, readable without colour.

use jiff::Timestamp;
use serde_json::Value;

use crate::client::plain;

/// One column of a table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Column {
    title: &'static str,
    /// Names of nested fields, joined with dots.
    path: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Text,
    /// Milliseconds since the epoch.
    Time,
    /// 0 or 1.
    Flag,
}

/// A column of whatever the field holds.
pub(crate) const fn text(title: &'static str, path: &'static str) -> Column {
    Column { title, path, kind: Kind::Text }
}

/// A column of times.
pub(crate) const fn time(title: &'static str, path: &'static str) -> Column {
    Column { title, path, kind: Kind::Time }
}

/// A column of yes and no that travels as a number.
pub(crate) const fn flag(title: &'static str, path: &'static str) -> Column {
    Column { title, path, kind: Kind::Flag }
}

/// The field at a dotted path; an empty path is the value itself.
pub(crate) fn at<'v>(value: &'v Value, path: &str) -> &'v Value {
    path.split('.').filter(|name| !name.is_empty()).fold(value, |value, name| &value[name])
}

/// Aligned columns under their titles.
pub(crate) fn table(rows: &[Value], columns: &[Column]) -> String {
    let mut lines = vec![columns.iter().map(|column| column.title.to_owned()).collect::<Vec<_>>()];
    lines.extend(
        rows.iter().map(|row| columns.iter().map(|column| cell(at(row, column.path), column.kind)).collect()),
    );
    aligned(&lines)
}

/// One field a line, nested ones under dotted names. What only says that the call went well is left out.
pub(crate) fn fields(value: &Value) -> String {
    const ENVELOPE: [&str; 5] = ["requestId", "RequestId", "httpStatusCode", "success", "code"];
    let mut lines = Vec::new();
    collect(String::new(), value, &mut lines);
    lines.retain(|line| !ENVELOPE.contains(&line[0].as_str()));
    aligned(&lines)
}

fn collect(name: String, value: &Value, lines: &mut Vec<Vec<String>>) {
    let inner = |step: &str| if name.is_empty() { step.to_owned() } else { format!("{name}.{step}") };
    match value {
        Value::Object(fields) => {
            for (step, field) in fields {
                collect(inner(step), field, lines);
            }
        }
        Value::Array(items) if items.iter().any(|item| item.is_object() || item.is_array()) => {
            for (position, item) in items.iter().enumerate() {
                collect(inner(&(position + 1).to_string()), item, lines);
            }
        }
        _ => {
            const TIMES: [&str; 4] = ["gmtCreate", "expiresAt", "previousValueExpiresAt", "lastUsedAt"];
            let kind = if TIMES.contains(&last(&name)) { Kind::Time } else { Kind::Text };
            lines.push(vec![name, cell(value, kind)]);
        }
    }
}

/// The last step of a dotted name.
fn last(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or_default()
}

fn cell(value: &Value, kind: Kind) -> String {
    match (value, kind) {
        (Value::Null, _) => "-".to_owned(),
        (Value::Bool(yes), _) => yes_or_no(*yes),
        (Value::Number(number), Kind::Flag) => yes_or_no(number.as_i64() != Some(0)),
        (Value::Number(number), Kind::Time) => moment(number.as_i64().unwrap_or_default()),
        (Value::String(text), _) if text.is_empty() => "-".to_owned(),
        (Value::Array(items), _) if items.is_empty() => "-".to_owned(),
        (Value::Array(items), _) => harmless(&items.iter().map(plain).collect::<Vec<_>>().join(",")),
        _ => harmless(&plain(value)),
    }
}

/// A field's text.
pub(crate) fn shown(value: &Value) -> String {
    cell(value, Kind::Text)
}

fn yes_or_no(yes: bool) -> String {
    if yes { "yes" } else { "no" }.to_owned()
}

fn moment(at_ms: i64) -> String {
    Timestamp::from_millisecond(at_ms)
        .map_or_else(|_| at_ms.to_string(), |time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// Other people chose these texts: none of them may move the cursor, colour the screen or break the line.
pub(crate) fn harmless(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut shown, character| {
        match character.is_control() {
            true => shown.extend(character.escape_default()),
            false => shown.push(character),
        }
        shown
    })
}

/// Pads every column but the last.
pub(crate) fn aligned(lines: &[Vec<String>]) -> String {
    let count = lines.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..count)
        .map(|column| {
            lines.iter().filter_map(|line| line.get(column)).map(|text| width(text)).max().unwrap_or(0)
        })
        .collect();
    let mut shown = String::new();
    for line in lines {
        let mut built = String::new();
        for (text, wanted) in line.iter().zip(&widths) {
            built.push_str(text);
            built.extend(std::iter::repeat_n(' ', wanted - width(text) + 2));
        }
        shown.push_str(built.trim_end());
        shown.push('\n');
    }
    shown
}

/// Terminal cells: two for a Chinese, Japanese or Korean character.
fn width(text: &str) -> usize {
    let wide = |character: char| {
        matches!(u32::from(character), 0x1100..=0x115F | 0x2E80..=0xA4CF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF
            | 0xFE30..=0xFE6F | 0xFF00..=0xFF60 | 0xFFE0..=0xFFE6 | 0x20000..=0x3FFFD)
    };
    text.chars().map(|character| 1 + usize::from(wide(character))).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_line_up_with_wide_characters_and_without_trailing_blanks() {
        let rows = [
            json!({ "id": "llm-1", "name": "研发", "on": 1, "made": 1_795_478_400_000_i64, "pages": ["a", "b"], "deep": { "x": 7 } }),
            json!({ "id": "llm-22", "name": "", "on": 0, "made": null, "pages": [], "deep": { "x": null } }),
        ];
        let columns = [
            text("ID", "id"),
            text("NAME", "name"),
            flag("ON", "on"),
            time("MADE", "made"),
            text("PAGES", "pages"),
            text("X", "deep.x"),
        ];
        let expected = "ID      NAME  ON   MADE                  PAGES  X\n\
                        llm-1   研发  yes  2026-11-24T00:00:00Z  a,b    7\n\
                        llm-22  -     no   -                     -      -\n";
        assert_eq!(table(&rows, &columns), expected);
        assert_eq!(table(&[], &columns[..2]), "ID  NAME\n");
    }

    #[test]
    fn fields_are_flat_and_leave_the_envelope_out() {
        let answer = json!({
            "apiKeyId": "1", "auth": { "type": "Custom", "accessIps": ["10.0.0.0/8"] }, "gmtCreate": 0,
            "routes": [{ "provider": "demo" }], "requestId": "R", "success": true, "code": "Success", "httpStatusCode": 200,
        });
        let expected = "apiKeyId           1\n\
                        auth.accessIps     10.0.0.0/8\n\
                        auth.type          Custom\n\
                        gmtCreate          1970-01-01T00:00:00Z\n\
                        routes.1.provider  demo\n";
        assert_eq!(fields(&answer), expected);
    }

    #[test]
    fn no_value_reaches_the_terminal_as_a_command() {
        let shown =
            table(&[json!({ "a": "x\u{1b}[31m\ny", "b": ["\u{7}"] })], &[text("A", "a"), text("B", "b")]);
        assert_eq!(shown, "A               B\nx\\u{1b}[31m\\ny  \\u{7}\n");
    }
}
