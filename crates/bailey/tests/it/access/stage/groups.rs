//! What the operations of RAM groups are asked.

use serde_json::{Value, json};

use super::{Asked, HELD, Outcome, Stage, changes};

impl Stage {
    pub(super) async fn group(&mut self, operation: &str, thing: &'static str, outcome: Outcome) -> Asked {
        let (mut group, mut user) = (Self::name("group", thing), Self::name("lasting", thing));
        let done = outcome == Outcome::Done;
        if changes(operation) && done {
            (group, user) = (self.passing("group"), self.passing("user"));
            self.passing_group(operation, &group, &user).await;
        }
        let on_group = |further: Value| Asked::new(json!({ "GroupName": group }), &further, &[&group]);
        match operation {
            "ListGroups" => Asked::new(json!({}), &json!({}), &[]),
            "CreateGroup" if !done => Asked::new(json!({ "GroupName": "never" }), &json!({}), &[]),
            "UpdateGroup" => on_group(json!({ "NewComments": "changed" })),
            "ListGroupsForUser" => Asked::new(json!({ "UserName": user }), &json!({}), &[&user]),
            "AddUserToGroup" | "RemoveUserFromGroup" => {
                Asked::new(json!({ "GroupName": group, "UserName": user }), &json!({}), &[&group, &user])
            }
            "AttachPolicyToGroup" if !done => {
                on_group(json!({ "PolicyType": "System", "PolicyName": "AdministratorAccess" }))
            }
            "AttachPolicyToGroup" | "DetachPolicyFromGroup" => {
                on_group(json!({ "PolicyType": "System", "PolicyName": HELD }))
            }
            "CreateGroup" | "GetGroup" | "DeleteGroup" | "ListUsersForGroup" | "ListPoliciesForGroup" => {
                on_group(json!({}))
            }
            _ => panic!("the stage does not know {operation}"),
        }
    }

    /// A passing group for what changes it.
    async fn passing_group(&self, operation: &str, group: &str, user: &str) {
        let (control, root) = (&self.control, &self.here.root);
        if operation != "CreateGroup" {
            control.done(root, "CreateGroup", json!({ "GroupName": group })).await;
        }
        if operation.contains("User") {
            control.done(root, "CreateUser", json!({ "UserName": user })).await;
        }
        match operation {
            "RemoveUserFromGroup" => control.join(root, group, user).await,
            "DetachPolicyFromGroup" => {
                let held = json!({ "PolicyType": "System", "PolicyName": HELD, "GroupName": group });
                control.done(root, "AttachPolicyToGroup", held).await;
            }
            _ => {}
        }
    }
}
