//! Bodies are read within their bounds, and a refused one leaves nothing behind.

use std::io::Write as _;
use std::sync::mpsc;
use std::thread;

use crate::fixture::{BODY_LIMIT, Edge, echo, limits};

fn post(length: usize, extra: &str) -> String {
    format!("POST /b HTTP/1.1\r\nhost: x\r\n{extra}content-length: {length}\r\n\r\n")
}

#[test]
fn a_body_at_the_limit_is_read() {
    let edge = Edge::echo(limits());
    let mut client = edge.connect();
    client.send(post(BODY_LIMIT, ""));
    client.send("x".repeat(BODY_LIMIT));
    let answer = client.answer();
    assert_eq!((answer.status, answer.body), (200, format!("POST /b {}", "x".repeat(BODY_LIMIT))));
    client.send(
        "POST /c HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    );
    assert_eq!(client.answer().body, "POST /c abcde");
    edge.stop();
}

#[test]
fn a_declared_length_over_the_limit_is_refused_before_it_is_read() {
    let edge = Edge::echo(limits());
    for extra in ["", "expect: 100-continue\r\n"] {
        let mut client = edge.connect();
        client.send(post(10_000_000, extra));
        // Not a byte of the body was sent, and none is asked for.
        let answer = client.answer();
        assert_eq!(answer.status, 413);
        assert_eq!(answer.body, "the body is larger than 1000 bytes; send a smaller one");
        assert_eq!(client.rest(), "");
    }
    let mut client = edge.connect();
    client.send(post(3, "expect: 100-continue\r\n"));
    assert_eq!(client.answer().status, 100);
    client.send("abc");
    assert_eq!(client.answer().body, "POST /b abc");
    edge.stop();
}

#[test]
fn a_client_that_is_still_sending_gets_its_413() {
    let edge = Edge::echo(limits());
    for _ in 0..20 {
        let mut client = edge.connect();
        client.send(post(150_000, ""));
        let mut sender = client.stream.try_clone().unwrap();
        let sending = thread::spawn(move || sender.write_all(&[b'x'; 150_000]));
        assert_eq!(client.answer().status, 413);
        sending.join().unwrap().unwrap();
    }
    edge.stop();
}

#[test]
fn a_chunked_body_over_the_limit_is_refused() {
    let edge = Edge::echo(limits());
    let mut client = edge.connect();
    client.send("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n");
    client.send(format!("3e9\r\n{}\r\n", "x".repeat(1001)));
    assert_eq!(client.answer().status, 413);
    assert_eq!(client.rest(), "");
    edge.stop();
}

#[test]
fn a_body_that_does_not_come_is_answered_408() {
    let edge = Edge::echo(limits());
    let mut client = edge.connect();
    client.send(post(10, ""));
    client.send("abc");
    let answer = client.answer();
    assert_eq!(answer.status, 408);
    assert!(answer.body.contains("60 ms"), "{}", answer.body);
    assert_eq!(client.rest(), "");
    edge.stop();
}

#[test]
fn bad_chunks_are_answered_400() {
    let edge = Edge::echo(limits());
    let mut client = edge.connect();
    client.send("POST / HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n");
    assert_eq!(client.answer().status, 400);
    assert_eq!(client.rest(), "");
    edge.stop();
}

#[test]
fn the_rest_of_a_refused_body_is_never_a_request() {
    let (called, calls) = mpsc::channel();
    let edge = Edge::start(limits(), 1, move |_| {
        let called = called.clone();
        move |request, _| {
            called.send(request.uri().path().to_owned()).unwrap();
            echo(request)
        }
    });
    let smuggled = "GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n".repeat(100);
    for late in [false, true] {
        let mut client = edge.connect();
        client.send(post(smuggled.len(), ""));
        if !late {
            client.send(&smuggled);
        }
        assert_eq!(client.answer().status, 413);
        if late {
            let _ = client.stream.write_all(smuggled.as_bytes());
        }
        // A body that was there already is drained and the connection lives on; else it is closed.
        let _ = client.stream.write_all(b"GET /after HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
        let rest = client.rest();
        assert!(rest.is_empty() || (!late && rest.ends_with("\r\n\r\nGET /after ")), "{rest}");
    }
    edge.stop();
    let calls: Vec<String> = calls.iter().collect();
    assert_eq!(calls.iter().filter(|path| *path == "/b").count(), 2);
    assert!(calls.iter().all(|path| path == "/b" || path == "/after"), "{calls:?}");
}
