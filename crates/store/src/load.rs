//! Loading the directory: every table as the list of changes that would have made it.

use bailey_domain::access::{Attachee, Principal};
use bailey_domain::change::{Change, KeyFacts, LimitLevel, PolicyType};
use bailey_domain::key_auth::KeyAuth;
use bailey_domain::model::Grant;
use bailey_domain::name::{AccountAlias, ModelName, OidcProviderName, PolicyName, RoleName, UserName};
use bailey_domain::operations::SimulateAccess;
use bailey_domain::page::Pages;
use bailey_domain::secret::KeyHash;
use bailey_domain::service_credential::ServiceCredentialFacts;
use bailey_domain::tag::Tag;
use bailey_domain::{Directory, Error, Permit};
use futures_util::TryStreamExt;

use crate::attachments::scope_of;
use crate::connection::{Connection, Pools, on};
use crate::error::{database, stored, to_unsigned};
use crate::feed;
use crate::keys::previous_value;
use crate::sessions::SessionRow;
use crate::store::Store;

/// Rows are turned into changes in pieces of this many, so that loading does not hold a table twice.
const PIECE: usize = 10_000;

/// Puts every row that a query gives into the directory, as the change that it stands for.
macro_rules! rows {
    ($from:expr, $directory:expr, $query:expr; $row:pat => $change:expr) => {{
        let mut piece: Vec<Change> = Vec::new();
        on!($from.connection, conn => {
            let mut rows = $query.fetch(conn);
            while let Some($row) = rows.try_next().await.map_err(database)? {
                piece.push($change);
                if piece.len() == PIECE {
                    $directory.load(piece.drain(..))?;
                }
            }
        });
        $directory.load(piece)?;
    }};
}

/// Reads a whole table, or one account's rows of it. `$only` narrows the query to the account that is bound to it; `$order`
/// comes last.
macro_rules! table {
    ($from:expr, $directory:expr, $sql:literal, of every account; ($($column:ident: $type:ty),*) => $change:expr) => {
        rows!($from, $directory, sqlx::query_as::<_, ($($type,)*)>($sql); ($($column,)*) => $change)
    };
    ($from:expr, $directory:expr, $sql:literal, $only:literal $(, $order:literal)?; ($($column:ident: $type:ty),*) => $change:expr) => {{
        const ALL: &str = concat!($sql $(, $order)?);
        const ONE: &str = concat!($sql, $only $(, $order)?);
        let account = $from.account.as_deref();
        rows!($from, $directory, {
            let query = sqlx::query_as::<_, ($($type,)*)>(if account.is_some() { ONE } else { ALL });
            match account {
                Some(account) => query.bind(account),
                None => query,
            }
        }; ($($column,)*) => $change)
    }};
}

/// Where rows come from: a snapshot, and the account when only one is wanted.
struct Source {
    connection: Connection,
    account: Option<String>,
}

/// Fills an empty directory from one snapshot of the database.
pub(crate) async fn load(pools: &Pools, directory: &Directory) -> Result<(), Error> {
    let mut from = Source { connection: pools.snapshot().await.map_err(database)?, account: None };
    load_permissions(&mut from, directory).await?;
    load_credentials(&mut from, directory).await?;
    load_sessions(&mut from, directory).await?;
    from.connection.rollback().await.map_err(database)
}

impl Store {
    /// The account of the permit as a directory of its own, to try changes on; nothing of it reaches anybody else.
    /// Credentials of people, where they count, and sessions are not in it: nobody proves anything there.
    pub async fn private_directory(&self, permit: &Permit<SimulateAccess>) -> Result<Directory, Error> {
        let directory = Directory::new();
        let account = Some(permit.caller().account.to_string());
        let mut from = Source { connection: self.pools.snapshot().await.map_err(database)?, account };
        load_permissions(&mut from, &directory).await?;
        from.connection.rollback().await.map_err(database)?;
        Ok(directory)
    }
}

