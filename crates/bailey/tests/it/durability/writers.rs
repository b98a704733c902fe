//! Clients that write without a pause until the server is gone, and keep what was acknowledged to them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tokio::task::JoinHandle;

use crate::world::{Account, Control, Credential, Installation, LONG, id_of};

/// What was acknowledged.
#[derive(Debug, Default)]
pub(crate) struct Written {
    /// Request ids, and what they did.
    pub(crate) requests: Vec<(String, String)>,
    /// API keys by handle, with their values.
    pub(crate) keys: BTreeMap<String, String>,
}

/// The running writers, on a runtime of their own.
pub(crate) struct Writers {
    runtime: Runtime,
    tasks: Vec<JoinHandle<Written>>,
    acknowledged: Arc<AtomicUsize>,
}

impl Writers {
    pub(crate) fn start(
        installation: &Installation,
        account: &Account,
        workspace: &str,
        round: usize,
        count: usize,
    ) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let acknowledged = Arc::new(AtomicUsize::new(0));
        let tasks = (0..count).map(|number| {
            let writer = Writer {
                // A connection each: on one, they would wait for each other.
                control: installation.control(),
                root: account.root.clone(),
                workspace: workspace.to_owned(),
                prefix: format!("user-{round:02}-{number}"),
                acknowledged: Arc::clone(&acknowledged),
                written: Written::default(),
            };
            runtime.spawn(writer.write())
        });
        let tasks = tasks.collect();
        Self { runtime, tasks, acknowledged }
    }

    /// Waits until so many writes have been acknowledged; blocks.
    pub(crate) fn wait_for(&self, count: usize) {
        let deadline = Instant::now() + LONG;
        while self.acknowledged.load(Ordering::SeqCst) < count {
            assert!(Instant::now() < deadline, "the writers are stuck");
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    /// What was acknowledged, once the server is gone; blocks.
    pub(crate) fn finish(self) -> Written {
        let mut all = Written::default();
        for task in self.tasks {
            let written = self.runtime.block_on(task).unwrap();
            all.requests.extend(written.requests);
            all.keys.extend(written.keys);
        }
        all
    }
}

struct Writer {
    control: Control,
    root: Credential,
    workspace: String,
    prefix: String,
    acknowledged: Arc<AtomicUsize>,
    written: Written,
}

impl Writer {
    /// Writes until the server is gone.
    async fn write(mut self) -> Written {
        for count in 0.. {
            let name = format!("{}-{count:04}", self.prefix);
            if self.person(&name, count).await.is_none() {
                break;
            }
        }
        self.written
    }

    /// The life of a user, of a different end each; `None` when the server is gone.
    async fn person(&mut self, name: &str, count: usize) -> Option<()> {
        let root = self.root.clone();
        let named = json!({ "UserName": name });
        self.call(&root, "CreateUser", named.clone()).await?;
        self.call(&root, "AddUser", json!({ "userName": name, "displayName": name })).await?;
        let mut seat = json!({ "workspaceId": self.workspace, "userName": name });
        let mut with_pages = seat.clone();
        with_pages["pages"] = json!(["api-key"]);
        self.call(&root, "AddMember", with_pages.clone()).await?;
        let made = self.call(&root, "CreateAccessKey", named.clone()).await?;
        let id = id_of(&made, "/AccessKey/AccessKeyId");
        let owner = Credential::basic(&id, &id_of(&made, "/AccessKey/AccessKeySecret"));
        let made = self.call(&owner, "CreateApiKey", json!({ "workspaceId": self.workspace })).await?;
        let handle = id_of(&made, "/apiKey/apiKeyId");
        self.written.keys.insert(handle.clone(), id_of(&made, "/apiKey/apiKeyValue"));
        let key = json!({ "apiKeyId": handle });
        match count % 6 {
            0 => drop(self.call(&root, "DeleteApiKey", key).await?),
            1 => drop(self.call(&root, "DisableApiKey", key).await?),
            2 => drop(self.call(&root, "RemoveMember", seat).await?),
            3 => {
                self.call(&root, "RemoveMember", seat.take()).await?;
                with_pages["restoreKeys"] = json!(true);
                self.call(&root, "AddMember", with_pages).await?;
            }
            4 => {
                self.call(&root, "DeleteAccessKey", json!({ "UserName": name, "UserAccessKeyId": id }))
                    .await?;
                self.call(&root, "DeleteUser", named).await?;
            }
            _ => {}
        }
        Some(())
    }

    async fn call(&mut self, who: &Credential, operation: &str, parameters: Value) -> Option<Value> {
        let what = format!("{operation} {parameters}");
        let answer = self.control.try_call(who, operation, parameters).await.ok()?;
        assert_eq!(answer.status, 200, "{what}: {}", String::from_utf8_lossy(&answer.body));
        self.written.requests.push((answer.header("x-acs-request-id").to_owned(), what));
        self.acknowledged.fetch_add(1, Ordering::SeqCst);
        Some(answer.json())
    }
}
