//! RAM roles.

use bailey_control::{Role, RoleText, WithTags};
use bailey_domain::AccountId;
use serde_json::{Map, Value, json};

use crate::failure::Failure;
use crate::read::date;
use crate::routes::{Answer, Call};
use crate::tags;
use crate::users::paged;

/// How the real service writes a role's ARN: with its name in small letters.
pub(crate) fn arn_of(account: AccountId, name: &str) -> String {
    format!("acs:ram::{account}:role/{}", name.to_lowercase())
}

/// A role as lists show it.
fn shown(account: AccountId, role: &Role) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("RoleId".into(), json!(role.role_id));
    fields.insert("RoleName".into(), json!(role.name));
    fields.insert("Arn".into(), json!(arn_of(account, role.name.as_str())));
    fields.insert("Description".into(), json!(role.description));
    fields.insert("MaxSessionDuration".into(), json!(role.max_session_duration));
    fields.insert("AllowConsoleLogin".into(), json!(role.allow_console_login));
    fields.insert("CreateDate".into(), json!(date(role.created_at)));
    fields.insert("UpdateDate".into(), json!(date(role.updated_at)));
    fields
}

/// The same with its trust policy, which lists leave out.
fn whole(account: AccountId, role: &Role) -> Value {
    let mut fields = shown(account, role);
    fields.insert("AssumeRolePolicyDocument".into(), json!(role.trust_policy));
    fields.insert("IsServiceLinkedRole".into(), json!(false));
    json!({ "Role": fields })
}

fn texts(call: &Call<'_>, prefix: &str) -> Result<RoleText, Failure> {
    let name = |name: &str| format!("{prefix}{name}");
    let seconds = call.parameters.integer(&name("MaxSessionDuration"), 0..=i64::from(u32::MAX))?;
    Ok(RoleText {
        description: call.parameters.document(&name("Description"))?,
        trust_policy: call.parameters.document(&name("AssumeRolePolicyDocument"))?,
        max_session_duration: seconds.map(i64::unsigned_abs),
        allow_console_login: call.parameters.boolean(&name("AllowConsoleLogin"))?,
        tags: Vec::new(),
    })
}

pub(crate) async fn create_role(call: &Call<'_>) -> Answer {
    let name = call.role_name()?;
    let text = RoleText { tags: call.tags()?, ..texts(call, "")? };
    if text.trust_policy.is_none() {
        return Err(call.parameters.missing("AssumeRolePolicyDocument").into());
    }
    call.finish()?;
    let role = call.api.control().create_role(call.caller, name, text).await?;
    Ok(whole(call.caller.account, &role))
}

pub(crate) async fn get_role(call: &Call<'_>) -> Answer {
    let name = call.role_name()?;
    call.finish()?;
    let role = call.api.control().get_role(call.caller, &name).await?;
    Ok(whole(call.caller.account, &role))
}

pub(crate) async fn update_role(call: &Call<'_>) -> Answer {
    let name = call.role_name()?;
    let text = texts(call, "New")?;
    call.finish()?;
    let role = call.api.control().update_role(call.caller, &name, text).await?;
    Ok(whole(call.caller.account, &role))
}

pub(crate) async fn delete_role(call: &Call<'_>) -> Answer {
    let name = call.role_name()?;
    call.finish()?;
    call.api.control().delete_role(call.caller, &name).await?;
    Ok(json!({}))
}

pub(crate) async fn list_roles(call: &Call<'_>) -> Answer {
    let (wanted, cursor) = (call.tag_filters()?, call.ram_cursor()?);
    call.finish()?;
    let page = call.api.control().list_roles(call.caller, &wanted, &cursor).await?;
    let listed = |role: &WithTags<Role>| {
        let mut fields = shown(call.caller.account, &role.row);
        fields.insert("Tags".into(), tags::shown(&role.tags));
        fields
    };
    let roles: Vec<_> = page.rows.iter().map(listed).collect();
    Ok(paged(json!({ "Roles": { "Role": roles } }), call.token(&page)))
}
