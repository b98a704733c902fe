//! What handlers may be and do.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::mpsc;
use std::time::Duration;

use bailey_edge::{Body, Hosted, Server, briefly_here, on_runtime, shutdown};
use hyper::{Response, StatusCode};

use crate::fixture::{Edge, echo, limits};

#[test]
fn state_need_not_be_send_and_connections_spread_evenly() {
    let edge = Edge::start(limits(), 2, |worker| {
        let calls = Rc::new(Cell::new(0));
        move |_, peer| {
            let calls = Rc::clone(&calls);
            async move {
                calls.set(calls.get() + 1);
                Response::new(Body::whole(format!("{worker} {} {}", calls.get(), peer.addr)))
            }
        }
    });
    let mut clients: Vec<_> = (0..8).map(|_| edge.connect()).collect();
    let mut last = [0, 0];
    for client in &mut clients {
        let body = client.get("/").body;
        let mut words = body.split(' ');
        let worker: usize = words.next().unwrap().parse().unwrap();
        let calls: usize = words.next().unwrap().parse().unwrap();
        assert_eq!(words.next().unwrap(), client.stream.local_addr().unwrap().to_string());
        assert_eq!(calls, last[worker] + 1, "each worker counts for itself");
        last[worker] = calls;
    }
    assert_eq!(last, [4, 4]);
    edge.stop();
}

#[test]
fn a_handler_that_panics_ends_its_connection_only() {
    let edge = Edge::start(limits(), 1, |_| {
        |request: hyper::Request<hyper::body::Incoming>, _| async move {
            assert_ne!(request.uri().path(), "/panic", "as asked");
            echo(request).await
        }
    });
    let mut other = edge.connect();
    assert_eq!(other.get("/").status, 200);
    let mut client = edge.connect();
    client.send("GET /panic HTTP/1.1\r\nhost: x\r\n\r\n");
    assert_eq!(client.rest(), "");
    assert_eq!(other.get("/").status, 200);
    assert_eq!(edge.stop().cut, 0);
}

#[test]
fn a_handler_is_dropped_when_its_client_leaves() {
    struct OnDrop(mpsc::Sender<()>);
    impl Drop for OnDrop {
        fn drop(&mut self) {
            let _ = self.0.send(());
        }
    }
    let (begun, begins) = mpsc::channel();
    let (gone, goes) = mpsc::channel();
    let edge = Edge::start(limits(), 1, move |_| {
        let (begun, gone) = (begun.clone(), gone.clone());
        move |_, _| {
            begun.send(()).unwrap();
            let on_drop = OnDrop(gone.clone());
            async move {
                let _on_drop = on_drop;
                std::future::pending::<Response<Body>>().await
            }
        }
    });
    let mut client = edge.connect();
    client.send("GET / HTTP/1.1\r\nhost: x\r\n\r\n");
    begins.recv().unwrap();
    drop(client);
    goes.recv_timeout(Duration::from_secs(5)).unwrap();
    edge.stop();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_hosted_handler_runs_on_its_runtime_and_a_panic_is_an_answer() {
    let home = tokio::runtime::Handle::current();
    let id = home.id();
    let (trigger, hears) = shutdown();
    let bound = Server::bind("127.0.0.1:0".parse().unwrap(), limits()).unwrap();
    let addr = bound.local_addr();
    let serving = bound
        .serve(1, hears, move |_| {
            let handler = move |request: hyper::Request<hyper::body::Incoming>, _| async move {
                assert_eq!(tokio::runtime::Handle::current().id(), id);
                assert_ne!(request.uri().path(), "/panic", "as asked");
                echo(request).await
            };
            on_runtime(home.clone(), handler, || {
                let mut response = Response::new(Body::whole("{}"));
                *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
                response
            })
        })
        .unwrap();
    let ask = move |request: &'static str| {
        tokio::task::spawn_blocking(move || {
            let mut stream = std::net::TcpStream::connect(addr).unwrap();
            std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
            let mut text = String::new();
            std::io::Read::read_to_string(&mut stream, &mut text).unwrap();
            text
        })
    };
    let text =
        ask("POST /x HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\nab").await.unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with("POST /x ab"), "{text}");
    let text = ask("GET /panic HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
    assert!(text.starts_with("HTTP/1.1 500 "), "{text}");
    trigger.begin();
    assert_eq!(serving.finished().await.cut, 0);
}

