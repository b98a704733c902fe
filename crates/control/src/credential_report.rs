//! The report of everybody's credentials, as CSV in the columns of the real service.

use std::fmt::Write;

use bailey_domain::name::UserName;
use bailey_domain::operations::{GenerateCredentialReport, GetCredentialReport};
use bailey_domain::scope::RamScope;
use bailey_domain::{AccountId, Caller, Error};
use bailey_store::{AccountCredentials, Cursor, Record, ReportedKey, ReportedUser};
use serde_json::{Value, json};

use crate::control::Control;
use crate::date::date;
use crate::last_used::Due;

const TARGET: &str = "credential report";
/// Columns for as many access keys, even where nobody has that many.
const LEAST_KEYS: usize = 2;
const OF_USERS: &str = "user,user_creation_time,user_last_logon,password_exist,password_active,password_last_changed,password_next_rotation,mfa_active";

/// A part of the report.
#[derive(Clone, Debug)]
pub struct ReportPage {
    /// Its lines, as CSV. The first part has the heading.
    pub content: String,
    /// When the report was made, in milliseconds since the epoch.
    pub generated_at: i64,
    /// Where the next part starts; `None` at the end.
    pub next: Option<String>,
}

/// Last sign-in, the password and when it was set, and whether a code is asked for. When a password must change is the
/// account's policy and not the user's, so that column says N/A.
fn login_columns(user: &ReportedUser) -> String {
    let mfa = if user.mfa { "TRUE" } else { "FALSE" };
    match &user.login {
        None => format!("-,FALSE,N/A,N/A,N/A,{mfa}"),
        Some(login) => {
            let last = login.last_login_at.map_or_else(|| "-".to_owned(), date);
            format!("{last},TRUE,TRUE,{},N/A,{mfa}", date(login.changed_at))
        }
    }
}

fn key_columns(key: Option<&ReportedKey>) -> String {
    let Some(key) = key else { return ",FALSE,N/A,N/A,N/A".to_owned() };
    let active = if key.active { "TRUE" } else { "FALSE" };
    let used = key.last_used_at.map_or_else(|| "-".to_owned(), date);
    format!(",TRUE,{active},{},{used}", date(key.created_at))
}

impl Control {
    /// Writes the report anew.
    pub async fn generate_credential_report(&self, caller: &Caller) -> Result<(), Error> {
        let scope = RamScope::account(caller.account);
        self.require::<GenerateCredentialReport>(caller, scope.clone(), TARGET).await?;
        // Before the transaction: it is another writer, and the report is to know of the last minute too.
        self.write_last_uses(Due::All).await?;
        let (mut tx, permit) = self.begin::<GenerateCredentialReport>(caller, scope, TARGET).await?;
        let credentials = tx.list_credentials(&permit).await?;
        let report = self.as_csv(caller.account, &credentials)?;
        tx.put_credential_report(&permit, &report).await?;
        let after = json!({ "identities": credentials.len() });
        tx.commit(permit, Record { target: TARGET.to_owned(), before: Value::Null, after }).await?;
        Ok(())
    }

    /// Gives a part of the last report.
    pub async fn get_credential_report(&self, caller: &Caller, cursor: &Cursor) -> Result<ReportPage, Error> {
        let scope = RamScope::account(caller.account);
        let permit = self.permit::<GetCredentialReport>(caller, scope, TARGET).await?;
        let report = self.store.find_credential_report(&permit).await?;
        let report = report.ok_or_else(|| Error::NotFound {
            code: "EntityNotExist.CredentialReport".into(),
            message: "there is no credential report yet: make one with GenerateCredentialReport".to_owned(),
        })?;
        let made = report.generated_at;
        let start = match cursor.after.split_once('.') {
            None => 0,
            Some((of, line)) if of == made.to_string() => line.parse().map_err(Error::internal)?,
            Some(_) => {
                return Err(Error::field("NextToken", "belongs to an older report: start again without it"));
            }
        };
        // The heading comes with the first part, beside the identities that were asked for.
        let count = cursor.limit as usize + usize::from(start == 0);
        let content: String = report.content.split_inclusive('\n').skip(start).take(count).collect();
        let next = start + count;
        let more = report.content.split_inclusive('\n').nth(next).is_some();
        Ok(ReportPage { content, generated_at: made, next: more.then(|| format!("{made}.{next}")) })
    }

    /// Names hold no comma and no quote, so nothing needs quoting.
    fn as_csv(&self, account: AccountId, credentials: &AccountCredentials) -> Result<String, Error> {
        let most = credentials.iter().map(|user| user.keys.len()).max().unwrap_or_default().max(LEAST_KEYS);
        let mut text = OF_USERS.to_owned();
        for number in 1..=most {
            let columns = ["exist", "active", "last_rotated", "last_used"];
            for column in columns {
                write!(text, ",access_key_{number}_{column}").map_err(Error::internal)?;
            }
        }
        text.push('\n');
        for user in credentials {
            let name = match &user.name {
                None => "<root>".to_owned(),
                Some(name) => self.user_principal_name(account, &UserName::parse("name", name)?),
            };
            let keys: String = (0..most).map(|place| key_columns(user.keys.get(place))).collect();
            writeln!(text, "{name},{},{}{keys}", date(user.created_at), login_columns(user))
                .map_err(Error::internal)?;
        }
        Ok(text)
    }
}
