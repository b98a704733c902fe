//! Which upstream gets a call, and which gets none for a while.

use std::time::Duration;

use bailey_domain::model::{Bounds, Capability, Dialect};
use bailey_domain::upstream::{Reading, State};
use bailey_gateway::Limits;
use bailey_testkit::Answer;

use super::client;
use super::crude::{Crude, Does};
use super::world::{World, until};

const KEY: &str = "sk-routes";

fn world() -> World {
    with(Limits::default())
}

fn with(limits: Limits) -> World {
    let world = World::with(limits, 10_000);
    world.key(KEY);
    world
}

impl World {
    async fn asks(&self, model: &str) -> client::Answer {
        self.chat(KEY, model, "x").send(self.address).await
    }

    /// How many requests the two upstreams have got.
    fn got(&self) -> (usize, usize) {
        (self.first.request_count(), self.second.request_count())
    }

    fn bounds_of_first(&self, bounds: Bounds) {
        let url = self.first.base_url();
        self.apply(vec![self.bounded_provider("first", Dialect::OpenAi, &url, true, bounds)]);
    }

    fn health_of_first(&self) -> Reading {
        let known = self.directory.providers(Some(self.account));
        let first = known.iter().find(|entry| entry.provider.name.as_str() == "first").unwrap();
        first.health.reading(self.now_ms())
    }
}

fn unavailable(answer: &client::Answer) -> Option<&str> {
    assert_eq!(answer.error(), (503, "ModelUnavailable".to_owned(), Some("upstream_unavailable")));
    answer.header("retry-after")
}

fn after(seconds: &str) -> Answer {
    let headers = vec![("retry-after".to_owned(), seconds.to_owned())];
    Answer::Status { status: 429, headers, body: serde_json::json!({"error": {"message": "slow down"}}) }
}

#[tokio::test]
async fn calls_are_shared_by_weight() {
    let world = world();
    let routes = [("first", "pair", 1, 3), ("second", "pair-b", 1, 1), ("demo", "demo-chat", 2, 9)];
    world.apply(vec![world.routed_model("pair", Capability::Chat, &routes)]);
    for _ in 0..100 {
        assert_eq!(world.asks("pair").await.status, 200);
    }
    let (first, second) = world.got();
    assert_eq!(first + second, 100);
    assert!((73..=77).contains(&first), "{first}");
}

#[tokio::test]
async fn a_route_that_asks_for_rest_gets_it_alone() {
    let world = world();
    world.first.answer_next(after("7"));
    assert_eq!(world.asks("pair").await.status, 200);
    assert_eq!(world.got(), (1, 1));
    world.clock.advance_ms(6999);
    assert_eq!(world.asks("pair").await.status, 200);
    assert_eq!(world.got(), (1, 2), "it rests");
    assert_eq!(world.asks("chat").await.status, 200);
    assert_eq!(world.got(), (2, 2), "another model there does not");
    world.clock.advance_ms(1);
    assert_eq!(world.asks("pair").await.status, 200);
    assert_eq!(world.got(), (3, 2));
}

#[tokio::test]
async fn when_all_rest_the_client_is_told_for_how_long() {
    let world = world();
    world.first.answer_next(after("20"));
    world.second.answer_next(after("7"));
    assert_eq!(unavailable(&world.asks("pair").await), Some("7"));
    world.clock.advance_ms(2500);
    let answer = world.asks("pair").await;
    assert_eq!((unavailable(&answer), answer.header("retry-after-ms")), (Some("5"), Some("4500")));
    assert_eq!(world.got(), (1, 1), "nobody was asked");
    world.clock.advance_ms(4500);
    assert_eq!(world.asks("pair").await.status, 200);
    assert_eq!(world.got(), (1, 2));
    // Longer than a bound is not heeded.
    world.first.answer_next(after("86400"));
    assert_eq!(unavailable(&world.asks("chat").await), Some("60"));
    assert_eq!(world.health_of_first().state, State::Closed, "who says when to come back is not broken");
}

