//! One function for each fuzz target of the wire: bytes in, a panic when a law is broken. The tests of bailey-acs include this
//! file and call the same functions.

use std::collections::BTreeSet;

use bailey_acs::parameters::{Parameters, Sources};
use bailey_acs::xml;
use serde_json::Value;

use crate::signer::{Client, Wire, parameters, quote, same_when_decoded};
use crate::well_formed::check_well_formed;

/// Parameters that make a request carry a second credential.
const CREDENTIAL: [&str; 3] = ["AccessKeyId", "Signature", "SecurityToken"];

/// Up to four texts, parted by lines of `--`; those that are not there are empty.
fn parts(data: &[u8]) -> Option<[&str; 4]> {
    let mut texts = std::str::from_utf8(data).ok()?.splitn(4, "\n--\n");
    Some([(); 4].map(|()| texts.next().unwrap_or_default()))
}

/// Names and values as a program has them before they are encoded.
fn pairs(text: &str) -> Vec<(String, String)> {
    let pairs = text.split('&').filter(|pair| !pair.is_empty());
    let split = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    split.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

fn distinct<'a>(pairs: impl IntoIterator<Item = &'a (String, String)>) -> bool {
    let mut names = BTreeSet::new();
    pairs.into_iter().all(|(name, _)| names.insert(name))
}

/// Whether an HTTP library would hand these on.
fn arrives(path: &str, query: &str) -> bool {
    path.starts_with('/') && format!("{path}?{query}").parse::<http::uri::PathAndQuery>().is_ok()
}

/// A path, parameters, a body, and another path and query: what a client signs of the first is accepted, and nothing else
/// under the same signature unless it means the same.
pub fn acs3(data: &[u8]) {
    let Some([path, query, body, other]) = parts(data) else { return };
    let (path, given) = (format!("/{}", quote(path, "-_.~/")), pairs(query));
    for client in [Client::Python, Client::TypeScript] {
        let wire = Wire::signed(client, &path, &given, body.as_bytes());
        let plain = !given.iter().any(|(name, _)| CREDENTIAL.contains(&name.as_str()))
            && !CREDENTIAL.iter().any(|name| holds(body, name));
        let checked = wire.check();
        assert!(checked.is_ok() || !plain || !distinct(&given), "{wire:?}: {checked:?}");

        let (path, query) = other.split_once('?').unwrap_or((other, ""));
        if !arrives(path, query) || checked.is_err() {
            return;
        }
        let mut sent = wire.clone();
        (sent.path, sent.query) = (path.to_owned(), query.to_owned());
        let same = same_when_decoded(path, &wire.path) && parameters(query) == parameters(&wire.query);
        assert!(sent.check().is_err() || same, "{wire:?} let {sent:?} in");
    }
}

/// Whether a JSON body has a member of this name.
fn holds(body: &str, name: &str) -> bool {
    serde_json::from_str::<Value>(body).is_ok_and(|body| body.get(name).is_some())
}

/// A query, a form, and another query and form: the same law for signatures in parameters.
pub fn v1(data: &[u8]) {
    let Some([query, form, other_query, other_form]) = parts(data) else { return };
    let (query, form) = (pairs(query), pairs(form));
    let method = if form.is_empty() { "GET" } else { "POST" };
    let wire = Wire::signed_v1(method, &query, &form, None);
    let sent = |wire: &Wire| {
        let body = std::str::from_utf8(&wire.body).expect("it is encoded");
        let mut sent = [parameters(&wire.query), parameters(body)].concat();
        sent.sort();
        sent
    };
    let named = sent(&wire);
    let once = named.windows(2).all(|pair| pair[0].0 != pair[1].0);
    let checked = wire.check();
    assert!(checked.is_ok() || !once, "{wire:?}: {checked:?}");
    if checked.is_err() || !arrives("/", other_query) {
        return;
    }
    // As it is, as the whole, and beside what was signed.
    for (query, form) in [
        (other_query.to_owned(), other_form.to_owned()),
        (format!("{}&{other_query}", wire.query), other_form.to_owned()),
    ] {
        let mut changed = wire.clone();
        (changed.query, changed.body) = (query, form.into_bytes());
        assert!(changed.check().is_err() || sent(&changed) == named, "{wire:?} let {changed:?} in");
    }
}

/// A query, a body and its type: parameters are read as a simple decoder reads them, or refused.
pub fn form(data: &[u8]) {
    let Some([query, body, content_type, path]) = parts(data) else { return };
    let content_type =
        if content_type.is_empty() { "application/x-www-form-urlencoded" } else { content_type };
    let sources = Sources {
        query: Some(query),
        content_type: Some(content_type.as_bytes()),
        body: body.as_bytes(),
        path: &[("id", path)],
    };
    let looked_ahead = sources.first_text("Format");
    let Ok(collected) = Parameters::collect(sources) else { return };
    if let Ok(Some(format)) = collected.text("Format")
        && query.contains("Format")
    {
        assert_eq!(looked_ahead.as_deref(), Some(format.as_str()));
    }
    let names: BTreeSet<String> = collected.names().map(str::to_owned).collect();
    for (name, value) in parameters(query) {
        let (name, value) = (String::from_utf8(name), String::from_utf8(value));
        let (Ok(name), Ok(value)) = (name, value) else { panic!("{query:?} is no text and was taken") };
        let first = name.split('.').next().unwrap_or_default();
        assert!(names.contains(first), "{name:?} of {query:?} is not there");
        if first == name && !value.contains(['\t', '\n', '\r']) {
            assert_eq!(collected.text(&name).ok().flatten(), Some(value));
        }
    }
    for name in &names {
        let read = (collected.text(name), collected.texts(name), collected.object(name).is_ok());
        assert!(collected.json(name).is_some(), "{read:?}");
    }
    // Whatever was read may end; a name nobody asked for may not.
    let unread = Parameters::collect(sources).expect("it was taken before");
    assert!(unread.finish().is_err(), "the path's own was not asked for");
}

/// JSON, or a text for one field: the answer is well-formed XML.
pub fn xml(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let fields = serde_json::from_slice(data).unwrap_or_else(|_| Value::from(text.clone()));
    for (root, fields) in [("CreateUserResponse", &fields), (&*text, &Value::Null)] {
        let document = xml::document(root, fields);
        assert_eq!(check_well_formed(&document), Ok(()), "{document}");
    }
}
