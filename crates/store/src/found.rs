//! The first account: the one thing that nobody's permission can cover, since nobody is there yet.

use bailey_domain::access::Principal;
use bailey_domain::change::Change;
use bailey_domain::id::RequestId;
use bailey_domain::settings::Settings;
use bailey_domain::{AccessKeyId, AccountId, Caller, Error, WorkspaceId};
use serde_json::{Value, json};

use crate::audit::{self, Entry, Record};
use crate::connection::{on, reading};
use crate::error::database;
use crate::store::Store;

/// An account that is to be founded.
#[derive(Debug)]
pub struct Founding {
    /// Its id.
    pub account: AccountId,
    /// Its name.
    pub name: String,
    /// The id of its default workspace.
    pub workspace: WorkspaceId,
    /// Root's first access key.
    pub access_key: AccessKeyId,
    /// Its secret, sealed.
    pub sealed_secret: String,
    /// When, in milliseconds since the epoch.
    pub now_ms: i64,
    /// The id that its audit record gets.
    pub request_id: RequestId,
}

impl Store {
    /// The accounts of the installation, oldest first.
    pub async fn accounts(&self) -> Result<Vec<AccountId>, Error> {
        const SQL: &str = "SELECT account_id FROM accounts ORDER BY created_at, account_id";
        let rows: Vec<(String,)> =
            reading!(self.pools, pool => sqlx::query_as(SQL).fetch_all(pool).await).map_err(database)?;
        rows.iter().map(|(id,)| id.parse()).collect()
    }

    /// Founds an account with its default workspace and root's first access key, in one transaction.
    pub async fn found_account(&self, founding: &Founding) -> Result<(), Error> {
        const ACCOUNT: &str =
            "INSERT INTO accounts (account_id, name, settings, created_at) VALUES ($1, $2, $3, $4)";
        const WORKSPACE: &str = "
            INSERT INTO workspaces (workspace_id, account_id, name, is_default, open_models, service_site, created_at)
            VALUES ($1, $2, 'Default Workspace', TRUE, FALSE, '', $3)";
        const KEY: &str = "
            INSERT INTO access_keys (access_key_id, account_id, user_id, sealed_secret, active, created_at)
            VALUES ($1, $2, NULL, $3, TRUE, $4)";
        let Founding { account, workspace, access_key, sealed_secret, now_ms, .. } = founding;
        let settings = Settings::default();
        let mut tx = self.write().await?;
        on!(tx.connection, conn => sqlx::query(ACCOUNT)
            .bind(account.to_string()).bind(&founding.name).bind(audit::text_of(&settings)?).bind(now_ms)
            .execute(conn).await.map(drop))
        .map_err(database)?;
        on!(tx.connection, conn => sqlx::query(WORKSPACE)
            .bind(workspace.to_string()).bind(account.to_string()).bind(now_ms).execute(conn).await.map(drop))
        .map_err(database)?;
        on!(tx.connection, conn => sqlx::query(KEY)
            .bind(access_key.to_string()).bind(account.to_string()).bind(sealed_secret).bind(now_ms)
            .execute(conn).await.map(drop))
        .map_err(database)?;
        tx.note(Change::Account { account: *account, settings: Box::new(settings) });
        tx.note(Change::Workspace {
            account: *account,
            workspace: *workspace,
            is_default: true,
            open: false,
        });
        tx.note(Change::AccessKey {
            account: *account,
            access_key: *access_key,
            owner: Principal::Root,
            active: true,
            sealed_secret: sealed_secret.clone(),
        });
        let caller = Caller {
            account: *account,
            principal: Principal::Root,
            access_key: None,
            session: None,
            role_session: None,
            federated: None,
            source_ip: std::net::Ipv4Addr::LOCALHOST.into(),
            secure_transport: false,
            request_id: founding.request_id,
            now_ms: *now_ms,
        };
        let after =
            json!({ "name": founding.name, "defaultWorkspaceId": workspace, "accessKeyId": access_key });
        let entry = Entry {
            caller: &caller,
            proven: true,
            operation: "FoundAccount",
            workspace: None,
            outcome: "allow",
            reason: "",
            chain: "[]".to_owned(),
            recorded_at: *now_ms,
            record: &Record { target: account.to_string(), before: Value::Null, after },
        };
        audit::append(&mut tx.connection, &self.audit_key, *account, tx.revision, &entry).await?;
        tx.publish(*account).await.map(drop)
    }
}
