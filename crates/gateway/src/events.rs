//! Server-sent events on their way through: whole events pass as they come, usage is read, and the usage event that the
//! gateway asked for and the client did not is kept back.

use std::ops::Range;

use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use serde::de::IgnoredAny;

use crate::tokens::{Report, Tokens, last_report};

/// An event that is longer passes in pieces: it is no usage event, and the gateway does not collect it.
const LONGEST_HELD: usize = 256 * 1024;

/// The state of one stream of events.
#[derive(Debug, Default)]
pub(crate) struct Events {
    /// The begin of an event whose end has not come.
    held: BytesMut,
    keeps_usage_back: bool,
    /// Whether the last byte that passed is inside an event.
    inside: bool,
    told: Option<Report>,
}

/// The place behind the last blank line.
fn last_end(bytes: &[u8]) -> Option<usize> {
    let plain = memchr::memmem::rfind(bytes, b"\n\n").map(|at| at + 2);
    let windows = memchr::memmem::rfind(bytes, b"\n\r\n").map(|at| at + 3);
    plain.max(windows)
}

/// The place behind the first blank line.
fn first_end(bytes: &[u8]) -> usize {
    let plain = memchr::memmem::find(bytes, b"\n\n").map_or(bytes.len(), |at| at + 2);
    memchr::memmem::find(&bytes[..plain], b"\n\r\n").map_or(plain, |at| at + 3)
}

#[derive(Deserialize)]
struct Chunk {
    #[serde(default)]
    choices: Vec<IgnoredAny>,
}

/// Whether an event tells usage and nothing else.
fn is_usage_only(event: &[u8]) -> bool {
    let data = event.split(|byte| *byte == b'\n').find_map(|line| line.strip_prefix(b"data:"));
    data.and_then(|data| serde_json::from_slice::<Chunk>(data).ok())
        .is_some_and(|chunk| chunk.choices.is_empty())
}

impl Events {
    /// `keeps_usage_back`: the client did not ask for the usage event.
    pub(crate) fn new(keeps_usage_back: bool) -> Self {
        Self { keeps_usage_back, ..Self::default() }
    }

    /// The usage that events told, later ones over earlier ones.
    pub(crate) fn tokens(&self) -> Option<Tokens> {
        self.told.map(Report::tokens)
    }

    /// Whether what passed so far ends inside an event, so that another event must not follow directly.
    pub(crate) fn is_inside(&self) -> bool {
        self.inside
    }

    /// Takes what came and gives what may pass; empty when that is nothing yet.
    pub(crate) fn pass(&mut self, mut came: Bytes) -> Bytes {
        if !self.held.is_empty() {
            self.held.extend_from_slice(&came);
            came = self.held.split().freeze();
        }
        let Some(end) = last_end(&came) else {
            if came.len() > LONGEST_HELD || self.inside {
                self.inside = true;
                return came;
            }
            self.held.extend_from_slice(&came);
            return Bytes::new();
        };
        let whole = came.split_to(end);
        self.held.extend_from_slice(&came);
        self.inside = false;
        self.read(whole)
    }

    /// What is left when the stream has ended.
    pub(crate) fn finish(&mut self) -> Bytes {
        let rest = self.held.split().freeze();
        self.read(rest)
    }

