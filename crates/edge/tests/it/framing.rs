//! Where one request ends and the next begins is never in doubt.

use crate::fixture::{Edge, limits};

#[test]
fn a_connection_is_used_again() {
    let edge = Edge::echo(limits());
    let mut client = edge.connect();
    for index in 0..5 {
        let answer = client.get(&format!("/{index}"));
        assert_eq!((answer.status, answer.body), (200, format!("GET /{index} ")));
    }
    client.send("GET /last HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    assert_eq!(client.answer().body, "GET /last ");
    assert_eq!(client.rest(), "");
    edge.stop();
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let edge = Edge::echo(limits());
    let mut client = edge.connect();
    client.send("GET /1 HTTP/1.1\r\nhost: x\r\n\r\nPOST /2 HTTP/1.1\r\nhost: x\r\ncontent-length: 2\r\n\r\nabGET /3 HTTP/1.1\r\nhost: x\r\n\r\n");
    let bodies = [client.answer().body, client.answer().body, client.answer().body];
    assert_eq!(bodies, ["GET /1 ", "POST /2 ab", "GET /3 "]);
    edge.stop();
}

#[test]
fn pipelined_garbage_is_answered_400_and_closed() {
    let edge = Edge::echo(limits());
    let mut client = edge.connect();
    client
        .send("GET /1 HTTP/1.1\r\nhost: x\r\n\r\n\x01\x02garbage\r\n\r\nGET /2 HTTP/1.1\r\nhost: x\r\n\r\n");
    assert_eq!(client.answer().body, "GET /1 ");
    assert_eq!(client.answer().status, 400);
    assert_eq!(client.rest(), "");
    edge.stop();
}

#[test]
fn ambiguous_framing_is_refused_or_is_the_last_request() {
    let edge = Edge::echo(limits());
    let next = "GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n";
    for (headers, body) in [
        ("content-length: 5\r\ncontent-length: 6", "hello"),
        ("content-length: +5", "hello"),
        ("content-length: 5, 5", "hello"),
        ("content-length: -1", ""),
        ("content-length: 99999999999999999999", ""),
        ("content-length : 5", "hello"),
        ("transfer-encoding: gzip", "hello"),
        ("transfer-encoding: chunked, identity", "0\r\n\r\n"),
        ("transfer-encoding: xchunked", "0\r\n\r\n"),
        ("x: y\r\n content-length: 5", "hello"),
        ("x\0y: z", ""),
    ] {
        let mut client = edge.connect();
        client.send(format!("POST / HTTP/1.1\r\nhost: x\r\n{headers}\r\n\r\n{body}{next}"));
        assert_eq!(client.answer().status, 400, "{headers}");
        assert_eq!(client.rest(), "", "{headers}");
    }
    // Both lengths: chunked is what counts, and nothing follows on this connection.
    for headers in
        ["content-length: 5\r\ntransfer-encoding: chunked", "transfer-encoding: chunked\r\ncontent-length: 5"]
    {
        let mut client = edge.connect();
        client.send(format!("POST /b HTTP/1.1\r\nhost: x\r\n{headers}\r\n\r\n0\r\n\r\n{next}"));
        let answer = client.answer();
        assert_eq!(answer.body, "POST /b ");
        assert!(answer.head.contains("connection: close\r\n"), "{}", answer.head);
        assert_eq!(client.rest(), "");
    }
    let mut client = edge.connect();
    client.send(format!("POST / HTTP/1.0\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n{next}"));
    assert_eq!(client.answer().status, 400);
    assert_eq!(client.rest(), "");
    edge.stop();
}
