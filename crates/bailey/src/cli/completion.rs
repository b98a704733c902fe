//! `bailey completion`

use clap::{Args, CommandFactory as _, ValueEnum};
use clap_complete::{Shell, generate};

use crate::client::{Exit, Failure};
use crate::system::print;

/// Write the completions for a shell.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bailey completion bash > /etc/bash_completion.d/bailey")]
pub(crate) struct Completion {
    /// The shell.
    shell: Known,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Known {
    Bash,
    Zsh,
    Fish,
}

impl Completion {
    pub(crate) fn run(&self) -> Result<Exit, Failure> {
        let shell = match self.shell {
            Known::Bash => Shell::Bash,
            Known::Zsh => Shell::Zsh,
            Known::Fish => Shell::Fish,
        };
        let mut script = Vec::new();
        generate(shell, &mut crate::Arguments::command(), "bailey", &mut script);
        print(&String::from_utf8_lossy(&script))?;
        Ok(Exit::Ok)
    }
}
