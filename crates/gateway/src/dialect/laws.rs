//! What holds of every conversion, for any bytes: laws that the fuzz targets and the tests call alike. They panic when one is
//! broken.

use bailey_domain::model::{Capability, Dialect};
use serde::de::IgnoredAny;

use super::sse::Events;
use super::{Client, Conversion, Facts, Upstream, answer, error, fields_of, request};

const DIALECTS: [Dialect; 3] = [Dialect::OpenAi, Dialect::DashScope, Dialect::Anthropic];

const FACTS: Facts<'_> =
    Facts { request_id: "r", created: 1, model: "our", tells_usage: true, is_base64: true };

fn clients(body: &[u8]) -> [Client; 6] {
    [
        Client::OpenAi,
        Client::responses(body),
        Client::dash_scope(body, false, true),
        Client::dash_scope(body, true, false),
        Client::dash_scope(b"{\"parameters\":{\"incremental_output\":true,\"tools\":[]}}", false, true),
        Client::Anthropic,
    ]
}

/// A body as a request, an answer and an error: it is refused, or what comes out is JSON that names the right model.
pub(crate) fn bodies(body: &[u8]) {
    for client in clients(body) {
        for dialect in DIALECTS {
            for does in [Capability::Chat, Capability::Embedding] {
                let upstream = Upstream { dialect, model: "their", max_output_tokens: None };
                match request(&client, does, body, &upstream) {
                    Err(invalid) => assert!(!invalid.message.is_empty()),
                    Ok(outgoing) => {
                        assert_valid(&outgoing.body);
                        let sent = fields_of(&outgoing.body).expect("a request is an object");
                        assert_eq!(sent.text("model").ok().flatten().as_deref(), Some("their"));
                    }
                }
                if let Ok((given, _)) = answer(dialect, &client, does, body, &FACTS) {
                    assert_valid(&given);
                }
            }
            let fault = error(dialect, 418, body);
            assert_eq!(fault.status, 418);
            let said = fault.body(client.surface(), "r");
            assert_valid(&said);
            let said = fields_of(&said).expect("an error is an object");
            assert_eq!(said.text("request_id").ok().flatten().as_deref(), Some("r"));
        }
    }
}

/// A stream, whole and cut into pieces of a length: both are unreadable, or both say the same, in whole events of JSON.
pub(crate) fn streams(stream: &[u8], length: usize) {
    for client in clients(b"{}") {
        for from in DIALECTS {
            let whole = passed(from, &client, [stream].into_iter());
            let cut = passed(from, &client, stream.chunks(length.max(1)));
            assert_eq!(whole.as_ref().map(|(_, used)| used), cut.as_ref().map(|(_, used)| used));
            // Everything so far is said as often as pieces come.
            if !matches!(&client, Client::DashScope(shape) if !shape.is_incremental) {
                assert_eq!(whole, cut);
            }
            for (events, _) in [whole, cut].into_iter().flatten() {
                well_formed(&events);
            }
        }
    }
}

type Passed = Option<(Vec<u8>, Option<(u64, u64)>)>;

fn passed<'a>(from: Dialect, client: &Client, pieces: impl Iterator<Item = &'a [u8]>) -> Passed {
    let mut conversion = Conversion::new(from, client.clone(), FACTS);
    let mut all = Vec::new();
    for piece in pieces {
        all.extend_from_slice(&conversion.pass(piece).ok()?);
    }
    all.extend_from_slice(&conversion.finish().ok()?);
    Some((all, conversion.tokens().map(|tokens| (tokens.input, tokens.output))))
}

fn well_formed(events: &[u8]) {
    assert!(events.is_empty() || events.ends_with(b"\n\n"));
    let mut reader = Events::default();
    let Ok(read) = reader.pass(events) else { return };
    assert_eq!(reader.finish(), None, "the last event has ended");
    for event in read.iter().filter(|event| event.data != b"[DONE]") {
        assert_valid(&event.data);
    }
}

/// Whether this is one JSON object. Values pass as their own text, however deep, so this reads without building any.
fn assert_valid(json: &[u8]) {
    let parsed = serde_json::from_slice::<IgnoredAny>(json);
    assert!(json.starts_with(b"{") && parsed.is_ok(), "{}: {parsed:?}", String::from_utf8_lossy(json));
}