    /// Reads usage out of whole events and gives them on, but for the one that is kept back.
    fn read(&mut self, events: Bytes) -> Bytes {
        if memchr::memmem::find(&events, b"\"usage\"").is_none() {
            return events;
        }
        let mut back: Option<Range<usize>> = None;
        let mut at = 0;
        while at < events.len() {
            let event = at..at + first_end(&events[at..]);
            at = event.end;
            if let Some(report) = last_report(&events[event.clone()]) {
                self.told = Some(self.told.unwrap_or_default().then(report));
                if self.keeps_usage_back && is_usage_only(&events[event.clone()]) {
                    back = Some(event);
                }
            }
        }
        let Some(back) = back else { return events };
        if back.start == 0 {
            return events.slice(back.end..);
        }
        if back.end == events.len() {
            return events.slice(..back.start);
        }
        [&events[..back.start], &events[back.end..]].concat().into()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TEXT: &str =
        "data: {\"choices\":[{\"delta\":{\"content\":\"a \\\"usage\\\" \"}}],\"usage\":null}\n\n";
    const USAGE: &str = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4}}\n\n";
    const DONE: &str = "data: [DONE]\n\n";

    fn through(events: &mut Events, pieces: &[&[u8]]) -> String {
        let mut passed = Vec::new();
        for piece in pieces {
            passed.extend_from_slice(&events.pass(Bytes::copy_from_slice(piece)));
        }
        passed.extend_from_slice(&events.finish());
        String::from_utf8(passed).unwrap()
    }

    #[test]
    fn whole_events_pass_without_a_copy() {
        let mut events = Events::new(true);
        let came = Bytes::from(format!("{TEXT}{TEXT}"));
        let passed = events.pass(came.clone());
        assert_eq!(passed.as_ptr(), came.as_ptr());
        assert_eq!(passed.len(), came.len());
    }

    #[test]
    fn the_usage_event_is_read_and_kept_back_when_not_asked_for() {
        let whole = format!("{TEXT}{USAGE}{DONE}");
        let mut events = Events::new(true);
        assert_eq!(through(&mut events, &[whole.as_bytes()]), format!("{TEXT}{DONE}"));
        assert_eq!(events.tokens(), Some(Tokens { input: 3, output: 4 }));
        let mut events = Events::new(false);
        assert_eq!(through(&mut events, &[whole.as_bytes()]), whole);
        assert_eq!(events.tokens(), Some(Tokens { input: 3, output: 4 }));
        // Usage beside text (some upstreams send it so) is the client's too.
        let beside = "data: {\"choices\":[{}],\"usage\":{\"prompt_tokens\":1}}\r\n\r\n";
        let mut events = Events::new(true);
        assert_eq!(through(&mut events, &[beside.as_bytes(), USAGE.trim_end().as_bytes()]), beside);
        assert_eq!(events.tokens(), Some(Tokens { input: 3, output: 4 }));
    }

    #[test]
    fn usage_that_comes_in_two_events_is_added_up() {
        let whole = "event: message_start\ndata: {\"message\":{\"usage\":{\"input_tokens\":5,\"output_tokens\":1}}}\n\n\
                     event: message_delta\ndata: {\"usage\":{\"output_tokens\":9}}\n\n";
        let mut events = Events::new(false);
        assert_eq!(through(&mut events, &[whole.as_bytes()]), whole);
        assert_eq!(events.tokens(), Some(Tokens { input: 5, output: 9 }));
    }

    #[test]
    fn an_event_without_end_is_not_collected() {
        let mut events = Events::new(true);
        let piece = vec![b'x'; 64 * 1024];
        let mut passed = 0;
        for _ in 0..64 {
            passed += events.pass(Bytes::copy_from_slice(&piece)).len();
            assert!(events.held.len() <= LONGEST_HELD);
        }
        assert!(events.is_inside());
        assert!(passed + events.held.len() == 64 * piece.len());
        assert_eq!(events.pass(Bytes::from_static(b"\n\n")).len(), 2 + 64 * piece.len() - passed);
        assert!(!events.is_inside());
    }

    proptest! {
        /// However a stream is cut into pieces, the same bytes pass and the same usage is read.
        #[test]
        fn pieces_do_not_matter(cuts in prop::collection::vec(0usize..400, 0..6), back in any::<bool>(), windows in any::<bool>()) {
            let mut whole = format!(": comment\n\n{TEXT}event: x\n{TEXT}{USAGE}{DONE}");
            let mut expected = if back { whole.replace(USAGE, "") } else { whole.clone() };
            if windows {
                whole = whole.replace('\n', "\r\n");
                expected = expected.replace('\n', "\r\n");
            }
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(whole.len())).chain([0, whole.len()]).collect();
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|ends| &whole.as_bytes()[ends[0]..ends[1]]).collect();
            let mut events = Events::new(back);
            prop_assert_eq!(through(&mut events, &pieces), expected);
            prop_assert_eq!(events.tokens(), Some(Tokens { input: 3, output: 4 }));
        }

        /// Any bytes pass, none are lost or made up when nothing is kept back.
        #[test]
        fn any_bytes_pass(pieces in prop::collection::vec(prop::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(b'\r')], 0..80), 0..8)) {
            let mut events = Events::new(false);
            let mut passed = Vec::new();
            for piece in &pieces {
                passed.extend_from_slice(&events.pass(Bytes::copy_from_slice(piece)));
            }
            passed.extend_from_slice(&events.finish());
            prop_assert_eq!(passed, pieces.concat());
        }
    }
}
