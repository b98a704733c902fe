//! `bailey doctor`

use bailey_domain::Clock as _;
use clap::Args;
use serde_json::{Map, Value, json};

use super::Options;
use super::output::{aligned, harmless};
use super::plan::Format;
use crate::client::{Address, Client, Exit, Failure, Received, plain, probe};
use crate::system::{SystemClock, print};

/// Check the way to the server, the clocks and the credentials; ends with 1 when something does not work.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bailey doctor --admin http://127.0.0.1:8082")]
pub(crate) struct Doctor {
    /// The admin listener, to check health too.
    #[arg(long, value_name = "URL")]
    admin: Option<String>,
}

/// How one thing is.
#[derive(Debug, PartialEq, Eq)]
struct Finding {
    state: &'static str,
    what: &'static str,
    says: String,
    next: String,
}

fn ok(what: &'static str, says: impl Into<String>) -> Finding {
    Finding { state: "ok", what, says: says.into(), next: String::new() }
}

fn warn(what: &'static str, says: impl Into<String>, next: &str) -> Finding {
    Finding { state: "warn", what, says: says.into(), next: next.to_owned() }
}

fn fail(what: &'static str, says: impl Into<String>, next: &str) -> Finding {
    Finding { state: "fail", what, says: says.into(), next: next.to_owned() }
}

/// A failed call as a finding: what the server advises is the next step.
fn failed(what: &'static str, failure: &Failure, next: &str) -> Finding {
    fail(what, &failure.message, failure.hints.first().map_or(next, String::as_str))
}

impl Doctor {
    pub(crate) fn run(&self, options: &Options) -> Result<Exit, Failure> {
        let mut findings = Vec::new();
        match options.target() {
            Err(failure) => {
                findings.push(failed(
                    "profile",
                    &failure,
                    "correct it, or remove the file and sign in again",
                ));
            }
            Ok(target) => {
                findings.push(ok("profile", format!("`{}`, endpoint {}", target.profile, target.endpoint)));
                match Address::parse(&target.endpoint).and_then(|address| probe(&address, "/")) {
                    Err(failure) => {
                        let next = "start `bailey serve`, or name its control listener with `--endpoint`";
                        findings.push(fail("endpoint", &failure.message, next));
                    }
                    Ok(received) => {
                        findings.push(endpoint(&received));
                        findings.push(version(received.header("server")));
                        findings.push(clock(received.header("date"), SystemClock.now_ms()));
                        let caller = target.signed_in().and_then(|key| {
                            Client::new(&target.endpoint, key)?.call("GetCallerIdentity", &Map::new())
                        });
                        match caller {
                            Ok(identity) => {
                                findings.push(ok("credentials", plain(&identity["Arn"])));
                                let listed = target.signed_in().and_then(|key| {
                                    Client::new(&target.endpoint, key)?.call("ListProviders", &Map::new())
                                });
                                findings.extend(providers(listed));
                            }
                            Err(failure) => findings.push(failed("credentials", &failure, "`bailey login`")),
                        }
                    }
                }
            }
        }
        if let Some(url) = &self.admin {
            findings.push(health(url));
            findings.extend(
                Address::parse(url)
                    .and_then(|address| probe(&address, "/metrics"))
                    .ok()
                    .map(|received| records(&String::from_utf8_lossy(&received.body))),
            );
        }
        show(&findings, options.output)?;
        let broken = findings.iter().any(|finding| finding.state == "fail");
        Ok(if broken { Exit::Failed } else { Exit::Ok })
    }
}

fn show(findings: &[Finding], format: Format) -> Result<(), Failure> {
    if format == Format::Json {
        let checks: Vec<Value> = findings
            .iter()
            .map(|it| json!({ "state": it.state, "check": it.what, "says": it.says, "nextStep": it.next }))
            .collect();
        return Ok(print(&format!("{:#}\n", json!({ "checks": checks })))?);
    }
    let mut lines = Vec::new();
    for finding in findings {
        lines.push(vec![finding.state.to_owned(), finding.what.to_owned(), harmless(&finding.says)]);
        if !finding.next.is_empty() {
            lines.push(vec![String::new(), String::new(), format!("next: {}", harmless(&finding.next))]);
        }
    }
    Ok(print(&aligned(&lines))?)
}

/// Without a credential, the control API refuses in its own shape; anything else is another server.
fn endpoint(received: &Received) -> Finding {
    let body: Value = serde_json::from_slice(&received.body).unwrap_or_default();
    let ours = ["Code", "code"].iter().any(|name| body.get(name).is_some());
    match ours {
        true => ok("endpoint", "a control listener answers"),
        false => fail(
            "endpoint",
            format!("something answers {}, and it is no control listener", received.status),
            "the default port is 8081",
        ),
    }
}

fn version(server: Option<&str>) -> Finding {
    let own = env!("CARGO_PKG_VERSION");
    match server.and_then(|server| server.strip_prefix("bailey/")) {
        Some(other) if other == own => ok("version", own),
        Some(other) => warn(
            "version",
            format!("the server is {other} and this program {own}"),
            "use the same release on both sides",
        ),
        None => ok("version", format!("this program is {own}; the server does not say")),
    }
}

