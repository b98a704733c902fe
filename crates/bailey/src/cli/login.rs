//! `bailey login` and `bailey logout`: an access key or a session in the file of profiles.

use bailey_domain::Secret;
use clap::{ArgGroup, Args};
use serde_json::{Map, Value};

use super::input;
use crate::client::{AccessKey, Client, Credential, Exit, Failure, plain};
use crate::config::{self, Target, environment};
use crate::system::say;

/// Sign in with a password, or check an access key, and keep the session or the key in a profile.
#[derive(Debug, Args)]
#[command(
    group(ArgGroup::new("who").required(true).args(["user", "access_key_id"])),
    after_help = "Examples:\n  bailey login --user alice\n  bailey login --access-key-id LTAI5tExample --access-key-secret-file secret.txt"
)]
pub(crate) struct Login {
    /// A RAM user's name or `root`; behind an `@`, the account's alias or id.
    #[arg(long, value_name = "NAME")]
    user: Option<String>,
    /// Read the password from the first line of standard input; without it, the password is asked for.
    #[arg(long, requires = "user")]
    password_stdin: bool,
    /// A code of the MFA device, where one is bound; on a terminal it is asked for.
    #[arg(long, value_name = "CODE", requires = "user")]
    mfa_code: Option<String>,
    /// The access key's id.
    #[arg(long, value_name = "ID")]
    access_key_id: Option<String>,
    /// A file that holds its secret, `-` for standard input; without it, the secret is asked for.
    #[arg(long, value_name = "FILE", requires = "access_key_id")]
    access_key_secret_file: Option<String>,
}

/// Forget the access key of a profile, or end its session.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bailey logout --profile staging")]
pub(crate) struct Logout {}

impl Login {
    pub(crate) fn run(&self, target: &Target) -> Result<Exit, Failure> {
        let credential = match (&self.user, &self.access_key_id) {
            (Some(user), _) => self.session(target, user)?,
            (None, Some(id)) => self.access_key(id)?,
            (None, None) => return Err(Failure::usage("give `--user NAME` or `--access-key-id ID`")),
        };
        let client = Client::new(&target.endpoint, credential.clone())?;
        let identity = client.call("GetCallerIdentity", &Map::new())?;
        let path = config::path(&environment)?;
        config::store(&path, &target.profile, &target.endpoint, &credential)?;
        say(&format!("signed in to {} as {}", target.endpoint, plain(&identity["Arn"])));
        let what = if self.user.is_some() { "session" } else { "access key" };
        say(&format!("the {what} is in {}, profile `{}`", path.display(), target.profile));
        Ok(Exit::Ok)
    }

    fn access_key(&self, id: &str) -> Result<Credential, Failure> {
        let secret = input::secret(self.access_key_secret_file.as_deref(), "Access key secret")?;
        if secret.is_empty() {
            return Err(Failure::usage("the access key secret is empty"));
        }
        Ok(Credential::AccessKey(AccessKey { id: id.to_owned(), secret: Secret::new(secret) }))
    }

    fn session(&self, target: &Target, user: &str) -> Result<Credential, Failure> {
        let password = if self.password_stdin { input::line()? } else { input::ask("Password")? };
        if password.is_empty() {
            return Err(Failure::usage("the password is empty"));
        }
        let asked;
        let code = match &self.mfa_code {
            Some(code) => code,
            None => {
                asked = input::ask_if_terminal("Code of the MFA device (none: enter)", self.password_stdin)?;
                &asked
            }
        };
        let mut parameters = Map::new();
        parameters.insert("userName".to_owned(), user.into());
        parameters.insert("password".to_owned(), password.into());
        if !code.is_empty() {
            parameters.insert("mfaCode".to_owned(), code.as_str().into());
        }
        let client = Client::new(&target.endpoint, Credential::Nothing)?;
        let answer = client.call("CreateSession", &parameters)?;
        let token = answer["token"].as_str().filter(|token| !token.is_empty());
        let token = token.ok_or_else(|| Failure::failed("the server answered no session"))?;
        for (field, next) in [
            ("passwordResetRequired", "bailey login-profile change-password"),
            ("mfaBindRequired", "bailey mfa create` and `bailey mfa bind"),
        ] {
            if answer[field] == Value::Bool(true) {
                say(&format!("before anything else works: `{next}`"));
            }
        }
        say(&format!("the session ends at {} at the latest", plain(&answer["expiresAt"])));
        Ok(Credential::Session(Secret::new(token.to_owned())))
    }
}

impl Logout {
    #[expect(clippy::unused_self, reason = "commands are run alike")]
    pub(crate) fn run(&self, target: &Target) -> Result<Exit, Failure> {
        let stored = target.stored.clone();
        if let Some(credential @ Credential::Session(_)) = &stored {
            let ended = Client::new(&target.endpoint, credential.clone())?.call("DeleteSession", &Map::new());
            // A session that has ended already needs no ending; whatever else is wrong, it is kept to be ended later.
            match ended {
                Err(failure) if failure.exit != Exit::NotSignedIn => return Err(failure),
                _ => {}
            }
        }
        config::remove(&config::path(&environment)?, &target.profile)?;
        say(&match stored {
            Some(Credential::Session(_)) => format!("ended the session of the profile `{}`", target.profile),
            Some(_) => format!(
                "forgot the access key of the profile `{}`; it still works until `bailey access-key delete`",
                target.profile
            ),
            None => format!("the profile `{}` had no access key", target.profile),
        });
        Ok(Exit::Ok)
    }
}
