//! Stopping loses no answer, and takes no longer than it may.

use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use bailey_edge::{Body, Limits, Server, shutdown};
use hyper::Response;
use tokio::sync::Semaphore;

use crate::fixture::{Edge, limits};

/// A handler that says when it has begun, and answers when it may.
fn held(limits: Limits) -> (Edge, mpsc::Receiver<()>, Arc<Semaphore>) {
    let (begun, begins) = mpsc::channel();
    let gate = Arc::new(Semaphore::new(0));
    let for_handler = Arc::clone(&gate);
    let edge = Edge::start(limits, 1, move |_| {
        let (begun, gate) = (begun.clone(), Arc::clone(&for_handler));
        move |_, _| {
            let gate = Arc::clone(&gate);
            begun.send(()).unwrap();
            async move {
                gate.acquire().await.unwrap().forget();
                Response::new(Body::whole("done"))
            }
        }
    });
    (edge, begins, gate)
}

#[test]
fn a_request_in_flight_is_answered() {
    let (edge, begins, gate) = held(limits());
    let mut idle = edge.connect();
    let mut client = edge.connect();
    client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    begins.recv().unwrap();
    edge.trigger.begin();
    assert_eq!(idle.rest(), "", "whoever asks nothing is let go at once");
    assert!(TcpStream::connect(edge.addr).is_err(), "nobody else is let in");
    gate.add_permits(1);
    let answer = client.answer();
    assert_eq!((answer.status, answer.body.as_str()), (200, "done"));
    assert!(answer.head.contains("connection: close\r\n"), "{}", answer.head);
    assert_eq!(client.rest(), "");
    assert_eq!(edge.finished().cut, 0);
}

#[test]
fn whoever_waits_in_the_queue_is_answered() {
    let (trigger, hears) = shutdown();
    let bound = Server::bind("127.0.0.1:0".parse().unwrap(), limits()).unwrap();
    let mut early = TcpStream::connect(bound.local_addr()).unwrap();
    std::io::Write::write_all(&mut early, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").unwrap();
    trigger.begin();
    let serving = bound
        .serve(2, hears, |_| |_, _| async { Response::new(Body::<bailey_edge::BoxStream>::whole("ok")) })
        .unwrap();
    let mut text = String::new();
    early.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    std::io::Read::read_to_string(&mut early, &mut text).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{text}");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(serving.finished()).cut, 0);
}

#[test]
fn what_never_ends_is_cut_at_the_bound() {
    let drain = Duration::from_millis(60);
    let (edge, begins, _gate) = held(Limits { drain, ..limits() });
    let mut client = edge.connect();
    client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    begins.recv().unwrap();
    let began = Instant::now();
    assert_eq!(edge.stop().cut, 1);
    assert!(began.elapsed() >= drain);
    assert_eq!(client.rest(), "");
}

#[test]
fn a_dropped_trigger_stops_the_listener() {
    let (trigger, hears) = shutdown();
    let bound = Server::bind("127.0.0.1:0".parse().unwrap(), limits()).unwrap();
    let addr = bound.local_addr();
    let serving = bound
        .serve(1, hears, |_| |_, _| async { Response::new(Body::<bailey_edge::BoxStream>::empty()) })
        .unwrap();
    drop(trigger);
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    assert_eq!(runtime.block_on(serving.finished()).cut, 0);
    assert!(TcpStream::connect(addr).is_err());
}

#[test]
fn a_port_in_use_is_refused() {
    let edge = Edge::echo(limits());
    let error = Server::bind(edge.addr, limits()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    let addr = edge.addr;
    let mut client = edge.connect();
    assert_eq!(client.get("/").status, 200);
    edge.stop();
    Server::bind(addr, limits()).expect("free again at once");
}