/// A signature may be 15 minutes off. One minute is more than any synchronised clock is.
fn clock(date: Option<&str>, now_ms: i64) -> Finding {
    const NEXT: &str = "synchronise this machine's clock: signatures may be 15 minutes off at most";
    let parsed = date.and_then(|text| jiff::fmt::rfc2822::parse(text).ok());
    let Some(server) = parsed else {
        return warn(
            "clock",
            "the server does not tell the time",
            "something between removes the header `date`",
        );
    };
    // The header has whole seconds.
    let seconds = (now_ms - server.timestamp().as_millisecond()) / 1000;
    match seconds.unsigned_abs() {
        0..=60 => ok("clock", format!("{seconds} s from the server's")),
        61..=899 => warn("clock", format!("{seconds} s from the server's"), NEXT),
        _ => fail("clock", format!("{seconds} s from the server's"), NEXT),
    }
}

/// How the providers do. Whoever may not list them learns nothing here, which is no fault of anything.
fn providers(listed: Result<Value, Failure>) -> Vec<Finding> {
    const NEXT: &str =
        "`bailey provider test NAME` says what is wrong; calls go to the models' other routes meanwhile";
    let answer = match listed {
        Ok(answer) => answer,
        Err(failure) if failure.exit == Exit::Denied => return Vec::new(),
        Err(failure) => return vec![failed("providers", &failure, "see the server's log")],
    };
    let rows = answer["providers"].as_array().map(Vec::as_slice).unwrap_or_default();
    let sick: Vec<Finding> = rows
        .iter()
        .filter_map(|row| {
            let state = row["health"]["state"].as_str().filter(|state| *state != "closed")?;
            let (name, last) = (plain(&row["name"]), plain(&row["health"]["lastFailure"]));
            let says = format!("`{name}` keeps failing ({last}); its breaker is {state}");
            Some(fail("providers", says, NEXT))
        })
        .collect();
    if sick.is_empty() {
        return vec![ok("providers", format!("{} known, none keeps failing", rows.len()))];
    }
    sick
}

fn health(url: &str) -> Finding {
    let ready = Address::parse(url)
        .and_then(|address| Ok((probe(&address, "/healthz")?.status, probe(&address, "/readyz")?)));
    match ready {
        Err(failure) => {
            fail("health", &failure.message, "the admin listener is on the server's loopback, port 8082")
        }
        Ok((200, received)) if received.status == 200 => ok("health", "alive and ready"),
        Ok((_, received)) => {
            fail("health", String::from_utf8_lossy(&received.body).trim(), "see the server's log")
        }
    }
}

/// Whether use or refusals were lost before they were written, as the metrics say.
fn records(metrics: &str) -> Finding {
    let lost = metrics.lines().find_map(|line| line.strip_prefix("bailey_gateway_records_lost_total "));
    match lost {
        Some("0") => ok("records", "no record of a call was lost since the start"),
        Some(lost) => {
            let next = "usage lacks them; see the server's log for why the database was slow or away";
            warn("records", format!("{lost} records of calls were lost since the start"), next)
        }
        None => warn("records", "the metrics do not say whether records were lost", "is it another release?"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lost_records_are_told() {
        let state = |metrics| records(metrics).state;
        assert_eq!(state("# HELP x\nbailey_gateway_records_lost_total 0\n"), "ok");
        assert_eq!(state("bailey_gateway_records_lost_total 12\n"), "warn");
        assert_eq!(state(""), "warn");
        assert!(records("bailey_gateway_records_lost_total 12").says.starts_with("12 records"));
    }

    #[test]
    fn clocks_are_compared() {
        // 2026-11-24T00:00:00Z
        let now = 1_795_478_400_000;
        let state = |date| clock(date, now).state;
        assert_eq!(state(Some("Tue, 24 Nov 2026 00:00:30 GMT")), "ok");
        assert_eq!(state(Some("Mon, 23 Nov 2026 23:58:00 GMT")), "warn");
        assert_eq!(state(Some("Tue, 24 Nov 2026 00:15:00 GMT")), "fail");
        assert_eq!((state(Some("today")), state(None)), ("warn", "warn"));
    }

    #[test]
    fn providers_that_keep_failing_are_named() {
        let row = |name: &str, state: &str| json!({ "name": name, "health": { "state": state, "lastFailure": "unreachable" } });
        let demo = json!({ "name": "demo", "health": null });
        let found = providers(Ok(json!({ "providers": [demo, row("good", "closed")] })));
        assert_eq!((found.len(), found[0].state, &*found[0].says), (1, "ok", "2 known, none keeps failing"));
        let found = providers(Ok(
            json!({ "providers": [row("good", "closed"), row("bad", "open"), row("new", "half-open")] }),
        ));
        let says: Vec<_> = found.iter().map(|finding| (finding.state, finding.says.as_str())).collect();
        assert_eq!(
            says,
            [
                ("fail", "`bad` keeps failing (unreachable); its breaker is open"),
                ("fail", "`new` keeps failing (unreachable); its breaker is half-open"),
            ]
        );
        assert_eq!(providers(Err(Failure::usage("x"))).len(), 1);
    }

    #[test]
    fn releases_are_compared() {
        assert_eq!(version(Some(concat!("bailey/", env!("CARGO_PKG_VERSION")))).state, "ok");
        assert_eq!(version(Some("bailey/99.0.0")).state, "warn");
        assert_eq!(version(Some("nginx")).state, "ok");
    }
}
