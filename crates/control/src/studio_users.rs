//! System Administration, Accounts: RAM users known to Model Studio.

use bailey_domain::name::{DisplayName, UserName};
use bailey_domain::operations::{AddUser, AddUsers, ListStudioUsers, RemoveUser};
use bailey_domain::page::Pages;
use bailey_domain::scope::WholeAccount;
use bailey_domain::{Caller, Error, Permit, WorkspaceId};
use bailey_store::{Cursor, NewMember, Page, Record, StudioUser, Tx};
use serde::Serialize;
use serde_json::{Value, json};

use crate::control::Control;
use crate::revoked::Revoked;
use crate::users::present;

/// One line of a batch.
#[derive(Clone, Debug)]
pub struct NewStudioUser {
    /// The RAM user.
    pub user_name: UserName,
    /// The name shown in Model Studio.
    pub display_name: DisplayName,
    /// Seats to give at once.
    pub seats: Vec<(WorkspaceId, Pages)>,
}

/// What became of one line of a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Outcome {
    /// The RAM user.
    pub user_name: String,
    /// `added`, `failed`, or in a dry run `wouldAdd`.
    pub outcome: &'static str,
    /// The error's code; empty without one.
    pub code: String,
    /// The error's message; empty without one.
    pub message: String,
}

impl Control {
    /// Makes a RAM user known. The user is in no workspace by that.
    pub async fn add_user(
        &self,
        caller: &Caller,
        name: &UserName,
        display_name: &DisplayName,
    ) -> Result<StudioUser, Error> {
        let (mut tx, permit) = self.begin::<AddUser>(caller, WholeAccount, name.as_str()).await?;
        let user = present(&mut tx, caller.account, name).await?;
        let added = tx.insert_studio_user(&permit, user.user_id, display_name.as_str()).await?;
        tx.commit(permit, Record { target: name.to_string(), before: Value::Null, after: json!(added) })
            .await?;
        Ok(added)
    }

    /// Makes many RAM users known and gives them seats. `atomic` undoes all when one line fails; `dry_run` undoes
    /// all in any case and says what would have happened.
    pub async fn add_users(
        &self,
        caller: &Caller,
        lines: &[NewStudioUser],
        dry_run: bool,
        atomic: bool,
    ) -> Result<Vec<Outcome>, Error> {
        let target = format!("{} users", lines.len());
        let (mut tx, permit) = self.begin::<AddUsers>(caller, WholeAccount, &target).await?;
        let mut outcomes = Vec::with_capacity(lines.len());
        for line in lines {
            // A line is checked before anything of it is written, so a failed line leaves nothing in the transaction.
            let checked = self.check_line(&mut tx, caller, line, &outcomes).await;
            let outcome = match checked {
                Ok(()) => {
                    self.write_line(&mut tx, &permit, caller, line).await?;
                    Outcome {
                        user_name: line.user_name.to_string(),
                        outcome: if dry_run { "wouldAdd" } else { "added" },
                        code: String::new(),
                        message: String::new(),
                    }
                }
                Err(error @ Error::Internal(_)) => return Err(error),
                Err(error) => Outcome {
                    user_name: line.user_name.to_string(),
                    outcome: "failed",
                    code: error.code().to_owned(),
                    message: error.to_string(),
                },
            };
            outcomes.push(outcome);
        }
        let failed = outcomes.iter().any(|outcome| outcome.outcome == "failed");
        if dry_run || (atomic && failed) {
            tx.abandon().await?;
            if !dry_run {
                for outcome in outcomes.iter_mut().filter(|outcome| outcome.outcome == "added") {
                    outcome.outcome = "failed";
                    outcome.code = "Atomic".to_owned();
                    outcome.message = "another line failed, and the batch is all or nothing".to_owned();
                }
            }
            return Ok(outcomes);
        }
        let after = json!(outcomes);
        tx.commit(permit, Record { target, before: Value::Null, after }).await?;
        Ok(outcomes)
    }

    async fn check_line(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        line: &NewStudioUser,
        earlier: &[Outcome],
    ) -> Result<(), Error> {
        let user = present(tx, caller.account, &line.user_name).await?;
        let repeated = earlier.iter().any(|outcome| {
            outcome.user_name.eq_ignore_ascii_case(line.user_name.as_str()) && outcome.outcome != "failed"
        });
        if repeated || tx.find_studio_user(caller.account, user.user_id).await?.is_some() {
            return Err(Error::exists("User"));
        }
        for (position, (workspace, _)) in line.seats.iter().enumerate() {
            let twice = line.seats[..position].iter().any(|(other, _)| other == workspace);
            if twice || tx.find_workspace(caller.account, *workspace).await?.is_none() {
                return Err(Error::field(
                    "workspaces",
                    format_args!("names `{workspace}`, which is named twice or does not exist"),
                ));
            }
        }
        Ok(())
    }

    async fn write_line(
        &self,
        tx: &mut Tx,
        permit: &Permit<AddUsers>,
        caller: &Caller,
        line: &NewStudioUser,
    ) -> Result<(), Error> {
        let user = present(tx, caller.account, &line.user_name).await?.user_id;
        tx.insert_studio_user(permit, user, line.display_name.as_str()).await?;
        for (workspace, pages) in &line.seats {
            tx.insert_member(permit, NewMember { workspace: *workspace, user, pages: *pages }).await?;
        }
        Ok(())
    }

    /// Lists the users known to Model Studio.
    pub async fn list_studio_users(
        &self,
        caller: &Caller,
        cursor: &Cursor,
    ) -> Result<Page<StudioUser>, Error> {
        let permit = self.permit::<ListStudioUsers>(caller, WholeAccount, "").await?;
        self.store.list_studio_users(&permit, cursor).await
    }

    /// Takes a user out of every workspace and out of Model Studio.
    pub async fn remove_user(&self, caller: &Caller, name: &UserName) -> Result<Revoked, Error> {
        let started = self.clock.now_ms();
        let (mut tx, permit) = self.begin::<RemoveUser>(caller, WholeAccount, name.as_str()).await?;
        let user = present(&mut tx, caller.account, name).await?;
        let known =
            tx.find_studio_user(caller.account, user.user_id).await?.ok_or_else(|| Error::absent("User"))?;
        let killed = tx.delete_studio_user(&permit, user.user_id).await?;
        let committed = tx
            .commit(permit, Record { target: name.to_string(), before: json!(known), after: Value::Null })
            .await?;
        Ok(Revoked::of(committed, killed, self.clock.now_ms() - started))
    }
}
