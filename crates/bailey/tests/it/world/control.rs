//! The control API by operation name: method, path and style come from the server's own table of routes.

use std::net::SocketAddr;
use std::sync::Arc;

use bailey_api::routes::{Form, ROUTES, SHARED};
use bytes::Bytes;
use http::Method;
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use super::client::{Answer, Call, Client};
use super::credential::Credential;

/// A client of the control API on one connection. Clones share it.
#[derive(Clone, Debug)]
pub(crate) struct Control {
    client: Arc<Mutex<Client>>,
    host: String,
}

/// The fields of a JSON object.
fn fields(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(fields) => fields,
        other => panic!("{other} is no object"),
    }
}

/// A text at a pointer.
#[track_caller]
pub(crate) fn id_of(body: &Value, pointer: &str) -> String {
    body.pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_else(|| panic!("no {pointer} in {body}"))
        .to_owned()
}

/// A trust policy that names everybody of an account.
pub(crate) fn trust(account: &str) -> String {
    let everybody = json!({ "RAM": [format!("acs:ram::{account}:root")] });
    let statement = json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": everybody });
    json!({ "Version": "1", "Statement": [statement] }).to_string()
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// All but unreserved characters of RFC 3986 escaped, as signatures want it.
pub(super) fn escaped(text: &str) -> String {
    let byte = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(byte).collect()
}

fn pairs(parameters: &Map<String, Value>) -> String {
    let mut pairs: Vec<_> = parameters
        .iter()
        .map(|(name, value)| format!("{}={}", escaped(name), escaped(&text(value))))
        .collect();
    pairs.sort();
    pairs.join("&")
}

/// The call of an operation, without a credential.
fn request(operation: &str, parameters: &Value) -> Call {
    let reached = SHARED.iter().find(|(own, _)| *own == operation).map_or(operation, |(_, through)| through);
    let route = ROUTES.iter().find(|route| route.operation == reached);
    let route = route.unwrap_or_else(|| panic!("no route leads to {operation}"));
    let mut parameters = fields(parameters.clone());
    match &route.form {
        Form::Rpc { version } => {
            let mut call =
                Call::get("/").with("x-acs-action", route.wire_name()).with("x-acs-version", version);
            call.method = Method::POST;
            call.body = Bytes::from(pairs(&parameters));
            call.with("content-type", "application/x-www-form-urlencoded")
        }
        Form::Roa { method, path } => {
            let mut target = (*path).to_owned();
            for name in path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')) {
                let value = parameters.remove(name).unwrap_or_else(|| panic!("{operation} needs {name}"));
                target = target.replace(&format!("{{{name}}}"), &escaped(&text(&value)));
            }
            if matches!(*method, Method::GET | Method::DELETE) {
                let query = pairs(&parameters);
                let target = if query.is_empty() { target } else { format!("{target}?{query}") };
                return Call { method: method.clone(), ..Call::get(&target) };
            }
            Call { method: method.clone(), ..Call::post(&target, &Value::Object(parameters)) }
        }
    }
}

impl Control {
    pub(crate) fn new(to: SocketAddr) -> Self {
        Self { client: Arc::new(Mutex::new(Client::new(to))), host: to.to_string() }
    }

    /// The call of an operation as this caller makes it.
    pub(crate) fn prepared(&self, who: &Credential, operation: &str, parameters: &Value) -> Call {
        who.on(request(operation, parameters), &self.host)
    }

    /// Calls.
    pub(crate) async fn call(&self, who: &Credential, operation: &str, parameters: Value) -> Answer {
        self.client.lock().await.send(&self.prepared(who, operation, &parameters)).await
    }

    /// The same, for a server that may go away.
    pub(crate) async fn try_call(
        &self,
        who: &Credential,
        operation: &str,
        parameters: Value,
    ) -> Result<Answer, String> {
        self.client.lock().await.try_send(&self.prepared(who, operation, &parameters)).await
    }

    /// Makes a call of any kind, with a credential.
    pub(crate) async fn send(&self, who: &Credential, call: Call) -> Answer {
        self.client.lock().await.send(&who.on(call, &self.host)).await
    }

    /// Calls, and gives the body of what must have been done.
    pub(crate) async fn done(&self, who: &Credential, operation: &str, parameters: Value) -> Value {
        let answer = self.call(who, operation, parameters).await;
        assert_eq!(answer.status, 200, "{operation}: {}", String::from_utf8_lossy(&answer.body));
        answer.json()
    }

