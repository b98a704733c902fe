//! Many clients that are slow on purpose, in each of the three ways: each is cut when its time is over, and a good client among
//! them does not notice.

use std::convert::Infallible;
use std::io::Write as _;
use std::time::{Duration, Instant};

use bailey_edge::{Body, Limits, read_body};
use bytes::Bytes;
use futures_util::stream;
use http_body::Frame;
use http_body_util::StreamBody;
use hyper::Response;

use crate::fixture::{Client, Edge, limits};

/// Of each kind. Both ends of a connection are in this process, and some systems give one a thousand files.
const EACH: usize = 100;
/// What a client may take for its headers, its body, and to read.
const PATIENCE: Duration = Duration::from_millis(400);

fn edge() -> Edge {
    let limits = Limits { header_timeout: PATIENCE, write_timeout: PATIENCE, ..limits() };
    Edge::start(limits, 1, |_| {
        |request, _| async {
            if request.uri().path() == "/endless" {
                let pieces = stream::repeat_with(|| {
                    Ok::<_, Infallible>(Frame::data(Bytes::from_static(&[b'x'; 16 * 1024])))
                });
                return Response::new(Body::stream(StreamBody::new(pieces)));
            }
            let mut response = Response::new(Body::whole("good"));
            if let Err(error) = read_body(request.into_body(), 1000, PATIENCE).await {
                *response.status_mut() = error.status();
            }
            response
        }
    })
}

#[test]
fn slow_clients_are_cut_and_a_good_one_is_served() {
    let edge = edge();
    let begun = |bytes: &str| -> Vec<Client> {
        let client = || {
            let mut client = edge.connect();
            client.send(bytes);
            client
        };
        (0..EACH).map(|_| client()).collect()
    };
    let mut good = edge.connect();
    let mut headers = begun("GET /slow HTTP/1.1\r\nhost: x\r\nx: ");
    let mut bodies = begun("POST /slow HTTP/1.1\r\nhost: x\r\ncontent-length: 900\r\n\r\n");
    let readers = begun("GET /endless HTTP/1.1\r\nhost: x\r\n\r\n");
    let (started, mut served) = (Instant::now(), 0);
    let mut dripping = 2 * EACH;
    // A byte now and then gives no more time. Whoever was cut cannot send any more.
    while dripping > 0 {
        assert!(started.elapsed() < 20 * PATIENCE, "{dripping} are never cut");
        dripping = headers
            .iter_mut()
            .chain(&mut bodies)
            .map(|slow| slow.stream.write_all(b"x"))
            .filter(Result::is_ok)
            .count();
        for _ in 0..10 {
            assert_eq!(good.get("/good").status, 200);
            served += 1;
        }
        std::thread::sleep(PATIENCE / 20);
    }
    assert!(served >= 50, "only {served}");
    // The answers to those who do not read have no end: that the server can stop by itself shows that they were cut.
    edge.trigger.begin();
    assert_eq!(edge.finished().cut, 0);
    drop(readers);
}
