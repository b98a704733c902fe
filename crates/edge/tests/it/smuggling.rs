//! Requests that two readers could take apart in two ways: each gets one answer at most, and no part of its body is ever taken
//! for a request, whether it comes directly or through a proxy that keeps its connection to us.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bailey_edge::{Body, Limits, read_body};
use bailey_testkit::{Nginx, TemporaryDirectory, free_address};
use hyper::Response;

use crate::fixture::{Edge, SHORT, limits};

/// What must never be served: it stands where one way of reading a request sees its body.
const SMUGGLED: &str = "GET /smuggled HTTP/1.1\r\nhost: x\r\n\r\n";

/// A POST with these header lines and this body.
fn post(lines: &str, body: &str) -> String {
    format!("POST /front HTTP/1.1\r\nhost: x\r\n{lines}\r\n\r\n{body}")
}

/// A POST whose body, by its chunks, is this.
fn chunked(body: &str) -> String {
    post("transfer-encoding: chunked", body)
}

/// Each holds one request and, for one way of reading or another, the beginning of a second one.
fn corpus() -> Vec<String> {
    let inside = SMUGGLED.len();
    // Ends in the eyes of whoever reads chunks, and goes on for whoever counts bytes.
    let after_chunks = format!("0\r\n\r\n{SMUGGLED}");
    let (whole, chunk) = (after_chunks.len(), format!("{inside:x}\r\n{SMUGGLED}\r\n0\r\n\r\n"));
    let mut corpus = vec![
        // Content-Length and Transfer-Encoding, each counting for one of two readers.
        post(&format!("content-length: {whole}\r\ntransfer-encoding: chunked"), &after_chunks),
        post(&format!("transfer-encoding: chunked\r\ncontent-length: {whole}"), &after_chunks),
        post("content-length: 4\r\ntransfer-encoding: chunked", &chunk),
        post("transfer-encoding: chunked\r\ncontent-length: 4", &chunk),
        post("content-length: 0\r\ntransfer-encoding: chunked", &chunk),
    ];
    // A Transfer-Encoding that only one of two readers takes for one.
    for line in [
        "transfer-encoding: xchunked",
        "transfer-encoding : chunked",
        "transfer-encoding\t: chunked",
        "transfer-encoding: chunked\r\ntransfer-encoding: x",
        "transfer-encoding: x\r\ntransfer-encoding: chunked",
        "transfer-encoding: identity\r\ntransfer-encoding: chunked",
        "x: y\r\n transfer-encoding: chunked",
        "x: y\ntransfer-encoding: chunked",
        "x: y\rtransfer-encoding: chunked",
        "transfer-encoding:\tchunked",
        "transfer-encoding: \u{b}chunked",
        "transfer-encoding: chunked, chunked",
        "transfer-encoding: \"chunked\"",
        "transfer-encoding: chunked;q=1",
        "transfer-encoding:\r\n chunked",
        "transfer-encoding: ,chunked",
        "transfer-encoding: CHUNKED",
        "transfer-encoding: chunked\0",
        "transfer_encoding: chunked",
        "transfer-encoding\0: chunked",
    ] {
        corpus.push(post(&format!("content-length: {whole}\r\n{line}"), &after_chunks));
    }
    // Lengths that can be read in two ways.
    for lines in [
        format!("content-length: 0\r\ncontent-length: {inside}"),
        format!("content-length: {inside}\r\ncontent-length: 0"),
        format!("content-length: {inside}\r\ncontent-length: {inside}"),
        format!("content-length: 0, {inside}"),
        format!("content-length: {inside}, {inside}"),
        format!("content-length: +{inside}"),
        format!("content-length: 0x{inside:x}"),
        format!("content-length: {inside}\r\n "),
        format!("content-length: 0{inside}"),
        format!("content-length : {inside}"),
        format!("content-length:\r\n {inside}"),
        format!("x: y\r\n content-length: {inside}"),
        format!("x: y\ncontent-length: {inside}"),
        format!("content_length: 0\r\ncontent-length: {inside}"),
        "content-length: -1".to_owned(),
        "content-length: 99999999999999999999".to_owned(),
        format!("connection: close, content-length\r\ncontent-length: {inside}"),
        format!("expect: 100-continue\r\ncontent-length: {inside}"),
        format!("connection: upgrade\r\nupgrade: h2c\r\ncontent-length: {inside}"),
    ] {
        // One that says nothing of a length has a second request after it, and no body.
        corpus.push(post(&lines, SMUGGLED));
    }
    // Chunks.
    let size = format!("{inside:x}");
    for body in [
        chunk.clone(),
        format!("{size};a=b;c=\"d\"\r\n{SMUGGLED}\r\n0\r\n\r\n"),
        format!("{size};\n\r\n{SMUGGLED}\r\n0\r\n\r\n"),
        format!("{size}\n{SMUGGLED}\r\n0\r\n\r\n"),
        format!("{size} \r\n{SMUGGLED}\r\n0\r\n\r\n"),
        format!("+{size}\r\n{SMUGGLED}\r\n0\r\n\r\n"),
        format!("0x{size}\r\n{SMUGGLED}\r\n0\r\n\r\n"),
        format!("{size}\r\n{SMUGGLED}0\r\n\r\n"),
        format!("{size}\r\n{SMUGGLED}\r\n0\r\ncontent-length: {inside}\r\n\r\n"),
        format!("{size}\r\n{SMUGGLED}\r\n0\r\nx: y\r\n\r\n"),
        format!("ffffffffffffffff{size}\r\n{SMUGGLED}\r\n0\r\n\r\n"),
        format!("-1\r\n{SMUGGLED}\r\n0\r\n\r\n"),
        format!(";\r\n{SMUGGLED}\r\n0\r\n\r\n"),
    ] {
        corpus.push(chunked(&body));
    }
    corpus.extend([
        // Other forms of a request.
        format!("GET /front HTTP/1.1\r\nhost: x\r\ncontent-length: {inside}\r\n\r\n{SMUGGLED}"),
        format!("HEAD /front HTTP/1.1\r\nhost: x\r\ncontent-length: {inside}\r\n\r\n{SMUGGLED}"),
        format!("POST http://other/front HTTP/1.1\r\nhost: x\r\ncontent-length: {inside}\r\n\r\n{SMUGGLED}"),
        format!("POST /front HTTP/1.0\r\ncontent-length: {inside}\r\n\r\n{SMUGGLED}"),
        format!("POST /front HTTP/1.0\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n{after_chunks}"),
        format!("POST /front HTTP/1.1\nhost: x\ncontent-length: {inside}\n\n{SMUGGLED}"),
        format!("POST /front HTTP/1.1\r\n content-length: {inside}\r\nhost: x\r\n\r\n"),
        format!("\r\n\r\nPOST /front HTTP/1.1\r\nhost: x\r\ncontent-length: {inside}\r\n\r\n{SMUGGLED}"),
        format!("POST /front HTTP/1.1\r\nhost: x\r\nhost: y\r\ncontent-length: {inside}\r\n\r\n{SMUGGLED}"),
        format!("POST /front HTTP/9.9\r\nhost: x\r\ncontent-length: {inside}\r\n\r\n{SMUGGLED}"),
        format!("POST /front  HTTP/1.1\r\nhost: x\r\ncontent-length: {inside}\r\n\r\n{SMUGGLED}"),
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_owned(),
        "GET /front\r\n".to_owned(),
    ]);
    corpus
}