/// Everything but credentials and sessions.
async fn load_permissions(from: &mut Source, directory: &Directory) -> Result<(), Error> {
    let revision = feed::current_revision(&mut from.connection).await?;
    load_identities(from, directory).await?;
    load_preferences(from, directory).await?;
    load_workspaces(from, directory).await?;
    load_attachments(from, directory).await?;
    load_models(from, directory).await?;
    load_keys(from, directory).await?;
    load_limits(from, directory).await?;
    crate::budgets::load(&mut from.connection, from.account.as_deref(), directory).await?;
    directory.loaded(revision);
    Ok(())
}

async fn load_identities(from: &mut Source, directory: &Directory) -> Result<(), Error> {
    table!(from, directory, "SELECT account_id, settings FROM accounts", " WHERE account_id = $1"; (account: String, settings: String) => {
        Change::Account { account: id(&account)?, settings: Box::new(stored(serde_json::from_str(&settings), "settings")?) }
    });
    table!(from, directory, "SELECT account_id, user_id, name FROM users", " WHERE account_id = $1"; (account: String, user: String, name: String) => {
        Change::User { account: id(&account)?, user: id(&user)?, name: UserName::parse("name", &name)? }
    });
    table!(from, directory,
        "SELECT p.account_id, p.name, p.default_version, v.document FROM policies p JOIN policy_versions v
            ON v.account_id = p.account_id AND v.folded_name = p.folded_name AND v.version = p.default_version", " WHERE p.account_id = $1";
        (account: String, name: String, version: i64, document: String) => {
        let name = PolicyName::parse("name", &name)?;
        Change::Policy { account: id(&account)?, name, version: to_unsigned(version), document }
    });
    table!(from, directory, "SELECT account_id, role_id, name, trust_policy FROM roles", " WHERE account_id = $1";
        (account: String, role: String, name: String, trust: String) => {
        Change::Role { account: id(&account)?, role: id(&role)?, name: RoleName::parse("name", &name)?, trust }
    });
    table!(from, directory,
        "SELECT r.role_id, t.tag_key, t.tag_value FROM role_tags t JOIN roles r
            ON r.account_id = t.account_id AND r.folded_name = t.folded_name", " WHERE t.account_id = $1";
        (role: String, key: String, value: String) => {
        Change::RoleTag { role: id(&role)?, tag: stored(Tag::parse(&key, &value), "tag")? }
    });
    table!(from, directory, "SELECT account_id, provider_id, name, issuer_url, client_ids FROM oidc_providers", " WHERE account_id = $1";
        (account: String, provider: String, name: String, issuer: String, client_ids: String) => {
        Change::OidcProvider {
            account: id(&account)?,
            provider: id(&provider)?,
            name: OidcProviderName::parse("name", &name)?,
            issuer,
            client_ids: stored(serde_json::from_str(&client_ids), "client_ids")?,
        }
    });
    table!(from, directory, "SELECT account_id, group_id FROM groups", " WHERE account_id = $1"; (account: String, group: String) => {
        Change::Group { account: id(&account)?, group: id(&group)? }
    });
    table!(from, directory,
        "SELECT group_id, user_id FROM group_members", " WHERE account_id = $1", " ORDER BY joined_at, group_id"; (group: String, user: String) => {
        Change::GroupMember { group: id(&group)?, user: id(&user)? }
    });
    table!(from, directory,
        "SELECT account_id, principal_type, principal_id, policy_type, policy_name FROM permission_boundaries",
        " WHERE account_id = $1";
        (account: String, kind: String, of: String, policy_type: String, policy: String) => {
        Change::Boundary {
            account: id(&account)?,
            of: stored(Attachee::read(&kind, &of), "principal")?,
            policy_type: policy_type_of(&policy_type),
            policy: PolicyName::parse("policy", &policy)?,
        }
    });
    table!(from, directory,
        "SELECT account_id, policy_type, policy_name FROM control_policies", " WHERE account_id = $1",
        " ORDER BY attached_at, folded_policy_name, policy_type";
        (account: String, policy_type: String, policy: String) => {
        let policy = PolicyName::parse("policy", &policy)?;
        Change::ControlPolicy { account: id(&account)?, policy_type: policy_type_of(&policy_type), policy }
    });
    Ok(())
}

