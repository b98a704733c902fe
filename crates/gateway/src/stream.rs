//! The body of an answer that is passed on while it arrives, and cut when the call's right ends.

use std::fmt;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use bailey_domain::Reason;
use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame};
use tokio::time::Sleep;

use crate::demo::Script;
use crate::dialect::{Conversion, Unreadable};
use crate::events::Events;
use crate::meter::Meter;
use crate::outbound::Answering;
use crate::surface::fault_of;
use crate::tokens::last_usage;

/// The client's connection ends here: a whole answer broke off or was cut, and nothing that is sent now could say so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamError(Reason);

impl fmt::Display for StreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the answer broke off: {}", self.0.name())
    }
}

impl std::error::Error for StreamError {}

/// A streamed body.
#[derive(Debug)]
pub struct Stream(Box<Relay>);

impl Stream {
    pub(crate) fn new(source: Source, meter: Meter, idle: Duration) -> Self {
        let deadline = Box::pin(tokio::time::sleep(idle));
        Self(Box::new(Relay { source, meter: Some(meter), idle, deadline, moved: Instant::now() }))
    }
}

/// Where a body comes from, and what is read of it on the way.
#[derive(Debug)]
pub(crate) enum Source {
    /// An upstream's events.
    Events(Answering, Events),
    /// An upstream's events, in another dialect than the client's.
    Converted(Answering, Box<Conversion>),
    /// An upstream's JSON that is too long to be collected.
    Json(Answering, Tail),
    /// The demo provider, in OpenAI's dialect or converted to the client's.
    Demo(Script, Option<Box<Conversion>>),
    /// Nothing more.
    Ended,
}

/// The last bytes of a long JSON answer: its usage stands at the end. What was collected before goes out first.
#[derive(Debug)]
pub(crate) struct Tail {
    first: Bytes,
    last: BytesMut,
}

impl Tail {
    const LENGTH: usize = 4 * 1024;

    pub(crate) fn new(first: Bytes) -> Self {
        let mut tail = Self { first: Bytes::new(), last: BytesMut::with_capacity(2 * Self::LENGTH) };
        tail.see(&first);
        tail.first = first;
        tail
    }

    fn see(&mut self, piece: &[u8]) {
        let piece = &piece[piece.len().saturating_sub(Self::LENGTH)..];
        let keep = Self::LENGTH.saturating_sub(piece.len());
        if self.last.len() > keep {
            let drop = self.last.len() - keep;
            self.last.copy_within(drop.., 0);
            self.last.truncate(keep);
        }
        self.last.extend_from_slice(piece);
    }
}

#[derive(Debug)]
struct Relay {
    source: Source,
    /// Taken when the body ends, which settles the call.
    meter: Option<Meter>,
    idle: Duration,
    deadline: Pin<Box<Sleep>>,
    moved: Instant,
}

type Polled = Poll<Option<Result<Bytes, StreamError>>>;

impl Relay {
    fn poll(&mut self, context: &mut Context<'_>) -> Polled {
        loop {
            let Some(meter) = &mut self.meter else { return Poll::Ready(None) };
            if let Some(reason) = meter.flight().cut_reason() {
                meter.cut(reason);
                return Poll::Ready(self.end_with(reason));
            }
            let polled = match &mut self.source {
                Source::Events(answering, events) => match answering.poll_data(context) {
                    Poll::Ready(Some(Ok(data))) => Step::Data(events.pass(data)),
                    Poll::Ready(Some(Err(error))) => Step::Broke(error),
                    Poll::Ready(None) => Step::End,
                    Poll::Pending => Step::Wait,
                },
                Source::Json(_, tail) if !tail.first.is_empty() => {
                    Step::Data(std::mem::take(&mut tail.first))
                }
                Source::Json(answering, tail) => match answering.poll_data(context) {
                    Poll::Ready(Some(Ok(data))) => {
                        tail.see(&data);
                        Step::Data(data)
                    }
                    Poll::Ready(Some(Err(error))) => Step::Broke(error),
                    Poll::Ready(None) => Step::End,
                    Poll::Pending => Step::Wait,
                },
                // The upstream gave up and said so, which the client has been told: there is no more to come.
                Source::Converted(_, conversion) if conversion.has_failed() => {
                    meter.failed(Reason::UpstreamUnavailable);
                    self.meter = None;
                    return Poll::Ready(None);
                }
                Source::Converted(answering, conversion) => match answering.poll_data(context) {
                    Poll::Ready(Some(Ok(data))) => converted(conversion.pass(&data)),
                    Poll::Ready(Some(Err(error))) => Step::Broke(error),
                    Poll::Ready(None) => Step::End,
                    Poll::Pending => Step::Wait,
                },
                Source::Demo(script, conversion) => match script.poll_next(context) {
                    Poll::Ready(Some(data)) => {
                        meter.used(script.tokens());
                        match conversion {
                            Some(conversion) => converted(conversion.pass(&data)),
                            None => Step::Data(data),
                        }
                    }
                    Poll::Ready(None) => Step::End,
                    Poll::Pending => Step::Wait,
                },
                Source::Ended => return Poll::Ready(None),
            };
            match polled {
                Step::Data(data) => {
                    self.moved = Instant::now();
                    if !data.is_empty() {
                        meter.passed(data.len());
                        return Poll::Ready(Some(Ok(data)));
                    }
                }
                Step::End => match self.finish() {
                    Ok(Some(rest)) => return Poll::Ready(Some(Ok(rest))),
                    Ok(None) => {}
                    Err(error) => return self.broke(&error),
                },
                Step::Broke(error) => return self.broke(&error),
                Step::Wait => {
                    if meter.flight().poll_cut(context).is_ready() {
                        continue;
                    }
                    if self.waited_too_long(context) {
                        if let Some(meter) = &mut self.meter {
                            meter.failed(Reason::UpstreamTimeout);
                        }
                        return Poll::Ready(self.end_with(Reason::UpstreamTimeout));
                    }
                    return Poll::Pending;
                }
            }
        }
    }

