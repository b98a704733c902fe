//! A TCP stream that notes what happens on it, and closes so that the last answer arrives.

use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead as _, ReadBuf};
use tokio::net::TcpStream;

use crate::activity::Activity;

/// How much a refused client may still send before it is cut off, in bytes.
const LINGER_BYTES: usize = 256 * 1024;

#[derive(Debug)]
pub(crate) struct Io {
    stream: TokioIo<TcpStream>,
    activity: Rc<Activity>,
    /// Bytes thrown away since our side was closed.
    lingered: Option<usize>,
}

impl Io {
    pub(crate) fn new(stream: TcpStream, activity: Rc<Activity>) -> Self {
        Self { stream: TokioIo::new(stream), activity, lingered: None }
    }
}

impl Read for Io {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.stream).poll_read(context, buffer);
        if matches!(polled, Poll::Ready(Ok(()))) {
            self.activity.received();
        }
        polled
    }
}

impl Write for Io {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.activity.wrote(polled.is_pending());
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.activity.wrote(polled.is_pending());
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    /// Closes our side, then reads on until the client closes too: closing with unread bytes would reset the connection
    /// and take the answer (a 413, say) from a client that is still sending. Bounded here in bytes, by the sweep in
    /// time, and given up when the worker drains.
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.lingered.is_none() {
            ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
            self.activity.closing();
            self.lingered = Some(0);
        }
        if self.activity.is_draining() {
            return Poll::Ready(Ok(()));
        }
        let mut scratch = [0; 4096];
        while self.lingered.is_some_and(|lingered| lingered < LINGER_BYTES) {
            let mut buffer = ReadBuf::new(&mut scratch);
            match ready!(Pin::new(self.stream.inner_mut()).poll_read(context, &mut buffer)) {
                Ok(()) if !buffer.filled().is_empty() => {
                    let read = buffer.filled().len();
                    self.lingered = self.lingered.map(|lingered| lingered + read);
                }
                // The client is done, or gone; either way there is nothing left to protect.
                Ok(()) | Err(_) => break,
            }
        }
        Poll::Ready(Ok(()))
    }
}
