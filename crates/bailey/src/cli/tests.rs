//! Tests of the command line as a whole, and what the tests of single commands share.

use std::io::{BufRead, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::mpsc;

use super::*;
use clap::{CommandFactory as _, Parser};
use serde_json::Value;

#[derive(Debug, Parser)]
#[command(name = "bailey")]
struct Program {
    #[command(flatten)]
    options: Options,
    #[command(subcommand)]
    command: Command,
}

/// Parses what stands behind `bailey`, or panics with what clap says.
pub(crate) fn parsed(arguments: &[String]) -> Command {
    let whole = std::iter::once("bailey").chain(arguments.iter().map(String::as_str));
    Program::try_parse_from(whole).unwrap_or_else(|error| panic!("{error}")).command
}

/// The call that a command line is.
pub(crate) fn plan(line: &str) -> Plan {
    let arguments: Vec<_> = line.split(' ').map(str::to_owned).collect();
    parsed(&arguments).plan().unwrap().unwrap()
}

/// The parameters that a command line sends.
pub(crate) fn sent(line: &str) -> Value {
    Value::Object(plan(line).parameters)
}

/// A client of a server that gives these answers in turn, and what tells the bodies it was sent. There is no server
/// for a call more.
pub(crate) fn answering(answers: Vec<Value>) -> (Client, impl Fn() -> Vec<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let (sender, bodies) = mpsc::channel();
    std::thread::spawn(move || {
        for answer in answers {
            let (stream, _) = listener.accept().unwrap();
            sender.send(body_of(&mut BufReader::new(&stream))).unwrap();
            let answer = answer.to_string();
            let head =
                format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", answer.len());
            (&stream).write_all((head + &answer).as_bytes()).unwrap();
        }
    });
    let client = Client::new(&endpoint, Credential::Nothing).unwrap();
    (client, move || bodies.try_iter().collect())
}

fn body_of(request: &mut impl BufRead) -> String {
    let mut length = 0;
    for line in request.by_ref().lines() {
        let line = line.unwrap().to_ascii_lowercase();
        if let Some(value) = line.strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    request.read_exact(&mut body).unwrap();
    String::from_utf8(body).unwrap()
}

fn usage_error(line: &str) -> bool {
    Program::try_parse_from(format!("bailey {line}").split(' ')).is_err_and(|error| error.exit_code() == 2)
}

#[test]
fn the_definitions_are_sound_and_each_has_help() {
    Program::command().debug_assert();
    fn walk(command: &clap::Command, path: &str) {
        for inner in command.get_subcommands() {
            let path = format!("{path} {}", inner.get_name());
            assert!(inner.get_about().is_some(), "{path} says nothing about itself");
            let is_leaf = inner.get_subcommands().next().is_none();
            assert!(!is_leaf || inner.get_after_help().is_some(), "{path} has no example");
            walk(inner, &path);
        }
    }
    walk(&Program::command(), "bailey");
}

#[test]
fn what_makes_no_sense_is_a_usage_error() {
    for line in [
        "workspace",
        "workspace make x",
        "workspace create",
        "member set-pages alice -w llm-1",
        "member set-pages alice -w llm-1 --page prompts --no-pages",
        "model update-permissions -w llm-1 qwen-plus",
        "limit update m -w llm-1",
        "limit update m -w llm-1 --requests 1",
        "limit update m -w llm-1 --delete --requests 1 --per 1",
        "explain",
        "explain R --subject user:a",
        "explain --subject group:a --page prompts",
        "can-i",
        "policy attach P",
        "policy attach P --user a --group b",
        "policy list --group a --type custom",
        "policy list --group a --limit 3",
        "group add-user developers",
        "group list --user a --limit 3",
        "workspace list --limit 0",
        "usage get --group-by week",
        "completion tcsh",
        "access-key update K --status off",
        "workspace list -o xml",
        "key update 12",
        "key update 12 --unrestricted --model m",
    ] {
        assert!(usage_error(line), "{line}");
    }
}

#[test]
fn options_may_stand_anywhere() {
    let program =
        Program::try_parse_from(["bailey", "-o", "json", "key", "list", "--endpoint", "http://h:1"]).unwrap();
    assert_eq!(
        (program.options.output, program.options.endpoint.as_deref()),
        (Format::Json, Some("http://h:1"))
    );
}
