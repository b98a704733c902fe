//! What a key may call and how much of it, for its own holder: the native paths of permissions, limits and quotas.
//!
//! The vendor has the first two on this side as well, in snake case; there they change things too, which is the control
//! listener's here: a key is no administrator.

use bailey_domain::directory::{Level, Quota};
use bailey_domain::limit::{Rate, Standing};
use http::Response;
use serde_json::{Value, json};

use crate::answer::{invalid, json};
use crate::query::{Paging, Query};
use crate::surface::Reply;
use crate::worker::Body;

/// What is asked about the models of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum About {
    /// What the workspace may do with them.
    Permissions,
    /// The limits.
    Limits,
    /// How full the limits are.
    Quotas,
}

/// Answers about the models of a key, page by page.
pub(crate) fn list(reply: Reply, about: About, quotas: &[Quota], query: Option<&str>) -> Response<Body> {
    let query = Query(query.unwrap_or_default());
    let paging = match Paging::of(&query) {
        Ok(paging) => paging,
        Err(wrong) => return invalid(reply, wrong),
    };
    let named = query.text("model");
    let wanted =
        quotas.iter().filter(|quota| named.as_deref().is_none_or(|named| *quota.model.name == *named));
    let shown = wanted.map(|quota| match about {
        About::Permissions => permissions(quota),
        About::Limits => limits(quota),
        About::Quotas => standings(quota),
    });
    let output = paging.page(shown.collect());
    let id = reply.id.as_str();
    json(reply, &json!({"request_id": id, "code": "", "message": "", "success": true, "output": output}))
}

fn permissions(quota: &Quota) -> Value {
    let grant = quota.grant;
    let permissions =
        json!({"inference": grant.inference, "finetune": grant.fine_tune, "deploy": grant.deploy});
    json!({"model": quota.model.name, "name": quota.model.model.name, "permissions": permissions})
}

fn limits(quota: &Quota) -> Value {
    let [account, workspace, key] = quota.levels.map(|level| level.map(|level| values(&level)));
    json!({
        "model": quota.model.name, "name": quota.model.model.name,
        "model_limit": account, "workspace_limit": workspace, "key_limit": key,
    })
}

fn values(level: &Level) -> Value {
    let (requests, tokens) = (level.limits.requests, level.limits.tokens);
    let amount = |rate: Option<Rate>| rate.map(|rate| rate.amount);
    let period = |rate: Option<Rate>| rate.map(|rate| rate.period_seconds);
    json!({
        "request_limit": amount(requests), "request_limit_period": period(requests),
        "usage_limit": amount(tokens), "usage_limit_field": tokens.map(|_| "total_tokens"),
        "usage_limit_period": period(tokens), "concurrency_limit": level.limits.concurrency,
    })
}

fn standings(quota: &Quota) -> Value {
    let [account, workspace, key] = quota.levels.map(|level| level.map(|level| standing(&level)));
    json!({"model": quota.model.name, "account": account, "workspace": workspace, "key": key})
}

fn standing(level: &Level) -> Value {
    let of = |standing: Option<Standing>| {
        standing.map(|Standing { limit, remaining, .. }| json!({"limit": limit, "remaining": remaining}))
    };
    let concurrency =
        level.limits.concurrency.map(|most| json!({"limit": most, "in_flight": level.in_flight}));
    json!({"requests": of(level.requests), "tokens": of(level.tokens), "concurrency": concurrency})
}
