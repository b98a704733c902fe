//! Budgets of the account, of workspaces, of members and of keys.

use bailey_domain::budget::{Budget, BudgetLevel, Month};
use bailey_domain::directory::Spending;
use bailey_domain::name::UserName;
use bailey_domain::operations::{
    DeleteBudget, DeleteWorkspaceBudget, ListBudgets, ListWorkspaceBudgets, PutBudget, PutWorkspaceBudget,
};
use bailey_domain::scope::{Scope, WholeAccount};
use bailey_domain::{ApiKeyId, Caller, Error, Permit, WorkspaceId};
use bailey_store::{DeletesBudget, ListsBudgets, PutsBudget, Record, StoredBudget, Tx};
use serde_json::{Value, json};

use crate::control::Control;

/// What a budget is about, as callers name it.
#[derive(Clone, Debug)]
pub enum Budgeted {
    /// The whole account.
    Account,
    /// A workspace.
    Workspace(WorkspaceId),
    /// A member of a workspace.
    Member(WorkspaceId, UserName),
    /// A key of a workspace.
    Key(WorkspaceId, ApiKeyId),
}

impl Budgeted {
    fn target(&self) -> String {
        match self {
            Self::Account => "account".to_owned(),
            Self::Workspace(workspace) => workspace.to_string(),
            Self::Member(workspace, user) => format!("{workspace} {user}"),
            Self::Key(workspace, key) => format!("{workspace} {key}"),
        }
    }

    fn workspace(&self) -> Option<WorkspaceId> {
        match self {
            Self::Account => None,
            Self::Workspace(workspace) | Self::Member(workspace, _) | Self::Key(workspace, _) => {
                Some(*workspace)
            }
        }
    }
}

/// A budget and how it stands.
#[derive(Clone, Debug)]
pub struct BudgetState {
    /// The budget.
    pub stored: StoredBudget,
    /// What was spent this month.
    pub spending: Spending,
    /// The percentages that were noticed this month, and when, in milliseconds since the epoch.
    pub noticed: Vec<(u8, i64)>,
}

impl Control {
    /// Sets a budget, in place of the one that was there. It counts before the answer.
    pub async fn put_budget(&self, caller: &Caller, of: &Budgeted, budget: &Budget) -> Result<(), Error> {
        // What was spent this month is read from what is written.
        self.recorder.flush().await;
        let target = of.target();
        match of.workspace() {
            None => {
                let (tx, permit) = self.begin::<PutBudget>(caller, WholeAccount, &target).await?;
                self.put_into(tx, permit, of, target, budget).await
            }
            Some(workspace) => {
                let (tx, permit) = self.begin::<PutWorkspaceBudget>(caller, workspace, &target).await?;
                self.put_into(tx, permit, of, target, budget).await
            }
        }
    }

    async fn put_into<O: PutsBudget>(
        &self,
        mut tx: Tx,
        permit: Permit<O>,
        of: &Budgeted,
        target: String,
        budget: &Budget,
    ) -> Result<(), Error> {
        let level = self.level(permit.caller(), of).await?;
        let before = tx.find_budget(permit.caller().account, level, permit.scope().workspace()).await?;
        tx.put_budget(&permit, level, budget).await?;
        tx.commit(permit, Record { target, before: json!(before), after: json!(budget) }).await.map(drop)
    }

    /// Takes a budget away.
    pub async fn delete_budget(&self, caller: &Caller, of: &Budgeted) -> Result<(), Error> {
        let target = of.target();
        match of.workspace() {
            None => {
                let (tx, permit) = self.begin::<DeleteBudget>(caller, WholeAccount, &target).await?;
                self.delete_from(tx, permit, of, target).await
            }
            Some(workspace) => {
                let (tx, permit) = self.begin::<DeleteWorkspaceBudget>(caller, workspace, &target).await?;
                self.delete_from(tx, permit, of, target).await
            }
        }
    }

    async fn delete_from<O: DeletesBudget>(
        &self,
        mut tx: Tx,
        permit: Permit<O>,
        of: &Budgeted,
        target: String,
    ) -> Result<(), Error> {
        let level = self.level(permit.caller(), of).await?;
        let before = tx.find_budget(permit.caller().account, level, permit.scope().workspace()).await?;
        tx.delete_budget(&permit, level).await?;
        tx.commit(permit, Record { target, before: json!(before), after: Value::Null }).await.map(drop)
    }

    /// Lists the budgets of the whole account, or of a workspace, its members and its keys.
    pub async fn list_budgets(
        &self,
        caller: &Caller,
        workspace: Option<WorkspaceId>,
    ) -> Result<Vec<BudgetState>, Error> {
        match workspace {
            None => {
                let permit = self.permit::<ListBudgets>(caller, WholeAccount, "").await?;
                self.budgets_of(&permit).await
            }
            Some(workspace) => {
                let permit =
                    self.permit::<ListWorkspaceBudgets>(caller, workspace, &workspace.to_string()).await?;
                self.budgets_of(&permit).await
            }
        }
    }

    async fn budgets_of<O: ListsBudgets>(&self, permit: &Permit<O>) -> Result<Vec<BudgetState>, Error> {
        self.recorder.flush().await;
        let (account, now_ms) = (permit.caller().account, permit.caller().now_ms);
        let stored = self.store.list_budgets(permit).await?;
        let notices = self.store.list_budget_notices(permit, Month::of(now_ms)).await?;
        let state = |stored: StoredBudget| {
            // A budget of what is gone meanwhile is none.
            let spending = self.directory().spending(account, stored.level, now_ms)?;
            let noticed = notices.iter().filter(|notice| notice.level == stored.level);
            let noticed = noticed.map(|notice| (notice.percent, notice.at_ms)).collect();
            Some(BudgetState { stored, spending, noticed })
        };
        Ok(stored.into_iter().filter_map(state).collect())
    }

    async fn level(&self, caller: &Caller, of: &Budgeted) -> Result<BudgetLevel, Error> {
        Ok(match of {
            Budgeted::Account => BudgetLevel::Account,
            Budgeted::Workspace(workspace) => BudgetLevel::Workspace(*workspace),
            Budgeted::Key(_, key) => BudgetLevel::Key(*key),
            Budgeted::Member(workspace, name) => {
                let user = self.store.find_user(caller.account, name).await?;
                BudgetLevel::Member(*workspace, user.ok_or_else(|| Error::absent("Member"))?.user_id)
            }
        })
    }
}
