//! RAM roles.

use bailey_domain::id::RoleId;
use bailey_domain::name::{self, OidcProviderName, RoleName, UserName};
use bailey_domain::operations::{CreateRole, DeleteRole, GetRole, ListRoles, UpdateRole};
use bailey_domain::scope::RamScope;
use bailey_domain::tag::{Tag, TagFilter, Tagged, check_keys};
use bailey_domain::{AccountId, Caller, Error};
use bailey_policy::{ProviderKind, TrustPolicy, TrustedPrincipal};
use bailey_store::{Cursor, NewRole, Page, Record, Role, RoleUpdate, Store, Tx, WithTags};
use serde_json::{Value, json};

use crate::control::{Control, within};
use crate::revoked::Revoked;
use crate::tags::put_tags;

/// The longest trust policy, in characters. The real service publishes no figure; it is the longest that a policy
/// document was allowed to be when its error for this was written down.
const LONGEST_TRUST_POLICY: usize = 4096;

/// How long sessions may last, in seconds: the shortest upper bound, and the longest.
const SESSION_BOUNDS: std::ops::RangeInclusive<u64> = 3600..=43_200;

/// What a caller says about a role; `None` is not said.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are the role's own")]
pub struct RoleText {
    pub description: Option<String>,
    pub trust_policy: Option<String>,
    /// Seconds.
    pub max_session_duration: Option<u64>,
    pub allow_console_login: Option<bool>,
    /// For a new role.
    pub tags: Vec<Tag>,
}

impl RoleText {
    /// Checks each field; `prefix` is `New` where RAM's parameter names have it.
    fn check(&self, prefix: &str) -> Result<(), Error> {
        if let Some(text) = self.description.as_ref().filter(|text| !text.is_empty()) {
            name::text(&format!("{prefix}Description"), text, 1, 1024)?;
        }
        if let Some(seconds) = self.max_session_duration.filter(|seconds| !SESSION_BOUNDS.contains(seconds)) {
            return Err(Error::invalid(
                format!("InvalidParameter.{prefix}MaxSessionDuration"),
                format!(
                    "The parameter - \"{prefix}MaxSessionDuration\" is {seconds}. Allowed: {} to {} seconds.",
                    SESSION_BOUNDS.start(),
                    SESSION_BOUNDS.end()
                ),
            ));
        }
        if let Some(document) = &self.trust_policy
            && !(1..=LONGEST_TRUST_POLICY).contains(&document.chars().count())
        {
            return Err(Error::invalid(
                format!("InvalidParameter.{prefix}AssumeRolePolicyDocument.Length"),
                format!(
                    "The parameter - \"{prefix}AssumeRolePolicyDocument\" beyond the length limit. Allowed: 1 to {LONGEST_TRUST_POLICY} characters."
                ),
            ));
        }
        Ok(())
    }
}

fn malformed(why: impl std::fmt::Display) -> Error {
    Error::invalid("MalformedPolicyDocument", why.to_string())
}

impl Control {
    /// Creates a RAM role. It holds no policy yet, so whom it trusts gives nobody anything; its name and its tags can, where
    /// policies ask for them.
    pub async fn create_role(&self, caller: &Caller, name: RoleName, text: RoleText) -> Result<Role, Error> {
        text.check("")?;
        check_keys(text.tags.iter().map(|tag| &tag.key))?;
        let document = text.trust_policy.unwrap_or_default();
        let trust = TrustPolicy::parse(&document).map_err(malformed)?;
        let scope = RamScope::role(caller.account, "*");
        let (mut tx, permit) = self.begin::<CreateRole>(caller, scope.clone(), name.as_str()).await?;
        let keys = text.tags.iter().map(|tag| &tag.key);
        let may = self.directory().may_name_role::<CreateRole>(caller, &scope, &name, keys);
        (tx, ()) = self.unless_refused(tx, may, name.as_str()).await?;
        within(
            self.settings_of(caller.account)?.quota_roles,
            tx.count_roles(caller.account).await?,
            "Role",
            "roles",
        )?;
        trusted_are_present(&mut tx, caller.account, &trust).await?;
        let new = NewRole {
            role_id: RoleId::random(&*self.entropy),
            name,
            description: text.description.unwrap_or_default(),
            trust_policy: document,
            max_session_duration: text.max_session_duration.unwrap_or(*SESSION_BOUNDS.start()),
            allow_console_login: text.allow_console_login.unwrap_or(false),
        };
        let role = tx.insert_role(&permit, &new).await?;
        put_tags(&mut tx, &permit, &Tagged::from(&role.name), &text.tags).await?;
        let mut after = json!(role);
        after["tags"] = json!(text.tags);
        tx.commit(permit, Record { target: role.name.to_string(), before: Value::Null, after }).await?;
        Ok(role)
    }

    /// Shows a RAM role.
    pub async fn get_role(&self, caller: &Caller, name: &RoleName) -> Result<Role, Error> {
        self.require::<GetRole>(caller, RamScope::role(caller.account, name.as_str()), name.as_str()).await?;
        found(&self.store, caller.account, name).await
    }