async fn load_preferences(from: &mut Source, directory: &Directory) -> Result<(), Error> {
    table!(from, directory,
        "SELECT account_id, alias FROM account_logins WHERE alias IS NOT NULL", " AND account_id = $1";
        (account: String, alias: String) => {
        let alias = Some(stored(AccountAlias::parse("alias", &alias), "alias")?);
        Change::Alias { account: id(&account)?, alias }
    });
    table!(from, directory,
        "SELECT account_id, security_preference FROM account_logins WHERE security_preference IS NOT NULL",
        " AND account_id = $1"; (account: String, preference: String) => {
        let preference = Box::new(stored(serde_json::from_str(&preference), "security_preference")?);
        Change::SecurityPreference { account: id(&account)?, preference }
    });
    Ok(())
}

/// Of every account: they are looked up before the account is known.
async fn load_credentials(from: &mut Source, directory: &Directory) -> Result<(), Error> {
    table!(from, directory,
        "SELECT account_id, access_key_id, user_id, active, sealed_secret FROM access_keys", of every account;
        (account: String, key: String, user: Option<String>, active: bool, sealed_secret: String) => {
        Change::AccessKey { account: id(&account)?, access_key: id(&key)?, owner: owner(user.as_deref().unwrap_or(""))?, active, sealed_secret }
    });
    table!(from, directory,
        "SELECT access_key_id, network_policy FROM access_keys WHERE network_policy IS NOT NULL", of every account;
        (key: String, policy: String) => {
        let policy = Box::new(stored(serde_json::from_str(&policy), "network_policy")?);
        Change::AccessKeyNetwork { access_key: id(&key)?, policy }
    });
    table!(from, directory,
        "SELECT service_credential_id, account_id, user_id, hash, active, expires_at FROM service_credentials",
        of every account;
        (credential: String, account: String, user: String, hash: String, active: bool, expires_at: Option<i64>) => {
        Change::ServiceCredential(Box::new(ServiceCredentialFacts {
            id: id(&credential)?,
            account: id(&account)?,
            owner: id(&user)?,
            hash: key_hash(&hash)?,
            active,
            expires_at_ms: expires_at,
        }))
    });
    table!(from, directory,
        "SELECT account_id, network_policy FROM accounts WHERE network_policy IS NOT NULL", of every account;
        (account: String, policy: String) => {
        let policy = Box::new(stored(serde_json::from_str(&policy), "network_policy")?);
        Change::AccountNetwork { account: id(&account)?, policy }
    });
    Ok(())
}

/// Of every account.
async fn load_sessions(from: &mut Source, directory: &Directory) -> Result<(), Error> {
    rows!(from, directory, sqlx::query_as::<_, SessionRow>("SELECT * FROM sessions"); row => {
        Change::Session(Box::new(row.try_into()?))
    });
    Ok(())
}

async fn load_workspaces(from: &mut Source, directory: &Directory) -> Result<(), Error> {
    table!(from, directory,
        "SELECT account_id, workspace_id, is_default, open_models FROM workspaces", " WHERE account_id = $1";
        (account: String, workspace: String, is_default: bool, open: bool) => {
        Change::Workspace { account: id(&account)?, workspace: id(&workspace)?, is_default, open }
    });
    table!(from, directory,
        "SELECT workspace_id, user_id, pages, epoch FROM members", " WHERE account_id = $1";
        (workspace: String, user: String, pages: String, epoch: i64) => {
        let pages: Pages = stored(serde_json::from_str(&pages), "pages")?;
        Change::Member { workspace: id(&workspace)?, user: id(&user)?, pages, epoch: to_unsigned(epoch) }
    });
    Ok(())
}

/// Behind workspaces, since a policy may count for one of them.
async fn load_attachments(from: &mut Source, directory: &Directory) -> Result<(), Error> {
    table!(from, directory,
        "SELECT account_id, principal_type, principal_id, policy_type, policy_name, workspace_id FROM policy_attachments",
        " WHERE account_id = $1", " ORDER BY attached_at, folded_policy_name";
        (account: String, kind: String, holder: String, policy_type: String, policy: String, workspace: String) => {
        Change::Attached {
            account: id(&account)?,
            to: stored(Attachee::read(&kind, &holder), "principal")?,
            policy_type: policy_type_of(&policy_type),
            policy: PolicyName::parse("policy", &policy)?,
            workspace: scope_of(&workspace)?,
        }
    });
    Ok(())
}

