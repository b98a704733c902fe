//! What if.

use bailey_acs::parameters::Parameters;
use bailey_control::{Compared, Holder, Proposal, Replay, Simulation};
use bailey_domain::Error;
use bailey_domain::change::{LimitLevel, PolicyType};
use bailey_domain::decision::Decision;
use bailey_domain::name::{GroupName, ModelName, PolicyName, RoleName, UserName};
use bailey_domain::page::Pages;
use serde_json::{Value, json};

use crate::explain::question;
use crate::failure::Failure;
use crate::limits;
use crate::read::{self, moment};
use crate::routes::{Answer, Call};

/// How many earlier requests are asked again, unless told otherwise, and at most.
const REPLAYED: (i64, i64) = (100, 1000);

fn policy_name(change: &Parameters) -> Result<PolicyName, Failure> {
    Ok(PolicyName::parse("policyName", &change.required_text("policyName")?)?)
}

fn user_name(change: &Parameters) -> Result<UserName, Failure> {
    Ok(UserName::parse("userName", &change.required_text("userName")?)?)
}

fn policy_type(change: &Parameters) -> Result<PolicyType, Failure> {
    match change.text("policyType")?.as_deref() {
        Some("System") => Ok(PolicyType::System),
        None | Some("Custom") => Ok(PolicyType::Custom),
        Some(_) => Err(change.invalid("policyType", "must be System or Custom").into()),
    }
}

fn holder(change: &Parameters) -> Result<Holder, Failure> {
    let to = change.object("to")?.ok_or_else(|| change.missing("to"))?;
    let name = to.required_text("name")?;
    Ok(match to.required_text("type")?.as_str() {
        "user" => Holder::User(UserName::parse("name", &name)?),
        "group" => Holder::Group(GroupName::parse("name", &name)?),
        "role" => Holder::Role(RoleName::parse("name", &name)?),
        _ => return Err(to.invalid("type", "must be user, group or role").into()),
    })
}

/// Whose limits: a key's, a workspace's or the account's.
fn level(change: &Parameters) -> Result<LimitLevel, Failure> {
    let key = change.text("apiKeyId")?;
    let key = key.map(|id| id.parse().map_err(|_| Error::absent("ApiKey"))).transpose()?;
    match (key, read::optional_workspace(change)?) {
        (Some(key), None) => Ok(LimitLevel::Key(key)),
        (None, Some(workspace)) => Ok(LimitLevel::Workspace(workspace)),
        (None, None) => Ok(LimitLevel::Account),
        (Some(_), Some(_)) => {
            Err(change.invalid("workspaceId", "stands beside `apiKeyId`; give one of the two").into())
        }
    }
}

fn proposal(change: &Parameters) -> Result<Proposal, Failure> {
    let kind = change.required_text("type")?;
    Ok(match kind.as_str() {
        "policy" => Proposal::Policy {
            name: policy_name(change)?,
            document: change.document("document")?.ok_or_else(|| change.missing("document"))?,
        },
        "attach" | "detach" => Proposal::Attachment {
            attach: kind == "attach",
            policy_type: policy_type(change)?,
            policy: policy_name(change)?,
            to: holder(change)?,
            workspace: read::optional_workspace(change)?,
        },
        "member" => {
            // Left out is no answer to what becomes of the seat; `null` takes it away.
            if !change.names().any(|name| name == "pages") {
                return Err(change.missing("pages").into());
            }
            let pages = change.texts("pages")?;
            Proposal::Member {
                workspace: read::workspace(change)?,
                user: user_name(change)?,
                pages: pages.map(|pages| Pages::parse("pages", &pages)).transpose()?,
            }
        }
        "grant" => Proposal::Grant {
            workspace: read::workspace(change)?,
            model: ModelName::parse("model", &change.required_text("model")?)?,
            inference: change.boolean("inference")?.ok_or_else(|| change.missing("inference"))?,
        },
        "limit" => Proposal::Limit { level: level(change)?, change: limits::change(change)? },
        _ => {
            let kinds = "must be policy, attach, detach, member, grant or limit";
            return Err(change.invalid("type", kinds).into());
        }
    })
}

fn replay(call: &Call<'_>) -> Result<Option<Replay>, Failure> {
    let Some(decisions) = call.parameters.object("decisions")? else { return Ok(None) };
    let (usual, most) = REPLAYED;
    let limit = decisions.integer("limit", 1..=most)?.unwrap_or(usual);
    Ok(Some(Replay {
        from: moment(&decisions, "from")?.unwrap_or(0),
        to: moment(&decisions, "to")?.unwrap_or(i64::MAX),
        limit: u32::try_from(limit).map_err(bailey_domain::Error::internal)?,
    }))
}

fn decided(decision: &Decision) -> Value {
    json!({ "outcome": decision.outcome, "reason": decision.reason })
}

fn shown(compared: &Compared) -> Value {
    let mut fields = json!({
        "before": decided(&compared.before), "after": decided(&compared.after), "change": compared.change(),
    });
    if let Some(replayed) = &compared.replayed {
        fields["replayed"] =
            json!({ "requestId": replayed.request_id, "what": replayed.what, "who": replayed.who });
    }
    fields
}

pub(crate) async fn simulate_access(call: &Call<'_>) -> Answer {
    let list = |name| Ok::<_, Failure>(call.parameters.objects(name)?.unwrap_or_default());
    let simulation = Simulation {
        changes: list("changes")?.iter().map(proposal).collect::<Result<_, _>>()?,
        requests: list("requests")?.iter().map(question).collect::<Result<_, _>>()?,
        replay: replay(call)?,
    };
    call.finish()?;
    let done = call.api.control().simulate_access(call.caller, &simulation).await?;
    let count = |change| done.requests.iter().filter(|compared| compared.change() == change).count();
    Ok(json!({
        "results": done.requests.iter().map(shown).collect::<Vec<_>>(),
        "totals": { "gains": count("gains"), "loses": count("loses"), "same": count("same"), "skipped": done.skipped },
        "revision": done.revision,
    }))
}
