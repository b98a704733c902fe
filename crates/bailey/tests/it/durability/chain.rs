//! The audit chain, and the state that it says there is.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use serde_json::{Value, json};

use crate::world::{Control, Credential, id_of};

/// An API key as the chain tells its story.
#[derive(Clone, Debug)]
pub(crate) struct Key {
    workspace: String,
    /// The owner's name; empty for root.
    owner: String,
    disabled: bool,
    /// Whether the seat under which it was made, or restored, still stands.
    seated: bool,
}

/// Everything that the chain has said so far.
#[derive(Debug, Default)]
pub(crate) struct Chain {
    requests: HashSet<String>,
    sequence: u64,
    revision: u64,
    token: Option<String>,
    users: BTreeMap<String, String>,
    known: BTreeSet<String>,
    /// Workspace and user.
    seats: BTreeSet<(String, String)>,
    keys: BTreeMap<String, Key>,
}

impl Chain {
    pub(crate) fn last_revision(&self) -> u64 {
        self.revision
    }

    pub(crate) fn holds(&self, request: &str) -> bool {
        self.requests.contains(request)
    }

    pub(crate) fn key(&self, handle: &str) -> Option<&Key> {
        self.keys.get(handle)
    }

    /// Whether the gateway must take the key.
    pub(crate) fn key_lives(&self, handle: &str, workspace: &str) -> bool {
        self.keys.get(handle).is_some_and(|key| {
            key.seated && !key.disabled && self.seats.contains(&(workspace.to_owned(), key.owner.clone()))
        })
    }

    /// Reads what is new.
    pub(crate) async fn read(&mut self, control: &Control, root: &Credential) {
        loop {
            let parameters = self.token.as_ref().map_or(json!({}), |token| json!({ "nextToken": token }));
            let body = control.done(root, "ExportAudit", parameters).await;
            for record in body["records"].as_array().unwrap() {
                self.record(record);
            }
            match body["nextToken"].as_str() {
                Some(token) => self.token = Some(token.to_owned()),
                None => return,
            }
        }
    }

    fn record(&mut self, record: &Value) {
        let number = |name: &str| record[name].as_u64().unwrap();
        assert_eq!(number("sequence"), self.sequence + 1, "{record}");
        assert!(number("revision") > self.revision, "revisions rise: {record}");
        self.sequence = number("sequence");
        self.revision = number("revision");
        let text = |pointer: &str| id_of(record, pointer);
        assert!(self.requests.insert(text("/requestId")), "one record for one request: {record}");
        assert_eq!(text("/outcome"), "allow", "{record}");
        let target = text("/target");
        let seat = || {
            target.split_once(' ').map(|(workspace, user)| (workspace.to_owned(), user.to_owned())).unwrap()
        };
        match text("/operation").as_str() {
            "CreateUser" => drop(self.users.insert(target, text("/after/userId"))),
            "DeleteUser" => {
                self.users.remove(&target).unwrap();
                self.known.remove(&target);
                self.seats.retain(|(_, user)| *user != target);
                self.keys.retain(|_, key| key.owner != target);
            }
            "AddUser" => assert!(self.known.insert(target)),
            "AddMember" => {
                let restored = record["after"]["restoredKeys"].as_u64().unwrap();
                let (workspace, user) = seat();
                let mine =
                    self.keys.values_mut().filter(|key| key.workspace == workspace && key.owner == user);
                for (count, key) in mine.enumerate() {
                    assert!((count as u64) < restored || restored == 0);
                    key.seated = restored > 0;
                }
                assert!(self.seats.insert((workspace, user)));
            }
            "RemoveMember" => {
                let (workspace, user) = seat();
                for key in
                    self.keys.values_mut().filter(|key| key.workspace == workspace && key.owner == user)
                {
                    key.seated = false;
                }
                assert!(self.seats.remove(&(workspace, user)));
            }
            "CreateApiKey" => {
                let actor = text("/actor");
                let owner = self.users.iter().find(|(_, id)| **id == actor).unwrap().0.clone();
                let key = Key { workspace: text("/workspaceId"), owner, disabled: false, seated: true };
                assert!(self.keys.insert(target, key).is_none());
            }
            "DisableApiKey" => self.keys.get_mut(&target).unwrap().disabled = true,
            "DeleteApiKey" => assert!(self.keys.remove(&target).is_some()),
            _ => {}
        }
    }

    /// Compares what the chain says with what is there.
    pub(crate) async fn compare(&self, control: &Control, root: &Credential, workspace: &str) {
        let mut users = BTreeMap::new();
        let mut marker = json!({ "MaxItems": 1000 });
        loop {
            let body = control.done(root, "ListUsers", marker.clone()).await;
            for user in body["Users"]["User"].as_array().unwrap() {
                users.insert(id_of(user, "/UserName"), id_of(user, "/UserId"));
            }
            match body["Marker"].as_str() {
                Some(next) => marker["Marker"] = json!(next),
                None => break,
            }
        }
        assert_eq!(users, self.users, "RAM users");
        let most = json!({ "maxResults": 200 });
        let rows = control.all(root, "ListStudioUsers", "users", most.clone()).await;
        let known: BTreeSet<_> = rows.iter().map(|row| id_of(row, "/userName")).collect();
        assert_eq!(known, self.known, "known users");
        let here = json!({ "maxResults": 200, "workspaceId": workspace });
        let rows = control.all(root, "ListMembers", "members", here.clone()).await;
        let seats: BTreeSet<_> =
            rows.iter().map(|row| (workspace.to_owned(), id_of(row, "/userName"))).collect();
        assert_eq!(seats, self.seats, "seats");
        let rows = control.all(root, "ListApiKeys", "apiKeys", here).await;
        let there: BTreeMap<_, _> = rows
            .iter()
            .map(|row| (id_of(row, "/apiKeyId"), (id_of(row, "/createdBy"), row["disabled"] == 1)))
            .collect();
        let told: BTreeMap<_, _> = self
            .keys
            .iter()
            .map(|(handle, key)| (handle.clone(), (key.owner.clone(), key.disabled)))
            .collect();
        assert_eq!(there, told, "API keys");
    }
}