/// Says on which thread it was begun and ended, and waits or panics as the path says.
#[derive(Clone)]
struct Places;

impl Hosted for Places {
    type Received = (String, String);
    type Body = Body;

    fn is_brief(&self, request: &hyper::Request<hyper::body::Incoming>) -> bool {
        request.uri().path().starts_with("/brief")
    }

    async fn receive(
        self,
        request: hyper::Request<hyper::body::Incoming>,
        _: bailey_edge::Peer,
    ) -> Self::Received {
        let path = request.uri().path().to_owned();
        let body = bailey_edge::read_body(request.into_body(), 10, Duration::from_secs(5)).await.unwrap();
        (path, String::from_utf8(body.to_vec()).unwrap())
    }

    async fn answer(self, (path, body): Self::Received) -> Response<Body> {
        let place = || match std::thread::current().name() {
            Some(name) if name.starts_with("edge-") => "worker",
            _ => "runtime",
        };
        let home = tokio::runtime::Handle::current().id();
        let begun = place();
        assert!(!path.ends_with("/panic"), "as asked");
        if path.ends_with("/wait") {
            // A timer of the runtime that it is polled on next, and woken there.
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        assert_eq!(tokio::runtime::Handle::current().id(), home);
        Response::new(Body::whole(format!("{body} {begun} {} {home}", place())))
    }

    fn fault() -> Response<Body> {
        let mut response = Response::new(Body::whole("{}"));
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_brief_call_stays_on_the_worker_unless_it_waits() {
    let home = tokio::runtime::Handle::current();
    let id = home.id();
    let (trigger, hears) = shutdown();
    let bound = Server::bind("127.0.0.1:0".parse().unwrap(), limits()).unwrap();
    let addr = bound.local_addr();
    let serving = bound.serve(1, hears, move |_| briefly_here(home.clone(), Places)).unwrap();
    let ask = move |path: &'static str| {
        tokio::task::spawn_blocking(move || {
            let mut stream = std::net::TcpStream::connect(addr).unwrap();
            let head =
                format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n");
            std::io::Write::write_all(&mut stream, head.as_bytes()).unwrap();
            // Late, so that reading has to wait too.
            std::thread::sleep(Duration::from_millis(5));
            std::io::Write::write_all(&mut stream, b"ab").unwrap();
            let mut text = String::new();
            std::io::Read::read_to_string(&mut stream, &mut text).unwrap();
            text
        })
    };
    for (path, told) in [
        ("/brief", "ab worker worker"),
        ("/brief/wait", "ab worker runtime"),
        ("/other", "ab runtime runtime"),
        ("/other/wait", "ab runtime runtime"),
    ] {
        let text = ask(path).await.unwrap();
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n"), "{path}: {text}");
        assert!(text.ends_with(&format!("{told} {id}")), "{path}: {text}");
    }
    for path in ["/brief/panic", "/other/panic", "/brief/panic"] {
        let text = ask(path).await.unwrap();
        assert!(text.starts_with("HTTP/1.1 500 "), "{path}: {text}");
    }
    trigger.begin();
    assert_eq!(serving.finished().await.cut, 0);
}

#[test]
fn a_worker_that_cannot_start_is_reported() {
    let (_trigger, hears) = shutdown();
    let bound = Server::bind("127.0.0.1:0".parse().unwrap(), limits()).unwrap();
    let error = bound
        .serve(2, hears, |worker| {
            assert_eq!(worker, 0, "as asked");
            |request, _| echo(request)
        })
        .unwrap_err();
    assert!(error.to_string().contains("ended before it began"), "{error}");
}
