//! What the operations of IMS are asked.

use serde_json::{Value, json};

use super::{Asked, Outcome, Stage};
use crate::world::{Control, Credential, id_of};

/// Switched off, so that nobody is kept out.
const ANYWHERE: &str = r#"{"Version":1,"Status":"Inactive","Statements":[]}"#;

/// A user's id.
pub(super) async fn user_id(control: &Control, root: &Credential, user: &str) -> String {
    id_of(&control.done(root, "GetUser", json!({ "UserName": user })).await, "/User/UserId")
}

/// A service credential of a user.
pub(super) async fn service_credential(control: &Control, root: &Credential, user: &str) -> String {
    let parameters =
        json!({ "UserPrincipalName": user, "ServiceName": "modelstudio", "ServiceCredentialName": "ci" });
    let made = control.done(root, "CreateServiceCredential", parameters).await;
    id_of(&made, "/ServiceCredential/ServiceCredentialId")
}

/// An access key of a user who is there, in the recycle bin.
async fn recycled_key(control: &Control, root: &Credential, owner: &str) -> String {
    let key = control.access_key(root, owner).await.access_key().to_owned();
    control.done(root, "DeleteAccessKey", json!({ "UserName": owner, "UserAccessKeyId": key })).await;
    key
}

/// A user's id in the recycle bin.
async fn recycled_user(control: &Control, root: &Credential, user: &str) -> String {
    let made = control.done(root, "CreateUser", json!({ "UserName": user })).await;
    control.done(root, "DeleteUser", json!({ "UserName": user })).await;
    id_of(&made, "/User/UserId")
}

/// A user in the recycle bin, and an access key there of a user who is not.
pub(super) async fn recycled(
    control: &Control,
    root: &Credential,
    user: &str,
    owner: &str,
) -> (String, String) {
    (recycled_user(control, root, user).await, recycled_key(control, root, owner).await)
}

impl Stage {
    pub(super) async fn ims(&mut self, operation: &str, thing: &'static str, outcome: Outcome) -> Asked {
        match operation {
            "SetAccessKeyPolicy" => {
                self.with_access_key(thing, outcome, &json!({ "AccessKeyPolicy": ANYWHERE })).await
            }
            "GetAccessKeyPolicy" => self.with_access_key(thing, outcome, &json!({})).await,
            "SetAccessKeyPolicyForAccount" => {
                Asked::new(json!({ "AccessKeyPolicy": ANYWHERE }), &json!({}), &[])
            }
            "GetAccountSummary"
            | "ListUserBasicInfos"
            | "GetAccessKeyPolicyForAccount"
            | "ListUsersInRecycleBin"
            | "GenerateCredentialReport"
            | "GetCredentialReport" => Asked::new(json!({}), &json!({}), &[]),
            _ if operation.contains("ServiceCredential") => {
                self.on_service_credential(operation, thing, outcome).await
            }
            _ if operation.contains("RecycleBin") => self.in_recycle_bin(operation, thing, outcome).await,
            _ => panic!("the stage does not know {operation}"),
        }
    }

    /// A user's access key: a passing one where the call is to be done.
    async fn with_access_key(&mut self, thing: &'static str, outcome: Outcome, further: &Value) -> Asked {
        let (user, key) = match outcome {
            Outcome::Done => {
                let user = self.passing("user");
                let key = self.control.user(&self.here.root, &user).await.access_key().to_owned();
                (user, key)
            }
            Outcome::Refused => (Self::name("lasting", thing), self.kept("access key", thing)),
        };
        Asked::new(json!({ "UserPrincipalName": user, "UserAccessKeyId": key }), further, &[&user, &key])
    }

    async fn on_service_credential(
        &mut self,
        operation: &str,
        thing: &'static str,
        outcome: Outcome,
    ) -> Asked {
        let (user, credential) = match outcome {
            Outcome::Done => {
                let (user, root) = (self.passing("user"), self.here.root.clone());
                self.control.done(&root, "CreateUser", json!({ "UserName": user })).await;
                let credential = service_credential(&self.control, &root, &user).await;
                (user, credential)
            }
            Outcome::Refused => (Self::name("lasting", thing), self.kept("service credential", thing)),
        };
        let further = match operation {
            "CreateServiceCredential" => {
                json!({ "ServiceName": "bailian", "ServiceCredentialName": "more" })
            }
            "ListServiceCredentials" => json!({}),
            "UpdateServiceCredential" => json!({ "ServiceCredentialId": credential, "Status": "Inactive" }),
            _ => json!({ "ServiceCredentialId": credential }),
        };
        Asked::new(json!({ "UserPrincipalName": user }), &further, &[&user, &credential])
    }

    async fn in_recycle_bin(&mut self, operation: &str, thing: &'static str, outcome: Outcome) -> Asked {
        let root = self.here.root.clone();
        let is_passing = outcome == Outcome::Done;
        if operation.contains("UserI") || operation.contains("UserF") {
            let id = if is_passing {
                let name = self.passing("recycled");
                recycled_user(&self.control, &root, &name).await
            } else {
                self.kept("recycled user", thing)
            };
            return Asked::new(json!({ "UserId": id }), &json!({}), &[&id]);
        }
        let (user, key) = if is_passing {
            let name = self.passing("owner");
            let made = self.control.done(&root, "CreateUser", json!({ "UserName": name })).await;
            let key = recycled_key(&self.control, &root, &name).await;
            (id_of(&made, "/User/UserId"), key)
        } else {
            (self.kept("user id", thing), self.kept("recycled key", thing))
        };
        match operation {
            "ListAccessKeysInRecycleBin" => Asked::new(json!({ "UserId": user }), &json!({}), &[&user]),
            "GetAccessKeyInfoInRecycleBin" => {
                Asked::new(json!({ "UserAccessKeyId": key }), &json!({}), &[&key])
            }
            _ => {
                let parameters = json!({ "UserId": user, "UserAccessKeyId": key });
                Asked::new(parameters, &json!({}), &[&user, &key])
            }
        }
    }
}
