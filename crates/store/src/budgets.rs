//! Budgets, what was spent of them, and the notices that were given.

use bailey_domain::budget::{Budget, BudgetLevel, Month};
use bailey_domain::change::Change;
use bailey_domain::directory::Crossing;
use bailey_domain::operations::{
    DeleteBudget, DeleteWorkspaceBudget, ListBudgets, ListWorkspaceBudgets, Operation, PutBudget,
    PutWorkspaceBudget,
};
use bailey_domain::scope::Scope;
use bailey_domain::{AccountId, Directory, Error, Permit, WorkspaceId};

use crate::audit::text_of;
use crate::connection::{Connection, on, reading};
use crate::error::{database, stored, to_unsigned};
use crate::store::Store;
use crate::tx::Tx;

/// A budget as it is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredBudget {
    /// What it is about.
    pub level: BudgetLevel,
    /// The workspace of what it is about.
    pub workspace: Option<WorkspaceId>,
    /// The budget.
    pub budget: Budget,
}

/// A percentage that a budget has reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Of which budget.
    pub level: BudgetLevel,
    /// The percentage.
    pub percent: u8,
    /// When it was noticed, in milliseconds since the epoch.
    pub at_ms: i64,
}

/// The operations that set budgets.
pub trait PutsBudget: Operation {}
impl PutsBudget for PutBudget {}
impl PutsBudget for PutWorkspaceBudget {}

/// The operations that take budgets away.
pub trait DeletesBudget: Operation {}
impl DeletesBudget for DeleteBudget {}
impl DeletesBudget for DeleteWorkspaceBudget {}

/// The operations that list budgets: of the whole account, or of one workspace.
pub trait ListsBudgets: Operation {}
impl ListsBudgets for ListBudgets {}
impl ListsBudgets for ListWorkspaceBudgets {}

type Key = (String, String, String, String);

/// A level as the tables have it. `None` when it is not in the workspace, or the account, that it is asked for.
fn key_of(level: BudgetLevel, workspace: Option<WorkspaceId>) -> Option<Key> {
    let (in_workspace, user, key) = match level {
        BudgetLevel::Account => (None, String::new(), String::new()),
        BudgetLevel::Workspace(id) => (Some(id), String::new(), String::new()),
        BudgetLevel::Member(id, user) => (Some(id), user.to_string(), String::new()),
        BudgetLevel::Key(key) => (Some(workspace?), String::new(), key.to_string()),
    };
    let place = in_workspace.map(|id| id.to_string()).unwrap_or_default();
    (in_workspace == workspace).then(|| (level.name().to_owned(), place, user, key))
}

fn level_of((level, workspace, user, key): &Key) -> Result<BudgetLevel, Error> {
    let place = || stored(workspace.parse(), "workspace_id");
    Ok(match level.as_str() {
        "account" => BudgetLevel::Account,
        "workspace" => BudgetLevel::Workspace(place()?),
        "member" => BudgetLevel::Member(place()?, stored(user.parse(), "user_id")?),
        _ => BudgetLevel::Key(stored(key.parse(), "api_key_id")?),
    })
}

type Row = (String, String, String, String, String);

fn budget_of((level, workspace, user, key, budget): Row) -> Result<StoredBudget, Error> {
    let key = (level, workspace, user, key);
    Ok(StoredBudget {
        level: level_of(&key)?,
        workspace: (!key.1.is_empty()).then(|| stored(key.1.parse(), "workspace_id")).transpose()?,
        budget: stored(serde_json::from_str(&budget), "budget")?,
    })
}

/// What was spent at a level between two moments.
async fn spent(
    connection: &mut Connection,
    account: &str,
    key: &Key,
    from: i64,
    to: i64,
) -> Result<u64, Error> {
    const SQL: &str = "SELECT CAST(COALESCE(SUM(cost), 0) AS BIGINT) FROM usage_hours
        WHERE account_id = $1 AND hour_at >= $2 AND hour_at < $3 AND (CAST($4 AS TEXT) = '' OR workspace_id = $4)
            AND (CAST($5 AS TEXT) = '' OR owner_id = $5) AND (CAST($6 AS TEXT) = '' OR api_key_id = $6)";
    let (sum,): (i64,) = on!(*connection, conn => sqlx::query_as(SQL)
        .bind(account).bind(from).bind(to).bind(&key.1).bind(&key.2).bind(&key.3).fetch_one(conn).await)
    .map_err(database)?;
    Ok(to_unsigned(sum))
}