    /// The upstream's answer ends before its end, or is none.
    fn broke(&mut self, error: &io::Error) -> Polled {
        tracing::warn!(%error, "an upstream's answer broke off");
        if let Some(meter) = &mut self.meter {
            meter.failed(Reason::UpstreamUnavailable);
        }
        Poll::Ready(self.end_with(Reason::UpstreamUnavailable))
    }

    /// One timer for all pieces: it is set anew when it has run out and something came meanwhile.
    fn waited_too_long(&mut self, context: &mut Context<'_>) -> bool {
        if matches!(self.source, Source::Demo(..)) {
            return false;
        }
        while self.deadline.as_mut().poll(context).is_ready() {
            let end = self.moved + self.idle;
            if end <= Instant::now() {
                return true;
            }
            self.deadline.as_mut().reset(end.into());
        }
        false
    }

    /// The upstream's body has ended as it should.
    fn finish(&mut self) -> io::Result<Option<Bytes>> {
        let last = match &mut self.source {
            Source::Converted(_, conversion) | Source::Demo(_, Some(conversion)) => {
                conversion.finish().map_err(io::Error::other)?
            }
            _ => Bytes::new(),
        };
        let Some(mut meter) = self.meter.take() else { return Ok(None) };
        let rest = match std::mem::replace(&mut self.source, Source::Ended) {
            Source::Events(answering, mut events) => {
                let rest = events.finish();
                meter.used(events.tokens().unwrap_or_default());
                answering.keep();
                rest
            }
            Source::Json(answering, tail) => {
                meter.used(last_usage(&tail.last).unwrap_or_default());
                answering.keep();
                Bytes::new()
            }
            Source::Converted(answering, conversion) => {
                meter.used(conversion.tokens().unwrap_or_default());
                answering.keep();
                last
            }
            Source::Demo(..) => last,
            Source::Ended => Bytes::new(),
        };
        Ok((!rest.is_empty()).then_some(rest))
    }

    /// Ends early. Dropping the source closes the connection to the upstream. A stream of events can say why it ends.
    fn end_with(&mut self, reason: Reason) -> Option<Result<Bytes, StreamError>> {
        let mut meter = self.meter.take()?;
        let reply = meter.arrival().reply;
        let fault = fault_of(reply.surface, reason);
        let is_inside = match std::mem::replace(&mut self.source, Source::Ended) {
            Source::Events(_, events) => {
                meter.used(events.tokens().unwrap_or_default());
                events.is_inside()
            }
            Source::Converted(_, mut conversion) => {
                meter.used(conversion.tokens().unwrap_or_default());
                return Some(Ok(conversion.failed(&fault)));
            }
            Source::Demo(_, Some(mut conversion)) => return Some(Ok(conversion.failed(&fault))),
            Source::Demo(_, None) => false,
            Source::Json(..) | Source::Ended => return Some(Err(StreamError(reason))),
        };
        Some(Ok(fault.event(reply.surface, reply.id.as_str(), is_inside).into()))
    }
}

fn converted(passed: Result<Bytes, Unreadable>) -> Step {
    passed.map_or_else(|why| Step::Broke(io::Error::other(why)), Step::Data)
}

enum Step {
    Data(Bytes),
    End,
    Broke(io::Error),
    Wait,
}

impl Body for Stream {
    type Data = Bytes;
    type Error = StreamError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        self.0.poll(context).map(|polled| polled.map(|data| data.map(Frame::data)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_keeps_the_last_bytes_of_any_pieces() {
        let whole: Vec<u8> = (0..30_000_u32).map(|number| u8::try_from(number % 251).unwrap()).collect();
        for size in [1, 100, Tail::LENGTH - 1, Tail::LENGTH, Tail::LENGTH + 1, 20_000] {
            let mut pieces = whole.chunks(size);
            let mut tail = Tail::new(Bytes::copy_from_slice(pieces.next().unwrap()));
            for piece in pieces {
                tail.see(piece);
            }
            assert_eq!(tail.last, whole[whole.len() - Tail::LENGTH..], "{size}");
        }
    }
}
