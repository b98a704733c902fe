//! `bailey login` and `bailey logout`: access keys in the file of profiles.

use std::io::{BufRead as _, IsTerminal as _};

use bailey_domain::Secret;
use clap::Args;
use serde_json::Map;

use super::input;
use crate::client::{AccessKey, Client, Exit, Failure, plain};
use crate::config::{self, Target, environment};
use crate::system::say;

/// Check an access key and keep it in a profile.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bailey login --access-key-id LTAI5tExample --access-key-secret-file secret.txt"
)]
pub(crate) struct Login {
    /// The access key's id.
    #[arg(long, value_name = "ID")]
    access_key_id: String,
    /// A file that holds its secret, `-` for standard input; without it, the secret is asked for.
    #[arg(long, value_name = "FILE")]
    access_key_secret_file: Option<String>,
}

/// Forget the access key of a profile.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bailey logout --profile staging")]
pub(crate) struct Logout {}

impl Login {
    pub(crate) fn run(&self, target: &Target) -> Result<Exit, Failure> {
        let secret = match &self.access_key_secret_file {
            Some(path) => input::read_secret(path)?,
            None => ask()?,
        };
        if secret.is_empty() {
            return Err(Failure::usage("the access key secret is empty"));
        }
        let key = AccessKey { id: self.access_key_id.clone(), secret: Secret::new(secret) };
        let identity = Client::new(&target.endpoint, key.clone())?.call("GetCallerIdentity", &Map::new())?;
        let path = config::path(&environment)?;
        config::store(&path, &target.profile, &target.endpoint, &key)?;
        say(&format!("signed in to {} as {}", target.endpoint, plain(&identity["Arn"])));
        say(&format!("the access key is in {}, profile `{}`", path.display(), target.profile));
        Ok(Exit::Ok)
    }
}

/// The secret without an echo on a terminal, else the first line of standard input.
fn ask() -> Result<String, Failure> {
    if std::io::stdin().is_terminal() {
        return Ok(rpassword::prompt_password("Access key secret: ")?);
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}

impl Logout {
    #[expect(clippy::unused_self, reason = "commands are run alike")]
    pub(crate) fn run(&self, target: &Target) -> Result<Exit, Failure> {
        let had = config::remove(&config::path(&environment)?, &target.profile)?;
        say(&match had {
            true => format!(
                "forgot the access key of the profile `{}`; it still works until `bailey access-key delete`",
                target.profile
            ),
            false => format!("the profile `{}` had no access key", target.profile),
        });
        Ok(Exit::Ok)
    }
}