/// A listener that answers with the path, and what it was asked for.
fn recording(limits: Limits, patience: Duration) -> (Edge, Arc<Mutex<Vec<String>>>) {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&seen);
    let edge = Edge::start(limits, 1, move |_| {
        let recorded = Arc::clone(&recorded);
        move |request, _| {
            let path = request.uri().path().to_owned();
            recorded.lock().unwrap().push(path.clone());
            async move {
                let read = read_body(request.into_body(), 100_000, patience).await;
                let mut response = Response::new(Body::whole(path));
                if let Err(error) = read {
                    *response.status_mut() = error.status();
                }
                response
            }
        }
    });
    (edge, seen)
}

/// The statuses of all answers that are in what came, but for those that only say to go on.
fn statuses(came: &str) -> Vec<u16> {
    let heads = came.split("HTTP/1.").skip(1);
    heads.map(|head| head[2..5].parse().unwrap()).filter(|status| *status != 100).collect()
}

#[test]
fn each_request_gets_one_answer_and_no_body_is_served() {
    // Whoever waits for more than comes is cut soon, and so is the connection after its answer.
    let limits = Limits { header_timeout: SHORT, idle_timeout: SHORT, ..limits() };
    let (edge, seen) = recording(limits, SHORT);
    let mut served = 0;
    for request in corpus() {
        let mut client = edge.connect();
        client.send(&request);
        let answers = statuses(&client.rest());
        let seen = std::mem::take(&mut *seen.lock().unwrap());
        assert!(!seen.iter().any(|path| path == "/smuggled"), "{request:?} is two requests: {seen:?}");
        assert!(answers.len() <= 1 && seen.len() <= answers.len(), "{request:?}: {seen:?} {answers:?}");
        assert!(answers.iter().all(|status| *status < 500), "{request:?}: {answers:?}");
        served += usize::from(answers == [200]);
    }
    assert!(served > 10, "only {served} are requests that are good in one way of reading them");
    edge.stop();
}

