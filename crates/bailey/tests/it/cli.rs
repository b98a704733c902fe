//! The command line as people and scripts use it: against a started server, judged by output, error stream and exit code.

mod credentials;
mod nouns;
mod refusals;
mod shell;
mod signing_in;
mod trail;