#[tokio::test]
async fn an_upstream_that_keeps_failing_gets_one_probe_at_a_time() {
    let world = world();
    world.first.answer_always(Answer::error(500, "oops", "oops"));
    for _ in 0..5 {
        assert_eq!(unavailable(&world.asks("chat").await), if world.got().0 < 5 { None } else { Some("5") });
    }
    assert_eq!(world.health_of_first().state, State::Open);
    assert_eq!(unavailable(&world.asks("chat").await), Some("5"));
    assert_eq!(world.asks("pair").await.status, 200);
    assert_eq!(world.got(), (5, 1), "it is left alone");
    world.clock.advance_ms(5000);
    assert_eq!(unavailable(&world.asks("chat").await), Some("10"), "the probe failed, twice as long now");
    assert_eq!(world.got(), (6, 1));
    world.clock.advance_ms(10_000);
    let held = world.first.hold_next();
    let mut probe = world.chat_stream(KEY, "chat", "x").stream(world.address).await;
    assert_eq!(world.health_of_first().state, State::Closed, "its head is enough");
    held.finish();
    probe.rest().await;
    world.first.answer_always(Answer::Normal);
    assert_eq!(world.asks("chat").await.status, 200);
    assert_eq!(world.got(), (8, 1));
}

#[tokio::test]
async fn a_probe_that_is_given_up_is_followed_by_another() {
    let world = world();
    world.first.answer_always(Answer::error(502, "oops", "oops"));
    for _ in 0..5 {
        world.asks("chat").await;
    }
    world.clock.advance_ms(5000);
    world.first.answer_next(Answer::Silent);
    let probe = tokio::spawn(world.chat(KEY, "chat", "x").send(world.address));
    world.first.requests_reach(6).await;
    assert_eq!(unavailable(&world.asks("chat").await), Some("1"));
    assert_eq!((world.got().0, world.health_of_first().state), (6, State::HalfOpen));
    probe.abort();
    until("the place is given back", || world.health_of_first().in_flight == 0).await;
    world.first.answer_always(Answer::Normal);
    assert_eq!(world.asks("chat").await.status, 200);
}

#[tokio::test]
async fn a_changed_provider_is_tried_at_once() {
    let world = world();
    world.first.answer_always(Answer::error(401, "invalid_api_key", "who are you"));
    for _ in 0..6 {
        world.asks("chat").await;
    }
    assert_eq!(world.got().0, 5);
    world.first.answer_always(Answer::Normal);
    world.bounds_of_first(Bounds::default());
    assert_eq!(world.asks("chat").await.status, 200);
    let read = world.health_of_first();
    assert_eq!((read.state, read.answered, read.failures.iter().sum::<u64>()), (State::Closed, 1, 5));
}

#[tokio::test]
async fn failures_between_answers_do_not_close_an_upstream() {
    let world = world();
    for _ in 0..4 {
        for _ in 0..4 {
            world.first.answer_next(Answer::error(500, "oops", "oops"));
            unavailable(&world.asks("chat").await);
        }
        // Whole and streamed answers alike say that it is well, and errors that are the caller's too.
        assert_eq!(world.asks("chat").await.status, 200);
        for _ in 0..4 {
            world.first.answer_next(Answer::error(500, "oops", "oops"));
            unavailable(&world.asks("chat").await);
        }
        world.chat_stream(KEY, "chat", "x").stream(world.address).await.rest().await;
        for _ in 0..3 {
            world.first.answer_next(Answer::error(400, "invalid", "your fault"));
            assert_eq!(world.asks("chat").await.status, 400);
        }
        // Half of a window may not fail either.
        world.clock.advance_ms(10_000);
    }
    assert_eq!(world.health_of_first().state, State::Closed);
}

/// Some upstreams refuse single prompts with 403: one caller must not close them to others that way.
#[tokio::test]
async fn what_an_upstream_forbids_does_not_close_it() {
    let world = world();
    world.first.answer_always(Answer::error(403, "forbidden", "not this"));
    for _ in 0..8 {
        assert_eq!(unavailable(&world.asks("chat").await), None);
    }
    let read = world.health_of_first();
    assert_eq!(
        (world.got().0, read.state, read.last_failure.unwrap().0.name()),
        (8, State::Closed, "refused")
    );
}

#[tokio::test]
async fn answers_that_break_off_count_as_failures_and_are_not_asked_for_again() {
    let world = world();
    world.first.answer_always(Answer::CutWithin { chunks: 1 });
    for _ in 0..5 {
        let rest = world.chat_stream(KEY, "pair", "x").stream(world.address).await.rest().await;
        assert!(rest.starts_with("data: ") && rest.contains("ModelUnavailable"), "{rest}");
    }
    assert_eq!(world.got(), (5, 0), "the client has seen the beginning");
    assert_eq!(world.asks("pair").await.status, 200);
    assert_eq!(world.got(), (5, 1));
    let read = world.health_of_first();
    assert_eq!((read.state, read.last_failure.unwrap().0.name()), (State::Open, "broke"));
}