    /// Changes a RAM role. Another trust policy gives the role's policies to whom it names, so the caller must hold
    /// them; whoever it does not name any more loses the sessions they took before the answer.
    pub async fn update_role(&self, caller: &Caller, name: &RoleName, text: RoleText) -> Result<Role, Error> {
        text.check("New")?;
        let trust = text.trust_policy.as_deref().map(TrustPolicy::parse).transpose().map_err(malformed)?;
        let scope = RamScope::role(caller.account, name.as_str());
        let (mut tx, permit) = self.begin::<UpdateRole>(caller, scope.clone(), name.as_str()).await?;
        let role = present(&mut tx, caller.account, name).await?;
        if let Some(trust) = &trust {
            trusted_are_present(&mut tx, caller.account, trust).await?;
            let may = self.directory().may_give_role::<UpdateRole>(caller, &scope, role.role_id);
            (tx, ()) = self.unless_refused(tx, may, name.as_str()).await?;
        }
        let update = RoleUpdate {
            description: text.description,
            trust_policy: text.trust_policy,
            max_session_duration: text.max_session_duration,
            allow_console_login: text.allow_console_login,
        };
        let changed = tx.update_role(&permit, &role, &update).await?;
        tx.commit(permit, Record { target: name.to_string(), before: json!(role), after: json!(changed) })
            .await?;
        Ok(changed)
    }

    /// Deletes a RAM role that holds no policy; its sessions end.
    pub async fn delete_role(&self, caller: &Caller, name: &RoleName) -> Result<Revoked, Error> {
        let started = self.clock.now_ms();
        let scope = RamScope::role(caller.account, name.as_str());
        let (mut tx, permit) = self.begin::<DeleteRole>(caller, scope, name.as_str()).await?;
        let role = present(&mut tx, caller.account, name).await?;
        tx.delete_role(&permit, role.role_id).await?;
        let record = Record { target: name.to_string(), before: json!(role), after: Value::Null };
        let committed = tx.commit(permit, record).await?;
        Ok(Revoked::of(committed, 0, self.clock.now_ms() - started))
    }

    /// Lists RAM roles with their tags: those that hold all that is looked for.
    pub async fn list_roles(
        &self,
        caller: &Caller,
        wanted: &[TagFilter],
        cursor: &Cursor,
    ) -> Result<Page<WithTags<Role>>, Error> {
        check_keys(wanted.iter().map(|wanted| &wanted.key))?;
        let permit = self.permit::<ListRoles>(caller, RamScope::role(caller.account, "*"), "").await?;
        self.store.list_roles(&permit, cursor, wanted).await
    }
}

/// A role that is there.
pub(crate) async fn present(tx: &mut Tx, account: AccountId, name: &RoleName) -> Result<Role, Error> {
    tx.find_role(account, name).await?.ok_or_else(|| Error::absent("Role"))
}

/// The same outside of a transaction.
pub(crate) async fn found(store: &Store, account: AccountId, name: &RoleName) -> Result<Role, Error> {
    store.find_role(account, name).await?.ok_or_else(|| Error::absent("Role"))
}

/// A trust policy is saved only when the users, roles and OIDC providers that it names are there: a name that somebody gets later must
/// not come with a role that nobody meant to give it.
async fn trusted_are_present(tx: &mut Tx, account: AccountId, trust: &TrustPolicy) -> Result<(), Error> {
    let own = account.to_string();
    for (_, principal) in trust.principals() {
        let present = match principal {
            TrustedPrincipal::Account { account } => **account == own,
            TrustedPrincipal::User { account: theirs, name } => match UserName::parse("Principal", name) {
                Ok(name) => **theirs == own && tx.find_user(account, &name).await?.is_some(),
                Err(_) => false,
            },
            TrustedPrincipal::Role { account: theirs, name } => match RoleName::parse("Principal", name) {
                Ok(name) => **theirs == own && tx.find_role(account, &name).await?.is_some(),
                Err(_) => false,
            },
            // Nothing here acts for a cloud service; the real service takes any name too.
            TrustedPrincipal::Service(_) => true,
            TrustedPrincipal::Provider { account: theirs, kind: ProviderKind::Oidc, name } => {
                match OidcProviderName::parse("Principal", name) {
                    Ok(name) => {
                        // Whose case differs would be saved and trusted by nobody.
                        let found = tx.find_oidc_provider(account, &name).await?;
                        **theirs == own && found.is_some_and(|found| found.name == name)
                    }
                    Err(_) => false,
                }
            }
            // Nobody comes on the word of a SAML provider here.
            TrustedPrincipal::Provider { account, kind: ProviderKind::Saml, .. } => **account == own,
        };
        if !present {
            return Err(malformed(format!("The principal {principal} does not exist in this account.")));
        }
    }
    Ok(())
}
