//! Reads a list of users: JSON as the API takes it, or CSV as a spreadsheet saves it.

use serde_json::{Value, json};

use crate::client::Failure;

/// The `users` of AddUsers.
pub(crate) fn parse(text: &str) -> Result<Vec<Value>, Failure> {
    let text = text.trim_start_matches('\u{feff}').trim();
    if !text.starts_with(['[', '{']) {
        return from_csv(text);
    }
    let parsed: Value = serde_json::from_str(text)
        .map_err(|error| Failure::usage(format!("the file is no JSON: {error}")))?;
    match parsed {
        Value::Array(users) => Ok(users),
        Value::Object(mut whole) => match whole.remove("users") {
            Some(Value::Array(users)) if whole.is_empty() => Ok(users),
            _ => Err(Failure::usage(
                "the file must hold a list of users, or an object with the one field `users`",
            )),
        },
        _ => Err(Failure::usage("the file must hold a list of users")),
    }
}

fn from_csv(text: &str) -> Result<Vec<Value>, Failure> {
    let mut rows = rows(text)?.into_iter();
    let (_, header) = rows.next().unwrap_or_default();
    if !header.iter().any(|name| name == "userName") {
        return Err(Failure::usage(
            "the first line of the file must name its columns: userName, displayName, workspaces",
        ));
    }
    rows.map(|(line, cells)| {
        if cells.len() > header.len() {
            return Err(Failure::usage(format!(
                "line {line} has {} cells under {} columns",
                cells.len(),
                header.len()
            )));
        }
        let mut user = json!({});
        for (name, cell) in header.iter().zip(&cells).filter(|(_, cell)| !cell.is_empty()) {
            match name.as_str() {
                "userName" | "displayName" => user[name] = json!(cell),
                "workspaces" => user[name] = seats(cell),
                _ => {
                    return Err(Failure::usage(format!(
                        "no column is named `{name}`; there are userName, displayName and workspaces"
                    )));
                }
            }
        }
        Ok(user)
    })
    .collect()
}

/// `llm-ID=page|page;llm-ID`: page names hold colons, so those cannot separate.
fn seats(cell: &str) -> Value {
    let seat = |text: &str| {
        let (workspace, pages) = text.split_once('=').unwrap_or((text, ""));
        let pages: Vec<_> = pages.split('|').map(str::trim).filter(|page| !page.is_empty()).collect();
        json!({ "workspaceId": workspace.trim(), "pages": pages })
    };
    cell.split(';').map(str::trim).filter(|text| !text.is_empty()).map(seat).collect()
}

/// Lines with their numbers, empty ones left out. A cell in quotes may hold commas, and `""` for one quote (RFC 4180).
fn rows(text: &str) -> Result<Vec<(usize, Vec<String>)>, Failure> {
    let mut found = Vec::new();
    for (position, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let (mut cells, mut quoted) = (vec![String::new()], false);
        let mut characters = line.chars().peekable();
        while let Some(character) = characters.next() {
            let last = cells.last_mut().expect("it starts with one cell");
            match character {
                '"' if quoted && characters.next_if_eq(&'"').is_some() => last.push('"'),
                '"' => quoted = !quoted,
                ',' if !quoted => cells.push(String::new()),
                other => last.push(other),
            }
        }
        if quoted {
            return Err(Failure::usage(format!("line {} opens a quote and does not close it", position + 1)));
        }
        found.push((position + 1, cells.iter().map(|cell| cell.trim().to_owned()).collect()));
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spreadsheet_is_read() {
        let text = "\u{feff}userName,displayName,workspaces\r\nalice,\"Liddell, \"\"Alice\"\"\",llm-1=api-key|knowledge-base:create;llm-2\r\n\r\nbob\r\n";
        let expected = json!([
            { "userName": "alice", "displayName": "Liddell, \"Alice\"", "workspaces": [
                { "workspaceId": "llm-1", "pages": ["api-key", "knowledge-base:create"] }, { "workspaceId": "llm-2", "pages": [] },
            ] },
            { "userName": "bob" },
        ]);
        assert_eq!(json!(parse(text).unwrap()), expected);
    }

    #[test]
    fn json_is_passed_on() {
        assert_eq!(parse(r#"[{"userName":"alice"}]"#).unwrap(), [json!({ "userName": "alice" })]);
        assert_eq!(parse(r#"{"users":[{"userName":"bob"}]}"#).unwrap(), [json!({ "userName": "bob" })]);
    }

    #[test]
    fn what_cannot_be_read_names_the_place() {
        let cases = [
            ("", "name its columns"),
            ("alice,bob", "name its columns"),
            ("userName,role\na,b", "`role`"),
            ("userName\na,b", "line 2"),
            ("userName\n\"a", "line 2"),
            ("{", "no JSON"),
            (r#"{"users":1}"#, "`users`"),
            (r#"{"users":[],"x":1}"#, "`users`"),
        ];
        for (text, expected) in cases {
            let message = parse(text).unwrap_err().message;
            assert!(message.contains(expected), "{text:?}: {message}");
        }
    }
}
