//! Golden conversations: `tests/golden/` holds, for each subject, the request in each client's dialect and the upstream's
//! answer in each of its own, written by hand; and for each pair what the upstream saw and what the client got.
//!
//! `BAILEY_RENEW=1 cargo test -p bailey-gateway --lib golden` writes the pairs anew, to be read before they are committed.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use bailey_domain::model::{Capability, Dialect};

use crate::outbound::path;

use super::{Client, Conversion, Facts, Upstream, answer, error, request};

/// How a request, streaming or not, is taken.
type Taken = fn(&[u8], bool) -> Client;

/// The client's dialects by the names of the files, and how a request of it is taken.
const CLIENTS: [(&str, Taken); 4] = [
    ("openai", |_, _| Client::OpenAi),
    ("responses", |body, _| Client::responses(body)),
    ("dashscope", |body, is_stream| Client::dash_scope(body, false, is_stream)),
    ("anthropic", |_, _| Client::Anthropic),
];

const DIALECTS: [(&str, Dialect); 3] =
    [("openai", Dialect::OpenAi), ("dashscope", Dialect::DashScope), ("anthropic", Dialect::Anthropic)];

const FACTS: Facts<'_> = Facts {
    request_id: "0b1c",
    created: 1_767_225_600,
    model: "our-model",
    tells_usage: true,
    is_base64: false,
};

fn read(path: &Path) -> Option<Vec<u8>> {
    fs::read(path).ok()
}

/// Indents JSON and keeps its order and its texts, which going through values would not.
fn indented(json: &[u8]) -> String {
    let (mut out, mut depth, mut in_text, mut is_escaped) = (String::new(), 0, false, false);
    let text = str::from_utf8(json).expect("JSON is UTF-8");
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.push_str(&"  ".repeat(depth));
    };
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        if in_text {
            out.push(letter);
            in_text = is_escaped || letter != '"';
            is_escaped = letter == '\\' && !is_escaped;
            continue;
        }
        match letter {
            '"' => {
                in_text = true;
                out.push(letter);
            }
            '{' | '[' if matches!(letters.peek(), Some('}' | ']')) => {
                out.push(letter);
                out.extend(letters.next());
            }
            '{' | '[' => {
                depth += 1;
                out.push(letter);
                line(&mut out, depth);
            }
            '}' | ']' => {
                depth -= 1;
                line(&mut out, depth);
                out.push(letter);
            }
            ',' => {
                out.push(letter);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            blank if blank.is_ascii_whitespace() => {}
            _ => out.push(letter),
        }
    }
    out
}

fn section(page: &mut String, title: &str, kind: &str, text: &str) {
    let _ = write!(page, "\n## {title}\n\n```{kind}\n{}\n```\n", text.trim_end());
}

/// The same request with `"stream": true`, as the dialects say it in the body.
fn streamed(body: &[u8]) -> Vec<u8> {
    let text = str::from_utf8(body).expect("UTF-8").trim_start();
    format!("{{\"stream\":true,{}", text.strip_prefix('{').expect("an object")).into_bytes()
}

/// What a pair of a subject does.
fn page(subject: &Path, from: usize, to: usize) -> Option<String> {
    let ((client, make), (upstream, dialect)) = (CLIENTS[from], DIALECTS[to]);
    let body = read(&subject.join(format!("request.{client}.json")))?;
    let name = subject.file_name().and_then(|name| name.to_str()).expect("a name");
    let mut page = format!("# {name}: {client} to {upstream}\n");
    let place = Upstream { dialect, model: "their-model", max_output_tokens: Some(8192) };
    for is_stream in [false, true] {
        let body = if is_stream && client != "dashscope" { streamed(&body) } else { body.clone() };
        let client = make(&body, is_stream);
        let title = if is_stream { "The upstream sees, streaming" } else { "The upstream sees" };
        match request(&client, Capability::Chat, &body, &place) {
            Ok(outgoing) => {
                let title =
                    format!("{title}: `{}`", path(dialect, outgoing.operation).expect("the dialect has it"));
                assert_eq!(outgoing.is_stream, is_stream);
                section(&mut page, &title, "json", &indented(&outgoing.body));
            }
            Err(invalid) => {
                section(&mut page, "The client is refused", "text", &format!("{invalid:?}"));
                return Some(page);
            }
        }
        if is_stream {
            if let Some(said) = read(&subject.join(format!("stream.{upstream}.txt"))) {
                let mut conversion = Conversion::new(dialect, client.clone(), FACTS);
                let mut got = Vec::new();
                for event in str::from_utf8(&said).expect("UTF-8").split_inclusive("\n\n") {
                    got.extend(conversion.pass(event.as_bytes()).expect("it is readable"));
                }
                got.extend(conversion.finish().expect("it is complete"));
                assert_eq!(conversion.has_failed(), name == "error");
                section(&mut page, "The client gets events", "text", &String::from_utf8(got).expect("UTF-8"));
                let _ = writeln!(page, "\nMetered: {:?}", conversion.tokens());
            }
        } else if let Some(said) = read(&subject.join(format!("answer.{upstream}.json"))) {
            let (got, tokens) =
                answer(dialect, &client, Capability::Chat, &said, &FACTS).expect("it is readable");
            section(&mut page, "The client gets", "json", &indented(&got));
            let _ = writeln!(page, "\nMetered: {tokens:?}");
        }
        if let Some(said) = read(&subject.join(format!("error.{upstream}.json")))
            && !is_stream
        {
            let fault = error(dialect, 429, &said);
            section(
                &mut page,
                "The client gets the error",
                "json",
                &indented(&fault.body(client.surface(), FACTS.request_id)),
            );
        }
    }
    Some(page)
}

#[test]
fn golden_conversations() {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden"));
    let renew = std::env::var_os("BAILEY_RENEW").is_some();
    let mut pages = 0;
    let mut wrong = Vec::new();
    for subject in fs::read_dir(&folder).expect("the folder is there") {
        let subject = subject.expect("readable").path();
        for (from, (client, _)) in CLIENTS.iter().enumerate() {
            for (to, (upstream, _)) in DIALECTS.iter().enumerate() {
                if client == upstream {
                    continue;
                }
                let Some(page) = page(&subject, from, to) else { continue };
                let path = subject.join(format!("{client}-to-{upstream}.md"));
                pages += 1;
                if renew {
                    fs::write(&path, page).expect("writable");
                } else if fs::read_to_string(&path).ok().as_deref() != Some(&*page) {
                    wrong.push(format!("{}:\n{page}", path.display()));
                }
            }
        }
    }
    assert!(pages >= 75, "only {pages} pairs were found");
    assert!(
        wrong.is_empty(),
        "{} of {pages} golden conversations differ, the first of them now being\n{}\nIf that is meant: BAILEY_RENEW=1 \
         cargo test -p bailey-gateway --lib golden, and read what changed.",
        wrong.len(),
        wrong[0]
    );
}