/// The last hour in which something was used at a level.
async fn last_use(connection: &mut Connection, account: &str, key: &Key) -> Result<i64, Error> {
    const SQL: &str = "SELECT MAX(hour_at) FROM usage_hours
        WHERE account_id = $1 AND (CAST($2 AS TEXT) = '' OR workspace_id = $2)
            AND (CAST($3 AS TEXT) = '' OR owner_id = $3) AND (CAST($4 AS TEXT) = '' OR api_key_id = $4)";
    let (last,): (Option<i64>,) = on!(*connection, conn => sqlx::query_as(SQL)
        .bind(account).bind(&key.1).bind(&key.2).bind(&key.3).fetch_one(conn).await)
    .map_err(database)?;
    Ok(last.unwrap_or(0))
}

/// Puts every budget, or those of one account, into the directory, with what was spent in the last month that had use: in
/// a later month, nothing is spent yet.
pub(crate) async fn load(
    connection: &mut Connection,
    only: Option<&str>,
    directory: &Directory,
) -> Result<(), Error> {
    const SQL: &str = "SELECT account_id, level, workspace_id, user_id, api_key_id, budget FROM budgets
        WHERE CAST($1 AS TEXT) IS NULL OR account_id = $1";
    type Owned = (String, String, String, String, String, String);
    let rows: Vec<Owned> =
        on!(*connection, conn => sqlx::query_as(SQL).bind(only).fetch_all(conn).await).map_err(database)?;
    for (account, level, workspace, user, key, budget) in rows {
        let key = (level, workspace, user, key);
        let month_of_ms = last_use(connection, &account, &key).await?;
        let month = Month::of(month_of_ms);
        let spent_micro = spent(connection, &account, &key, month.begins_ms(), month.ends_ms()).await?;
        directory.load([Change::Budget {
            account: stored(account.parse(), "account_id")?,
            level: level_of(&key)?,
            budget: Box::new(stored(serde_json::from_str(&budget), "budget")?),
            month_of_ms,
            spent_micro,
        }])?;
    }
    Ok(())
}

impl Store {
    /// The budgets of the account, or of the permit's workspace with its members and keys.
    pub async fn list_budgets<O: ListsBudgets>(
        &self,
        permit: &Permit<O>,
    ) -> Result<Vec<StoredBudget>, Error> {
        const SQL: &str = "SELECT level, workspace_id, user_id, api_key_id, budget FROM budgets
            WHERE account_id = $1 AND (CAST($2 AS TEXT) = '' OR workspace_id = $2)
            ORDER BY workspace_id, user_id, api_key_id, level";
        let workspace = permit.scope().workspace().map(|id| id.to_string()).unwrap_or_default();
        let rows: Vec<Row> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(permit.caller().account.to_string()).bind(workspace).fetch_all(pool).await)
        .map_err(database)?;
        rows.into_iter().map(budget_of).collect()
    }

    /// The notices of a month, oldest first.
    pub async fn list_budget_notices<O: ListsBudgets>(
        &self,
        permit: &Permit<O>,
        month: Month,
    ) -> Result<Vec<Notice>, Error> {
        const SQL: &str =
            "SELECT level, workspace_id, user_id, api_key_id, percent, noticed_at FROM budget_notices
            WHERE account_id = $1 AND month_at = $2 AND (CAST($3 AS TEXT) = '' OR workspace_id = $3)
            ORDER BY noticed_at, percent";
        type Found = (String, String, String, String, i64, i64);
        let workspace = permit.scope().workspace().map(|id| id.to_string()).unwrap_or_default();
        let rows: Vec<Found> = reading!(self.pools, pool => sqlx::query_as(SQL)
            .bind(permit.caller().account.to_string()).bind(month.begins_ms()).bind(workspace).fetch_all(pool).await)
        .map_err(database)?;
        let notice = |(level, workspace, user, key, percent, at_ms)| {
            let level = level_of(&(level, workspace, user, key))?;
            Ok(Notice { level, percent: u8::try_from(percent).unwrap_or(u8::MAX), at_ms })
        };
        rows.into_iter().map(notice).collect()
    }

    /// Writes down that budgets have reached percentages: once in a month, however often it is said.
    pub async fn record_budget_notices(&self, crossings: &[Crossing], now_ms: i64) -> Result<(), Error> {
        // A key's budget stands with its workspace, which the crossing does not name.
        const SQL: &str = "INSERT INTO budget_notices
                (account_id, level, workspace_id, user_id, api_key_id, month_at, percent, noticed_at)
            SELECT account_id, level, workspace_id, user_id, api_key_id,
                CAST($6 AS BIGINT), CAST($7 AS BIGINT), CAST($8 AS BIGINT) FROM budgets
            WHERE account_id = $1 AND level = $2 AND (workspace_id = $3 OR level = 'key') AND user_id = $4
                AND api_key_id = $5
            ON CONFLICT DO NOTHING";
        let mut connection = self.pools.begin().await.map_err(database)?;
        for Crossing { account, level, month, percent } in crossings {
            let (workspace, user, key) = match level {
                BudgetLevel::Account => Default::default(),
                BudgetLevel::Workspace(id) => (id.to_string(), String::new(), String::new()),
                BudgetLevel::Member(id, user) => (id.to_string(), user.to_string(), String::new()),
                BudgetLevel::Key(key) => (String::new(), String::new(), key.to_string()),
            };
            on!(connection, conn => sqlx::query(SQL)
                .bind(account.to_string()).bind(level.name()).bind(workspace).bind(user).bind(key)
                .bind(month.begins_ms()).bind(i64::from(*percent)).bind(now_ms)
                .execute(conn).await.map(drop))
            .map_err(database)?;
        }
        connection.commit().await.map_err(database)
    }
}

