//! A client that is just enough to time HTTP/1.1: one connection that stays open, one request after the other.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use anyhow::{Context as _, ensure};

/// A connection and the last answer on it.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    answer: Vec<u8>,
    body_at: usize,
}

impl Connection {
    /// Connects.
    pub fn open(to: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(to)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, answer: Vec::new(), body_at: 0 })
    }

    /// Sends a request and reads its answer to the end.
    pub fn ask(&mut self, request: &[u8]) -> anyhow::Result<()> {
        self.stream.write_all(request)?;
        self.answer.clear();
        let mut piece = [0; 16 * 1024];
        loop {
            let count = self.stream.read(&mut piece)?;
            ensure!(count > 0, "the server closed the connection");
            self.answer.extend_from_slice(&piece[..count]);
            if let Some(head) = self.answer.windows(4).position(|end| end == b"\r\n\r\n") {
                let text = std::str::from_utf8(&self.answer[..head])?;
                let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
                let length: usize = length.context("no content-length")?.parse()?;
                self.body_at = head + 4;
                if self.answer.len() >= self.body_at + length {
                    return Ok(());
                }
            }
        }
    }

    /// The body of the last answer, which must have been a good one.
    pub fn body(&self) -> anyhow::Result<&str> {
        let answer = std::str::from_utf8(&self.answer)?;
        ensure!(answer.starts_with("HTTP/1.1 200"), "{answer}");
        Ok(&answer[self.body_at..])
    }
}

/// A `POST` of JSON with HTTP Basic. `extra` is further headers, each with its end of line.
pub fn post(host: SocketAddr, path: &str, credential: &str, extra: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Basic {credential}\r\n\
         content-type: application/json\r\ncontent-length: {}\r\n{extra}\r\n{body}",
        body.len()
    )
    .into_bytes()
}
