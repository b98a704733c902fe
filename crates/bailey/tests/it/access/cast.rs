//! The callers: one of each kind, and the places and things around them.

use serde_json::json;

use super::table::CALLERS;
use crate::world::{Account, Control, Credential, id_of};

/// A caller.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) name: &'static str,
    pub(crate) credential: Credential,
    /// Empty for root.
    pub(crate) user_id: String,
    pub(crate) account: String,
    /// A request of theirs that was refused, to ask about.
    pub(crate) refused_request: String,
}

/// Workspaces, one of each kind of thing.
#[derive(Clone, Debug)]
pub(crate) struct Places {
    pub(crate) own: String,
    pub(crate) beside: String,
    pub(crate) foreign: String,
    pub(crate) absent: String,
}

/// Policy of `denied`: what the other policies and the seat give, taken away again.
const DENIES: &str =
    r#"{"Version":"1","Statement":[{"Effect":"Deny","Action":["modelstudio:*","ram:*"],"Resource":"*"}]}"#;

/// Makes the workspaces.
pub(crate) async fn places(control: &Control, here: &Account, abroad: &Account) -> Places {
    // Of the length and shape of the others, so that lengths of answers can be compared.
    let absent = "llm-aaaaaaaaaaaaaaaa".to_owned();
    Places {
        own: control.workspace(&here.root, "Home").await,
        beside: control.workspace(&here.root, "Beside").await,
        foreign: control.workspace(&abroad.root, "Abroad").await,
        absent,
    }
}

/// Makes the callers of the columns.
pub(crate) async fn callers(
    control: &Control,
    here: &Account,
    abroad: &Account,
    places: &Places,
) -> Vec<Person> {
    let root = &here.root;
    let denies = json!({ "PolicyName": "denies", "PolicyDocument": DENIES });
    control.done(root, "CreatePolicy", denies).await;
    let mut callers = Vec::new();
    for name in CALLERS {
        let (policies, seat): (&[&str], Option<(&str, &[&str])>) = match name {
            "root" | "abroad" => {
                let account = if name == "root" { here } else { abroad };
                callers.push(Person {
                    name,
                    credential: account.root.clone(),
                    user_id: String::new(),
                    account: account.id.clone(),
                    refused_request: String::new(),
                });
                continue;
            }
            "manager" => (&["AliyunBailianFullAccess"], None),
            "both" => (&["AliyunBailianFullAccess"], Some((&places.own, &[]))),
            "reader" => (&["AliyunBailianControlReadOnlyAccess"], None),
            "ram" => (&["AliyunRAMFullAccess"], None),
            "admin" => (&[], Some((&places.own, &["administrator"]))),
            "perm" => (&[], Some((&places.own, &["permission-management"]))),
            "keys" => (&[], Some((&places.own, &["api-key"]))),
            "plain" => (&[], Some((&places.own, &[]))),
            "known" => (&[], None),
            "other" => (&[], Some((&places.beside, &["administrator"]))),
            "denied" => (&["AliyunBailianFullAccess"], Some((&places.own, &["administrator"]))),
            _ => unreachable!("{name} is nobody"),
        };
        let credential = person(control, root, name, policies, seat).await;
        let user = control.done(root, "GetUser", json!({ "UserName": name })).await;
        // Settings are root's alone, so this is refused to everybody who is made here.
        let refused = control.call(&credential, "UpdateSettings", json!({ "quotaUsers": 1 })).await;
        assert_eq!(refused.status, 403);
        if name == "denied" {
            let deny = json!({ "PolicyType": "Custom", "PolicyName": "denies", "UserName": name });
            control.done(root, "AttachPolicyToUser", deny).await;
        }
        callers.push(Person {
            name,
            credential,
            user_id: id_of(&user, "/User/UserId"),
            account: here.id.clone(),
            refused_request: refused.header("x-acs-request-id").to_owned(),
        });
    }
    callers
}

async fn person(
    control: &Control,
    root: &Credential,
    name: &str,
    policies: &[&str],
    seat: Option<(&str, &[&str])>,
) -> Credential {
    let credential = control.user(root, name).await;
    for policy in policies {
        control.attach(root, policy, name).await;
    }
    // Administrators of RAM and managers act without being known to Model Studio.
    if seat.is_some() || policies.is_empty() {
        control.known(root, name).await;
    }
    if let Some((workspace, pages)) = seat {
        control.seat(root, workspace, name, pages).await;
    }
    credential
}

/// Credentials that are not good, by their names in the table. Their owner may do a lot, were they good.
pub(crate) async fn bad_credentials(
    control: &Control,
    here: &Account,
    places: &Places,
) -> Vec<(&'static str, Credential)> {
    let root = &here.root;
    let seat: (&str, &[&str]) = (&places.own, &["administrator"]);
    let inactive =
        person(control, root, "idle", &["AliyunBailianFullAccess", "AliyunRAMFullAccess"], Some(seat)).await;
    let deleted = control.access_key(root, "idle").await;
    let key =
        |credential: &Credential| json!({ "UserName": "idle", "UserAccessKeyId": credential.access_key() });
    let mut off = key(&inactive);
    off["Status"] = json!("Inactive");
    control.done(root, "UpdateAccessKey", off).await;
    control.done(root, "DeleteAccessKey", key(&deleted)).await;
    let (_, api_key) = control.api_key(root, &places.own).await;
    vec![
        ("nobody", Credential::Nothing),
        ("junk", Credential::basic("LTAIAAAAAAAAAAAAAAAAAAAA", "junk")),
        ("wrong-secret", Credential::basic(root.access_key(), "junk")),
        ("inactive", inactive),
        ("deleted", deleted),
        ("api-key", Credential::Bearer(api_key)),
    ]
}