    /// Every row of a list in all its pages; `rows` is the list's field.
    pub(crate) async fn all(
        &self,
        who: &Credential,
        operation: &str,
        rows: &str,
        parameters: Value,
    ) -> Vec<Value> {
        let (mut all, mut parameters) = (Vec::new(), fields(parameters));
        loop {
            let body = self.done(who, operation, Value::Object(parameters.clone())).await;
            let page =
                body[rows].as_array().unwrap_or_else(|| panic!("{operation} answers no {rows}: {body}"));
            all.extend(page.iter().cloned());
            match body["nextToken"].as_str() {
                // The export gives a token with every page, the last one included.
                Some(token) if !page.is_empty() => parameters.insert("nextToken".to_owned(), json!(token)),
                _ => return all,
            };
        }
    }

    /// Makes a RAM user and gives its access key.
    pub(crate) async fn user(&self, root: &Credential, name: &str) -> Credential {
        self.done(root, "CreateUser", json!({ "UserName": name })).await;
        self.access_key(root, name).await
    }

    /// Makes an access key of a RAM user.
    pub(crate) async fn access_key(&self, root: &Credential, name: &str) -> Credential {
        let made = self.done(root, "CreateAccessKey", json!({ "UserName": name })).await;
        Credential::basic(
            &id_of(&made, "/AccessKey/AccessKeyId"),
            &id_of(&made, "/AccessKey/AccessKeySecret"),
        )
    }

    /// Makes a RAM user known to Model Studio.
    pub(crate) async fn known(&self, root: &Credential, name: &str) {
        self.done(root, "AddUser", json!({ "type": "RamUser", "userName": name, "displayName": name })).await;
    }

    /// Gives a known user a seat.
    pub(crate) async fn seat(&self, root: &Credential, workspace: &str, name: &str, pages: &[&str]) {
        let parameters = json!({ "workspaceId": workspace, "userName": name, "pages": pages });
        self.done(root, "AddMember", parameters).await;
    }

    /// Makes a workspace and gives its id.
    pub(crate) async fn workspace(&self, root: &Credential, name: &str) -> String {
        let made = self.done(root, "CreateWorkspace", json!({ "workspaceName": name })).await;
        id_of(&made, "/workspace/workspaceId")
    }

    /// Makes an API key and gives its handle and its value.
    pub(crate) async fn api_key(&self, owner: &Credential, workspace: &str) -> (String, String) {
        let made = self.done(owner, "CreateApiKey", json!({ "workspaceId": workspace })).await;
        (id_of(&made, "/apiKey/apiKeyId"), id_of(&made, "/apiKey/apiKeyValue"))
    }

    /// Attaches a system policy to a RAM user.
    pub(crate) async fn attach(&self, root: &Credential, policy: &str, name: &str) {
        let parameters = json!({ "PolicyType": "System", "PolicyName": policy, "UserName": name });
        self.done(root, "AttachPolicyToUser", parameters).await;
    }

    /// Makes a custom policy.
    pub(crate) async fn policy(&self, root: &Credential, name: &str, document: &str) {
        let parameters = json!({ "PolicyName": name, "PolicyDocument": document });
        self.done(root, "CreatePolicy", parameters).await;
    }

    /// Attaches a custom policy to a RAM user.
    pub(crate) async fn attach_custom(&self, root: &Credential, policy: &str, name: &str) {
        let parameters = json!({ "PolicyType": "Custom", "PolicyName": policy, "UserName": name });
        self.done(root, "AttachPolicyToUser", parameters).await;
    }

    /// Puts a RAM user into a group.
    pub(crate) async fn join(&self, root: &Credential, group: &str, name: &str) {
        self.done(root, "AddUserToGroup", json!({ "GroupName": group, "UserName": name })).await;
    }

    /// Gives the account the demo provider and models.
    pub(crate) async fn demo_models(&self, root: &Credential, chats: &[&str]) {
        self.done(root, "CreateProvider", json!({ "name": "demo", "dialect": "demo" })).await;
        for chat in chats {
            self.model(root, chat, "chat", "demo").await;
        }
        self.model(root, "text-embedding-v3", "embedding", "demo").await;
    }

    /// Puts a model into the catalogue.
    pub(crate) async fn model(&self, root: &Credential, name: &str, capability: &str, provider: &str) {
        let routes = json!([{ "provider": provider }]);
        let parameters = json!({ "model": name, "capabilities": [capability], "routes": routes });
        self.done(root, "PutModel", parameters).await;
    }

    /// Grants a model to a workspace, or takes it back. Gives the answer of the call.
    pub(crate) async fn grant(
        &self,
        root: &Credential,
        workspace: &str,
        model: &str,
        inference: bool,
    ) -> Value {
        let models = json!([{ "model": model, "inference": inference }]);
        self.done(root, "UpdateModelPermissions", json!({ "workspaceId": workspace, "models": models })).await
    }

    /// Changes settings.
    pub(crate) async fn settings(&self, root: &Credential, settings: Value) {
        self.done(root, "UpdateSettings", settings).await;
    }
}
