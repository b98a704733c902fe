//! Server-sent events out of any pieces of bytes.

use std::mem;

/// A longer event is no answer of a model.
const LONGEST: usize = 1024 * 1024;

/// An event that is longer than an event may be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;

/// One event.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Event {
    /// Its name; empty when it has none.
    pub(super) name: Vec<u8>,
    /// Its data, lines parted by line feeds.
    pub(super) data: Vec<u8>,
    /// DashScope's `:HTTP_STATUS/429`.
    pub(super) status: Option<u16>,
    has_data: bool,
}

/// The state between two pieces.
#[derive(Debug, Default)]
pub(super) struct Events {
    line: Vec<u8>,
    event: Event,
    has_begun: bool,
}

impl Events {
    /// Takes what came and gives the events that ended.
    pub(super) fn pass(&mut self, mut came: &[u8]) -> Result<Vec<Event>, TooLong> {
        let mut events = Vec::new();
        while let Some(end) = memchr::memchr(b'\n', came) {
            let (line, rest) = (&came[..end], &came[end + 1..]);
            came = rest;
            if self.line.is_empty() {
                self.fits(line.len())?;
                self.take(line, &mut events);
            } else {
                self.fits(self.line.len() + line.len())?;
                self.line.extend_from_slice(line);
                let mut line = mem::take(&mut self.line);
                self.take(&line, &mut events);
                line.clear();
                self.line = line;
            }
        }
        self.fits(self.line.len() + came.len())?;
        self.line.extend_from_slice(came);
        Ok(events)
    }

    /// The event that the end of the stream ends. Not what the standard says, and what some servers do.
    pub(super) fn finish(&mut self) -> Option<Event> {
        let line = mem::take(&mut self.line);
        let mut events = Vec::new();
        self.take(&line, &mut events);
        self.take(b"", &mut events);
        events.pop()
    }

    fn fits(&self, more: usize) -> Result<(), TooLong> {
        if self.event.data.len() + self.event.name.len() + more > LONGEST { Err(TooLong) } else { Ok(()) }
    }

    fn take(&mut self, line: &[u8], events: &mut Vec<Event>) {
        let mut line = line.strip_suffix(b"\r").unwrap_or(line);
        if !mem::replace(&mut self.has_begun, true) {
            line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
        }
        if line.is_empty() {
            let event = mem::take(&mut self.event);
            if event.has_data {
                events.push(event);
            }
            return;
        }
        let colon = memchr::memchr(b':', line).unwrap_or(line.len());
        let value = line.get(colon + 1..).unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match &line[..colon] {
            b"data" => {
                if mem::replace(&mut self.event.has_data, true) {
                    self.event.data.push(b'\n');
                }
                self.event.data.extend_from_slice(value);
            }
            b"event" => self.event.name = value.to_vec(),
            b"" => {
                let status =
                    value.strip_prefix(b"HTTP_STATUS/").and_then(|status| str::from_utf8(status).ok());
                self.event.status =
                    status.and_then(|status| status.trim().parse().ok()).or(self.event.status);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(pieces: &[&[u8]]) -> Result<Vec<(String, String, Option<u16>)>, TooLong> {
        let mut events = Events::default();
        let mut all = Vec::new();
        for piece in pieces {
            all.extend(events.pass(piece)?);
        }
        all.extend(events.finish());
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        Ok(all.iter().map(|event| (text(&event.name), text(&event.data), event.status)).collect())
    }

    fn event(name: &str, data: &str, status: Option<u16>) -> (String, String, Option<u16>) {
        (name.to_owned(), data.to_owned(), status)
    }

    #[test]
    fn events_are_read_as_servers_write_them() {
        let whole = "\u{feff}data: a\n\n: ping\n\nid:1\nevent:result\n:HTTP_STATUS/200\ndata:{\"b\":1}\r\n\r\n\
                     event: x\n\nretry: 5\ndata:  two\ndata:lines\n\ndata\n\ndata: no end";
        let expected = [
            event("", "a", None),
            event("result", "{\"b\":1}", Some(200)),
            event("", " two\nlines", None),
            event("", "", None),
            event("", "no end", None),
        ];
        assert_eq!(read(&[whole.as_bytes()]).unwrap(), expected);
    }

    #[test]
    fn an_endless_event_is_refused_and_not_kept() {
        let piece = vec![b'x'; 64 * 1024];
        for line in [&b"data:"[..], b"", b":", b"event:"] {
            let mut events = Events::default();
            events.pass(line).unwrap();
            let refused = (0..=16).find(|_| events.pass(&piece).is_err());
            assert!(refused.is_some_and(|pieces| pieces >= 15), "{refused:?}");
        }
        let mut events = Events::default();
        let lines = (0..=16).find(|_| {
            events.pass(b"data:").and_then(|_| events.pass(&piece)).and_then(|_| events.pass(b"\n")).is_err()
        });
        assert!(lines.is_some(), "lines add up");
        // What has ended is forgotten.
        let mut events = Events::default();
        for _ in 0..64 {
            events.pass(b"data:").unwrap();
            events.pass(&piece).unwrap();
            assert_eq!(events.pass(b"\n\n").unwrap().len(), 1);
        }
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(
            whole in "(data: ?[a-z]{0,3}|event:[a-z]|:HTTP_STATUS/4[0-9]{2}|x|)(\r?\n){0,2}(data:[a-zé]{0,9}\n{1,2}){0,5}", cuts in prop::collection::vec(0usize..90, 0..5),
        ) {
            let whole = whole.as_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(whole.len())).chain([0, whole.len()]).collect();
            cuts.sort_unstable();
            let pieces: Vec<&[u8]> = cuts.windows(2).map(|ends| &whole[ends[0]..ends[1]]).collect();
            prop_assert_eq!(read(&pieces), read(&[whole]));
        }

        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&[&bytes]);
        }
    }
}
