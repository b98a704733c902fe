//! Budgets.

use bailey_control::{BudgetState, Budgeted};
use bailey_domain::Error;
use bailey_domain::budget::{Budget, BudgetLevel, MOST_AMOUNT};
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::routes::{Answer, Call};

/// What a budget is about: the account, a workspace, or somebody or a key in one.
fn budgeted(call: &Call<'_>) -> Result<Budgeted, Failure> {
    let (user, key) = (call.optional_user_name("userName")?, call.parameters.text("apiKeyId")?);
    let key = key.filter(|text| !text.is_empty());
    if user.is_some() && key.is_some() {
        return Err(Error::field(
            "apiKeyId",
            "cannot stand beside `userName`; a budget is about one of them",
        )
        .into());
    }
    let Some(workspace) = call.optional_workspace()? else {
        let lacks = user.is_some() || key.is_some();
        return if lacks {
            Err(call.parameters.missing("workspaceId").into())
        } else {
            Ok(Budgeted::Account)
        };
    };
    Ok(match (user, key) {
        (Some(user), _) => Budgeted::Member(workspace, user),
        (None, Some(key)) => Budgeted::Key(workspace, key.parse().map_err(|_| Error::absent("ApiKey"))?),
        (None, None) => Budgeted::Workspace(workspace),
    })
}

pub(crate) async fn put_budget(call: &Call<'_>) -> Answer {
    let of = budgeted(call)?;
    let amount =
        call.parameters.integer("amountMicro", 0..=i64::try_from(MOST_AMOUNT).unwrap_or(i64::MAX))?;
    let amount = amount.ok_or_else(|| call.parameters.missing("amountMicro"))?;
    let notices = call.parameters.integers("notices", 1..=100)?.unwrap_or_default();
    let notices = notices.into_iter().filter_map(|percent| u8::try_from(percent).ok()).collect();
    let hard_stop = call.parameters.boolean("hardStop")?.unwrap_or(false);
    call.finish()?;
    let budget = Budget::new(amount.unsigned_abs(), notices, hard_stop)?;
    call.api.control().put_budget(call.caller, &of, &budget).await?;
    Ok(json!({}))
}

pub(crate) async fn delete_budget(call: &Call<'_>) -> Answer {
    let of = budgeted(call)?;
    call.finish()?;
    call.api.control().delete_budget(call.caller, &of).await?;
    Ok(json!({}))
}

fn shown(state: &BudgetState) -> Value {
    let BudgetState { stored, spending, noticed } = state;
    let (user, key) = match stored.level {
        BudgetLevel::Account | BudgetLevel::Workspace(_) => (None, None),
        BudgetLevel::Member(_, user) => (Some(user), None),
        BudgetLevel::Key(key) => (None, Some(key)),
    };
    let noticed: Vec<Value> =
        noticed.iter().map(|(percent, at)| json!({ "percent": percent, "noticedAt": at })).collect();
    json!({
        "level": stored.level.name(), "workspaceId": stored.workspace, "userId": user, "apiKeyId": key,
        "amountMicro": stored.budget.amount_micro, "notices": stored.budget.notices, "hardStop": stored.budget.hard_stop,
        "month": spending.month.to_string(), "spentMicro": spending.spent_micro, "reservedMicro": spending.reserved_micro,
        "noticed": noticed,
    })
}

pub(crate) async fn list_budgets(call: &Call<'_>) -> Answer {
    let workspace = call.optional_workspace()?;
    call.finish()?;
    let budgets = call.api.control().list_budgets(call.caller, workspace).await?;
    Ok(json!({ "budgets": budgets.iter().map(shown).collect::<Vec<_>>() }))
}