#[tokio::test]
async fn clients_that_leave_say_nothing_against_an_upstream() {
    let world = world();
    for _ in 0..6 {
        world.first.answer_next(Answer::Endless { every: Duration::ZERO });
        let mut stream = world.chat_stream(KEY, "chat", "x").stream(world.address).await;
        stream.next().await.unwrap().unwrap();
        drop(stream);
        until("the place is given back", || world.health_of_first().in_flight == 0).await;
    }
    let read = world.health_of_first();
    assert_eq!((read.state, read.answered, read.last_failure), (State::Closed, 6, None));
}

#[tokio::test]
async fn a_full_upstream_is_passed_by_and_nobody_waits() {
    let world = world();
    world.bounds_of_first(Bounds { max_concurrency: Some(2), ..Bounds::default() });
    let held = [world.first.hold_next(), world.first.hold_next()];
    let mut streams = Vec::new();
    for _ in 0..2 {
        streams.push(world.chat_stream(KEY, "pair", "x").stream(world.address).await);
    }
    assert_eq!(world.health_of_first().in_flight, 2);
    assert_eq!(world.asks("pair").await.status, 200);
    assert_eq!(unavailable(&world.asks("chat").await), Some("1"));
    assert_eq!(world.got(), (2, 1));
    let [one, _other] = held;
    one.finish();
    streams.remove(0).rest().await;
    until("the place is given back", || world.health_of_first().in_flight == 1).await;
    assert_eq!(world.asks("chat").await.status, 200);
    assert_eq!(world.got(), (3, 1));
}

#[tokio::test]
async fn tries_have_a_bound_in_number_and_time() {
    let world = with(Limits { tries: 3, ..Limits::default() });
    let routes: Vec<_> = ["a", "b", "c", "d", "e"].map(|name| ("first", name, 1, 1)).into();
    world.apply(vec![world.routed_model("pair", Capability::Chat, &routes)]);
    world.first.answer_always(Answer::error(500, "oops", "oops"));
    assert_eq!(unavailable(&world.asks("pair").await), None);
    let asked: Vec<_> =
        world.first.requests().iter().map(|request| request.json()["model"].to_string()).collect();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|name| asked.iter().filter(|other| name == *other).count() == 1), "{asked:?}");

    // An upstream that takes a minute to say no has used up the time for another.
    let world = self::world();
    let slow = Crude::start(Does::ClosesWhenTold).await;
    world.apply(vec![world.provider("first", Dialect::OpenAi, &slow.base_url(), true)]);
    let call = tokio::spawn(world.chat(KEY, "pair", "x").send(world.address));
    until("the request is there", || slow.counts().0 == 1).await;
    world.clock.advance_ms(30_000);
    slow.close();
    unavailable(&call.await.unwrap());
    assert_eq!(world.second.request_count(), 0);
    let call = tokio::spawn(world.chat(KEY, "pair", "x").send(world.address));
    until("the request is there", || slow.counts().0 == 2).await;
    world.clock.advance_ms(29_000);
    slow.close();
    assert_eq!(call.await.unwrap().status, 200);
}

#[tokio::test]
async fn a_provider_has_its_own_times() {
    let world = world();
    let brief = Some(60);
    world.bounds_of_first(Bounds { first_byte_timeout_ms: brief, ..Bounds::default() });
    world.first.answer_next(Answer::Silent);
    assert_eq!(world.asks("pair").await.error().0, 504);
    assert_eq!(world.got(), (1, 0), "it may still be doing it");
    assert_eq!(world.health_of_first().last_failure.unwrap().0.name(), "silent");

    world.bounds_of_first(Bounds { idle_timeout_ms: brief, ..Bounds::default() });
    world.first.answer_next(Answer::Stall { chunks: 2 });
    let rest = world.chat_stream(KEY, "chat", "x").stream(world.address).await.rest().await;
    assert!(rest.matches("data: ").count() == 3 && rest.contains("RequestTimeOut"), "{rest}");
    assert_eq!(world.health_of_first().last_failure.unwrap().0.name(), "stalled");

    // It accepts, but speaks no TLS.
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/v1", silent.local_addr().unwrap());
    let bounds = Bounds { connect_timeout_ms: brief, ..Bounds::default() };
    world.apply(vec![world.bounded_provider("first", Dialect::OpenAi, &url, true, bounds)]);
    let begun = std::time::Instant::now();
    assert_eq!(world.asks("pair").await.status, 200);
    assert!(begun.elapsed() < Duration::from_secs(4), "{:?}", begun.elapsed());
    assert_eq!(world.health_of_first().last_failure.unwrap().0.name(), "unreachable");
}
