//! How the providers do, as metrics.

use std::fmt::{Arguments, Write};
use std::sync::Arc;

use bailey_domain::directory::ProviderEntry;
use bailey_domain::model::Dialect;
use bailey_domain::upstream::{Fault, Reading, State};

/// One family of metrics: its name, what it tells, and the labels and values that a reading has in it.
type Family = (&'static str, &'static str, fn(&Reading) -> Vec<(String, String)>);

fn one(value: &impl ToString) -> Vec<(String, String)> {
    vec![(String::new(), value.to_string())]
}

const FAMILIES: [Family; 5] = [
    ("upstream_state", "Whether a provider gets calls: 0 yes, 1 one as a probe, 2 none for now.", |read| {
        match read.state {
            State::Closed => one(&0),
            State::HalfOpen => one(&1),
            State::Open => one(&2),
        }
    }),
    ("upstream_calls_in_flight", "Calls to a provider that have not ended.", |read| one(&read.in_flight)),
    ("upstream_answers_total", "Calls whose answer a provider began.", |read| one(&read.answered)),
    (
        "upstream_first_byte_seconds_total",
        "Time from those calls to the beginnings of their answers.",
        |read| {
            one(&format_args!(
                "{}.{:06}",
                read.first_byte_micros / 1_000_000,
                read.first_byte_micros % 1_000_000
            ))
        },
    ),
    (
        "upstream_failures_total",
        "Calls that a provider did not serve, or not to their end, by kind.",
        |read| {
            let counts = Fault::ALL.iter().zip(read.failures);
            counts.map(|(fault, count)| (format!(",kind=\"{}\"", fault.name()), count.to_string())).collect()
        },
    ),
];

/// Prometheus text about these providers, the built-in one left out. The labels are the rows of a table that operators
/// write, and a kind from a closed list: nothing that a caller sends becomes a series.
pub(super) fn metrics(providers: &[Arc<ProviderEntry>], now_ms: i64) -> String {
    let called = providers.iter().filter(|entry| entry.provider.dialect != Dialect::Demo);
    let read: Vec<(String, Reading)> = called
        .map(|entry| {
            let labels = format!("account=\"{}\",provider=\"{}\"", entry.account, entry.provider.name);
            (labels, entry.health.reading(now_ms))
        })
        .collect();
    let mut page = String::new();
    let mut line = |text: Arguments<'_>| writeln!(page, "{text}").expect("writing to a string cannot fail");
    for (name, help, values) in FAMILIES {
        let kind = if name.ends_with("_total") { "counter" } else { "gauge" };
        line(format_args!("# HELP bailey_{name} {help}\n# TYPE bailey_{name} {kind}"));
        for (labels, reading) in &read {
            for (further, value) in values(reading) {
                line(format_args!("bailey_{name}{{{labels}{further}}} {value}"));
            }
        }
    }
    page
}