async fn load_models(from: &mut Source, directory: &Directory) -> Result<(), Error> {
    table!(from, directory,
        "SELECT account_id, definition, sealed_credential FROM providers", " WHERE account_id = $1";
        (account: String, definition: String, sealed_credential: Option<String>) => {
        let provider = Box::new(stored(serde_json::from_str(&definition), "provider")?);
        Change::Provider { account: id(&account)?, provider, sealed_credential }
    });
    table!(from, directory, "SELECT account_id, definition FROM models", " WHERE account_id = $1"; (account: String, definition: String) => {
        Change::Model { account: id(&account)?, model: Box::new(stored(serde_json::from_str(&definition), "model")?) }
    });
    table!(from, directory,
        "SELECT account_id, workspace_id, model, inference, fine_tune, deploy FROM model_grants", " WHERE account_id = $1";
        (account: String, workspace: String, model: String, inference: bool, fine_tune: bool, deploy: bool) => {
        Change::Granted {
            account: id(&account)?,
            workspace: id(&workspace)?,
            model: ModelName::parse("model", &model)?,
            grant: Grant { inference, fine_tune, deploy },
        }
    });
    Ok(())
}

async fn load_keys(from: &mut Source, directory: &Directory) -> Result<(), Error> {
    table!(from, directory,
        "SELECT api_key_id, workspace_id, owner_id, epoch, hash, previous_hash, previous_ends_at, auth, disabled, expires_at FROM api_keys", " WHERE account_id = $1";
        (key: String, workspace: String, owner_id: String, epoch: i64, hash: String, previous: Option<String>, ends_at: Option<i64>, auth: Option<String>, disabled: bool, expires_at: Option<i64>) => {
        let auth: Option<KeyAuth> = auth.map(|text| stored(serde_json::from_str(&text), "auth")).transpose()?;
        Change::Key(Box::new(KeyFacts {
            id: id(&key)?,
            hash: key_hash(&hash)?,
            previous: previous_value(previous, ends_at)?,
            workspace: id(&workspace)?,
            owner: owner(&owner_id)?,
            epoch: to_unsigned(epoch),
            disabled,
            expires_at_ms: expires_at,
            auth,
        }))
    });
    Ok(())
}

async fn load_limits(from: &mut Source, directory: &Directory) -> Result<(), Error> {
    table!(from, directory,
        "SELECT account_id, level, level_id, model, limits FROM model_limits", " WHERE account_id = $1";
        (account: String, level: String, level_id: String, model: String, limits: String) => {
        let level = match level.as_str() {
            "account" => LimitLevel::Account,
            "workspace" => LimitLevel::Workspace(id(&level_id)?),
            _ => LimitLevel::Key(id(&level_id)?),
        };
        Change::Limits {
            account: id(&account)?,
            level,
            model: ModelName::parse("model", &model)?,
            limits: stored(serde_json::from_str(&limits), "limits")?,
        }
    });
    Ok(())
}

/// A stored identifier.
fn id<T: std::str::FromStr<Err = Error>>(text: &str) -> Result<T, Error> {
    stored(text.parse(), "identifier")
}

/// A stored hash.
pub(crate) fn key_hash(text: &str) -> Result<KeyHash, Error> {
    KeyHash::from_hex(text).ok_or_else(|| Error::internal("a stored hash does not read back"))
}

/// A stored type of policies.
pub(crate) fn policy_type_of(text: &str) -> PolicyType {
    if text == "System" { PolicyType::System } else { PolicyType::Custom }
}

/// A stored owner: empty is root.
pub(crate) fn owner(text: &str) -> Result<Principal, Error> {
    if text.is_empty() { Ok(Principal::Root) } else { Ok(Principal::User(id(text)?)) }
}
