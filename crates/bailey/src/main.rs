//! The binary: `serve` and `init`, the reference pages, and the command line.

mod cli;
mod client;
mod config;
mod docs;
mod init;
mod serve;
mod system;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// A self-hosted Model Studio access plane: who may call which model, and why.
#[derive(Debug, Parser)]
#[command(name = "bailey", version, arg_required_else_help = true, subcommand_required = true)]
struct Arguments {
    #[command(flatten)]
    options: cli::Options,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Make the account, its default workspace and root's first access key.
    Init(init::Arguments),
    /// Serve the gateway, the control API and the health endpoints.
    Serve(serve::Arguments),
    /// Write the reference pages.
    #[command(hide = true)]
    Docs {
        /// The directory to write to.
        directory: std::path::PathBuf,
    },
    #[command(flatten)]
    Client(Box<cli::Command>),
}

fn main() -> ExitCode {
    let Arguments { options, command } = Arguments::parse();
    let done = match command {
        Command::Init(arguments) => init::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Docs { directory } => docs::write(&directory),
        Command::Client(command) => return ExitCode::from(cli::run(*command, &options)),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            system::say(&format!("error: {error:#}"));
            ExitCode::from(1)
        }
    }
}
