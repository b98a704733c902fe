//! RAM groups and who is in them.

use bailey_control::{Group, GroupUpdate};
use bailey_domain::name::GroupName;
use serde_json::{Value, json};

use crate::read::date;
use crate::routes::{Answer, Call};
use crate::users::paged;

fn shown(group: &Group) -> Value {
    json!({
        "GroupId": group.group_id, "GroupName": group.name, "Comments": group.comments,
        "CreateDate": date(group.created_at),
    })
}

fn with_update(group: &Group) -> Value {
    let mut fields = shown(group);
    fields["UpdateDate"] = json!(date(group.updated_at));
    fields
}

pub(crate) async fn create_group(call: &Call<'_>) -> Answer {
    let name = call.group_name()?;
    let comments = call.parameters.document("Comments")?;
    call.finish()?;
    let group = call.api.control().create_group(call.caller, name, comments).await?;
    Ok(json!({ "Group": shown(&group) }))
}

pub(crate) async fn get_group(call: &Call<'_>) -> Answer {
    let name = call.group_name()?;
    call.finish()?;
    let group = call.api.control().get_group(call.caller, &name).await?;
    Ok(json!({ "Group": with_update(&group) }))
}

pub(crate) async fn update_group(call: &Call<'_>) -> Answer {
    let name = call.group_name()?;
    let new_name = call.parameters.text("NewGroupName")?;
    let update = GroupUpdate {
        name: new_name.map(|text| GroupName::parse("NewGroupName", &text)).transpose()?,
        comments: call.parameters.document("NewComments")?,
    };
    call.finish()?;
    let group = call.api.control().update_group(call.caller, &name, update).await?;
    Ok(json!({ "Group": with_update(&group) }))
}

pub(crate) async fn delete_group(call: &Call<'_>) -> Answer {
    let name = call.group_name()?;
    call.finish()?;
    call.api.control().delete_group(call.caller, &name).await?;
    Ok(json!({}))
}

pub(crate) async fn list_groups(call: &Call<'_>) -> Answer {
    let cursor = call.ram_groups_cursor()?;
    call.finish()?;
    let page = call.api.control().list_groups(call.caller, &cursor).await?;
    let groups: Vec<_> = page.rows.iter().map(with_update).collect();
    Ok(paged(json!({ "Groups": { "Group": groups } }), call.token(&page)))
}

pub(crate) async fn add_user_to_group(call: &Call<'_>) -> Answer {
    let (user, group) = (call.user_name("UserName")?, call.group_name()?);
    call.finish()?;
    call.api.control().add_user_to_group(call.caller, &user, &group).await?;
    Ok(json!({}))
}

pub(crate) async fn remove_user_from_group(call: &Call<'_>) -> Answer {
    let (user, group) = (call.user_name("UserName")?, call.group_name()?);
    call.finish()?;
    call.api.control().remove_user_from_group(call.caller, &user, &group).await?;
    Ok(json!({}))
}

pub(crate) async fn list_groups_for_user(call: &Call<'_>) -> Answer {
    let user = call.user_name("UserName")?;
    call.finish()?;
    let joined = call.api.control().list_groups_for_user(call.caller, &user).await?;
    let groups: Vec<_> = joined
        .iter()
        .map(|group| {
            json!({
                "GroupId": group.group_id, "GroupName": group.name, "Comments": group.comments,
                "JoinDate": date(group.joined_at),
            })
        })
        .collect();
    Ok(json!({ "Groups": { "Group": groups } }))
}

pub(crate) async fn list_users_for_group(call: &Call<'_>) -> Answer {
    let name = call.group_name()?;
    let cursor = call.ram_cursor()?;
    call.finish()?;
    let page = call.api.control().list_users_for_group(call.caller, &name, &cursor).await?;
    let user = |user: &bailey_control::GroupUser| json!({ "UserName": user.name, "DisplayName": user.display_name, "JoinDate": date(user.joined_at) });
    let users: Vec<_> = page.rows.iter().map(user).collect();
    Ok(paged(json!({ "Users": { "User": users } }), call.token(&page)))
}
