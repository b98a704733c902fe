//! Tests of the command line as a whole, and what the tests of single commands share.

use super::*;
use clap::{CommandFactory as _, Parser};

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

/// The parameters that a command line sends.
pub(crate) fn sent(line: &str) -> serde_json::Value {
    let arguments: Vec<_> = line.split(' ').map(str::to_owned).collect();
    serde_json::Value::Object(parsed(&arguments).plan().unwrap().unwrap().parameters)
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