/// Asks the proxy on a connection of its own, and reads to its close.
fn through(proxy: SocketAddr, request: &str) -> String {
    let mut stream = TcpStream::connect(proxy).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut came = Vec::new();
    // A reset is a close too.
    drop(stream.read_to_end(&mut came));
    String::from_utf8(came).unwrap()
}

/// Behind a proxy the second request on its connection is somebody else's: it must get the answer to what it asked.
#[test]
fn behind_a_proxy_the_next_request_gets_its_own_answer() {
    let (edge, seen) = recording(limits(), Duration::from_secs(5));
    let (directory, proxy) = (TemporaryDirectory::new("smuggling").unwrap(), free_address().unwrap());
    let behind = edge.addr;
    let http = format!(
        "upstream edge {{ server {behind}; keepalive 1; }}\n\
         server {{ listen {proxy}; keepalive_timeout 0; client_header_timeout 1; client_body_timeout 1;\n\
         location / {{ proxy_pass http://edge; proxy_http_version 1.1; proxy_set_header Connection \"\"; proxy_request_buffering off; }} }}"
    );
    let nginx = Nginx::start(directory.path(), proxy, &http).unwrap();
    let mut passed = 0;
    for (number, request) in corpus().iter().enumerate() {
        let answers = statuses(&through(proxy, request));
        assert!(answers.len() <= 1, "{request:?}: {answers:?}");
        let canary = format!("/canary-{number}");
        let came = through(proxy, &format!("GET {canary} HTTP/1.1\r\nhost: x\r\n\r\n"));
        assert!(statuses(&came) == [200] && came.ends_with(&canary), "after {request:?}: {came}");
        let seen = std::mem::take(&mut *seen.lock().unwrap());
        assert_eq!(seen.iter().filter(|path| **path == canary).count(), 1, "after {request:?}: {seen:?}");
        assert!(seen.iter().all(|path| *path == canary || path == "/front"), "{request:?}: {seen:?}");
        assert!(seen.len() <= 2, "{request:?}: {seen:?}");
        passed += seen.len() - 1;
    }
    assert!(passed > 10, "only {passed} came through the proxy, so little is shown");
    drop(nginx);
    edge.stop();
}
