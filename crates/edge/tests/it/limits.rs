//! What a client can make last or grow is bounded.

use std::convert::Infallible;
use std::io::Write as _;
use std::time::{Duration, Instant};

use bailey_edge::{Body, Limits};
use bytes::Bytes;
use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use hyper::Response;

use crate::fixture::{Edge, SHORT, limits};

#[test]
fn slow_headers_are_cut() {
    let edge = Edge::echo(Limits { header_timeout: SHORT, ..limits() });
    for bytes in ["", "GET / HTTP/1.1\r\nhost: x\r\nslow"] {
        let began = Instant::now();
        let mut client = edge.connect();
        client.send(bytes);
        assert_eq!(client.rest(), "");
        assert!(began.elapsed() >= SHORT);
    }
    // One byte now and then gives no more time.
    let mut client = edge.connect();
    let began = Instant::now();
    while client.stream.write_all(b"x").is_ok() {
        assert!(began.elapsed() < Duration::from_secs(5), "a dripping client is never cut");
        std::thread::sleep(SHORT / 6);
    }
    edge.stop();
}

#[test]
fn the_second_requests_headers_are_bounded_too_and_waiting_for_it_is_not() {
    let edge = Edge::echo(Limits { header_timeout: SHORT, ..limits() });
    let mut client = edge.connect();
    assert_eq!(client.get("/a").status, 200);
    std::thread::sleep(SHORT * 2);
    assert_eq!(client.get("/b").body, "GET /b ", "idle is another bound");
    client.send("GET /c HTT");
    assert_eq!(client.rest(), "");
    edge.stop();
}

#[test]
fn idle_connections_are_closed() {
    let edge = Edge::echo(Limits { idle_timeout: SHORT, ..limits() });
    let mut client = edge.connect();
    assert_eq!(client.get("/a").status, 200);
    let began = Instant::now();
    assert_eq!(client.rest(), "");
    assert!(began.elapsed() >= SHORT / 2);
    edge.stop();
}

#[test]
fn large_headers_are_answered_431() {
    let edge = Edge::echo(Limits { header_bytes: 16 * 1024, headers: 20, ..limits() });
    let large = format!("GET / HTTP/1.1\r\nhost: x\r\nlarge: {}\r\n\r\n", "x".repeat(17 * 1024));
    let endless = format!("GET / HTTP/1.1\r\nhost: x\r\nlarge: {}", "x".repeat(17 * 1024));
    let many = format!("GET / HTTP/1.1\r\nhost: x\r\n{}\r\n", "a: b\r\n".repeat(20));
    for bytes in [large, endless, many] {
        let mut client = edge.connect();
        client.send(bytes);
        assert_eq!(client.answer().status, 431);
        assert_eq!(client.rest(), "");
    }
    let fits = format!("GET / HTTP/1.1\r\nhost: x\r\nlarge: {}\r\n\r\n", "x".repeat(15 * 1024));
    let mut client = edge.connect();
    client.send(fits);
    assert_eq!(client.answer().status, 200);
    edge.stop();
}

#[test]
fn one_connection_too_many_is_answered_503() {
    let edge = Edge::echo(Limits { connections: 2, ..limits() });
    let mut first = edge.connect();
    let mut second = edge.connect();
    assert_eq!((first.get("/1").status, second.get("/2").status), (200, 200));
    let mut third = edge.connect();
    let answer = third.answer();
    assert_eq!(answer.status, 503);
    assert!(
        answer.head.contains("retry-after: 1\r\n")
            && answer.body.starts_with("{\"code\":\"ServiceUnavailable\"")
    );
    assert_eq!(third.rest(), "");
    assert_eq!(first.get("/1").status, 200, "the others do not notice");
    drop(second);
    // The place is free as soon as the server has seen the close.
    let began = Instant::now();
    while !matches!(try_get(&edge), Some(200)) {
        assert!(began.elapsed() < Duration::from_secs(5), "a place is never given back");
    }
    edge.stop();
}

/// The status of an answer, or `None` if the connection is closed without one.
fn try_get(edge: &Edge) -> Option<u16> {
    let mut client = edge.connect();
    client.stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").ok()?;
    client.rest().get(9..12)?.parse().ok()
}

#[test]
fn a_client_that_takes_nothing_of_its_answer_is_cut() {
    let edge = Edge::start(Limits { write_timeout: SHORT, ..limits() }, 1, |_| {
        |_, _| async {
            let endless = stream::repeat_with(|| {
                Ok::<_, Infallible>(Frame::data(Bytes::from_static(&[b'x'; 16 * 1024])))
            });
            Response::new(Body::stream(StreamBody::new(endless)))
        }
    });
    let mut client = edge.connect();
    client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    // The answer has no end, so the connection can only end by being cut.
    edge.trigger.begin();
    assert_eq!(edge.finished().cut, 0);
}