impl Tx {
    /// A budget as this transaction sees it.
    pub async fn find_budget(
        &mut self,
        account: AccountId,
        level: BudgetLevel,
        workspace: Option<WorkspaceId>,
    ) -> Result<Option<Budget>, Error> {
        const SQL: &str = "SELECT budget FROM budgets
            WHERE account_id = $1 AND level = $2 AND workspace_id = $3 AND user_id = $4 AND api_key_id = $5";
        let Some((name, place, user, key)) = key_of(level, workspace) else { return Ok(None) };
        let row: Option<(String,)> = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(name).bind(place).bind(user).bind(key).fetch_optional(conn).await)
        .map_err(database)?;
        row.map(|(budget,)| stored(serde_json::from_str(&budget), "budget")).transpose()
    }

    /// Sets a budget of the account, or of something in the permit's workspace. What was spent this month counts.
    pub async fn put_budget<O: PutsBudget>(
        &mut self,
        permit: &Permit<O>,
        level: BudgetLevel,
        budget: &Budget,
    ) -> Result<(), Error> {
        const SQL: &str = "
            INSERT INTO budgets (account_id, level, workspace_id, user_id, api_key_id, budget) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (account_id, level, workspace_id, user_id, api_key_id) DO UPDATE SET budget = excluded.budget";
        let (account, month_of_ms) = (permit.caller().account, permit.caller().now_ms);
        let key = key_of(level, permit.scope().workspace()).ok_or_else(|| Error::absent("Budget"))?;
        self.demand_about(permit, level).await?;
        let month = Month::of(month_of_ms);
        let connection = &mut self.connection;
        let spent_micro =
            spent(connection, &account.to_string(), &key, month.begins_ms(), month.ends_ms()).await?;
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(account.to_string()).bind(&key.0).bind(&key.1).bind(&key.2).bind(&key.3).bind(text_of(budget)?)
            .execute(conn).await.map(drop))
        .map_err(database)?;
        self.note(Change::Budget {
            account,
            level,
            budget: Box::new(budget.clone()),
            month_of_ms,
            spent_micro,
        });
        Ok(())
    }

    /// Takes a budget away, with its notices.
    pub async fn delete_budget<O: DeletesBudget>(
        &mut self,
        permit: &Permit<O>,
        level: BudgetLevel,
    ) -> Result<(), Error> {
        const BUDGET: &str = "DELETE FROM budgets
            WHERE account_id = $1 AND level = $2 AND workspace_id = $3 AND user_id = $4 AND api_key_id = $5";
        const NOTICES: &str = "DELETE FROM budget_notices
            WHERE account_id = $1 AND level = $2 AND workspace_id = $3 AND user_id = $4 AND api_key_id = $5";
        let account = permit.caller().account;
        let key = key_of(level, permit.scope().workspace()).ok_or_else(|| Error::absent("Budget"))?;
        let mut found = 0;
        for sql in [NOTICES, BUDGET] {
            found = on!(self.connection, conn => sqlx::query(sql)
                .bind(account.to_string()).bind(&key.0).bind(&key.1).bind(&key.2).bind(&key.3)
                .execute(conn).await.map(|done| done.rows_affected()))
            .map_err(database)?;
        }
        if found == 0 {
            return Err(Error::absent("Budget"));
        }
        self.note(Change::BudgetGone { account, level });
        Ok(())
    }

    /// Whether there is what a budget is to be about, in the permit's workspace.
    async fn demand_about<O: PutsBudget>(
        &mut self,
        permit: &Permit<O>,
        level: BudgetLevel,
    ) -> Result<(), Error> {
        let workspace = permit.scope().workspace();
        match level {
            BudgetLevel::Account | BudgetLevel::Workspace(_) => Ok(()),
            BudgetLevel::Member(id, user) => match self.find_member(id, user).await? {
                Some(_) if Some(id) == workspace => Ok(()),
                _ => Err(Error::absent("Member")),
            },
            BudgetLevel::Key(key) => match self.find_api_key(permit.caller().account, key).await? {
                Some(found) if Some(found.workspace_id) == workspace => Ok(()),
                _ => Err(Error::absent("ApiKey")),
            },
        }
    }
}
