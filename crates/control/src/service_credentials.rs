//! Service credentials.

use bailey_domain::access::Principal;
use bailey_domain::name::{self, UserName};
use bailey_domain::operations::{
    CreateServiceCredential, DeleteServiceCredential, GetServiceCredential, ListServiceCredentials,
    UpdateServiceCredential,
};
use bailey_domain::scope::RamScope;
use bailey_domain::secret::{KeyHash, random_secret};
use bailey_domain::service_credential::CredentialService;
use bailey_domain::{Caller, Error, Secret, ServiceCredentialId, UserId};
use bailey_store::{
    Cursor, NewServiceCredential, Page, Record, ServiceCredential, ServiceCredentialFilter, Tx,
};
use serde_json::{Value, json};

use crate::access_keys::Owner;
use crate::control::{Control, within};
use crate::users::present;

/// A new service credential with its secret, which is shown here and never again.
#[derive(Debug)]
pub struct IssuedServiceCredential {
    /// The credential.
    pub credential: ServiceCredential,
    /// Its secret.
    pub secret: Secret<String>,
}

/// What a caller says about a new service credential.
#[derive(Clone, Debug)]
pub struct NewCredentialText {
    /// What it is to open.
    pub service: CredentialService,
    /// Its name.
    pub name: String,
    /// After how many days its time is over; `None` is never.
    pub age_days: Option<i64>,
}

const DAY_MS: i64 = 24 * 3_600_000;

fn absent() -> Error {
    Error::absent("User.ServiceCredential")
}

/// Root has none: the account itself is nobody's way into a service.
fn of_user(owner: Principal) -> Result<UserId, Error> {
    owner.user().ok_or_else(|| {
        Error::field("UserPrincipalName", "must name a RAM user: root has no service credentials")
    })
}

fn check_name(name: &str) -> Result<(), Error> {
    name::text("ServiceCredentialName", name, 1, 128)?;
    if name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_')) {
        return Ok(());
    }
    Err(Error::field("ServiceCredentialName", "may hold letters, digits, `.`, `-` and `_` only"))
}

impl Control {
    /// What is kept of a service credential's secret.
    pub fn service_credential_hash(&self, secret: &str) -> KeyHash {
        self.sealer().service_credential_hasher().hash(secret.as_bytes())
    }

    /// Creates a service credential.
    pub async fn create_service_credential(
        &self,
        caller: &Caller,
        name: Option<&UserName>,
        text: NewCredentialText,
    ) -> Result<IssuedServiceCredential, Error> {
        check_name(&text.name)?;
        let Owner { principal, scope, label } = self.owner::<CreateServiceCredential>(caller, name).await?;
        let (mut tx, permit) = self.begin::<CreateServiceCredential>(caller, scope.clone(), &label).await?;
        let may = self.directory().may_make_credential::<CreateServiceCredential>(caller, &scope, principal);
        (tx, ()) = self.unless_refused(tx, may, &label).await?;
        let user = of_user(principal)?;
        if let Some(name) = name {
            present(&mut tx, caller.account, name).await?;
        }
        let quota = self.settings_of(caller.account)?.quota_service_credentials;
        let count = tx.count_service_credentials(caller.account, user, text.service).await?;
        within(quota, count, "User.ServiceCredential", "service credentials")?;
        let secret = random_secret(&*self.entropy, "", 40);
        let new = NewServiceCredential {
            service_credential_id: ServiceCredentialId::random(&*self.entropy),
            user,
            service: text.service,
            name: text.name,
            hash: self.service_credential_hash(secret.reveal()),
            expires_at: text.age_days.map(|days| caller.now_ms + days * DAY_MS),
        };
        let credential = tx.insert_service_credential(&permit, &new).await?;
        tx.commit(permit, Record { target: label, before: Value::Null, after: json!(credential) }).await?;
        Ok(IssuedServiceCredential { credential, secret })
    }

    /// Shows a service credential.
    pub async fn get_service_credential(
        &self,
        caller: &Caller,
        name: Option<&UserName>,
        id: ServiceCredentialId,
    ) -> Result<ServiceCredential, Error> {
        let Owner { principal, scope, label } = self.owner::<GetServiceCredential>(caller, name).await?;
        let permit = self.permit::<GetServiceCredential>(caller, scope, &label).await?;
        let user = principal.user().ok_or_else(absent)?;
        self.store.find_service_credential(&permit, user, id).await?.ok_or_else(absent)
    }

    /// Lists the service credentials of one user, the caller where none is named.
    pub async fn list_service_credentials(
        &self,
        caller: &Caller,
        name: Option<&UserName>,
        service: Option<CredentialService>,
        cursor: &Cursor,
    ) -> Result<Page<ServiceCredential>, Error> {
        let Owner { principal, scope, label } = self.owner::<ListServiceCredentials>(caller, name).await?;
        let permit = self.permit::<ListServiceCredentials>(caller, scope, &label).await?;
        let Some(user) = principal.user() else {
            return Ok(Page { rows: Vec::new(), next: None, total: None });
        };
        let filter = ServiceCredentialFilter { user: Some(user), service };
        self.store.list_service_credentials(&permit, filter, cursor).await
    }

    /// Lists the service credentials of all users.
    pub async fn list_all_service_credentials(
        &self,
        caller: &Caller,
        service: Option<CredentialService>,
        cursor: &Cursor,
    ) -> Result<Page<ServiceCredential>, Error> {
        let scope = RamScope::user(caller.account, "*");
        let permit = self.permit::<ListServiceCredentials>(caller, scope, "").await?;
        let filter = ServiceCredentialFilter { user: None, service };
        self.store.list_service_credentials(&permit, filter, cursor).await
    }

    /// Renames a service credential or switches it on or off; `None` stays as it is.
    pub async fn update_service_credential(
        &self,
        caller: &Caller,
        name: Option<&UserName>,
        id: ServiceCredentialId,
        new_name: Option<&str>,
        active: Option<bool>,
    ) -> Result<(), Error> {
        new_name.map(check_name).transpose()?;
        let Owner { principal, scope, label } = self.owner::<UpdateServiceCredential>(caller, name).await?;
        let (mut tx, permit) = self.begin::<UpdateServiceCredential>(caller, scope, &label).await?;
        let before = present_credential(&mut tx, caller, principal, id).await?;
        let (new_name, active) = (new_name.unwrap_or(&before.name), active.unwrap_or(before.active));
        let after = tx.update_service_credential(&permit, &before, new_name, active).await?;
        let record = Record { target: id.to_string(), before: json!(before), after: json!(after) };
        tx.commit(permit, record).await.map(drop)
    }

    /// Deletes a service credential.
    pub async fn delete_service_credential(
        &self,
        caller: &Caller,
        name: Option<&UserName>,
        id: ServiceCredentialId,
    ) -> Result<(), Error> {
        let Owner { principal, scope, label } = self.owner::<DeleteServiceCredential>(caller, name).await?;
        let (mut tx, permit) = self.begin::<DeleteServiceCredential>(caller, scope, &label).await?;
        let before = present_credential(&mut tx, caller, principal, id).await?;
        tx.delete_service_credential(&permit, id).await?;
        let record = Record { target: id.to_string(), before: json!(before), after: Value::Null };
        tx.commit(permit, record).await.map(drop)
    }
}

async fn present_credential(
    tx: &mut Tx,
    caller: &Caller,
    owner: Principal,
    id: ServiceCredentialId,
) -> Result<ServiceCredential, Error> {
    let user = owner.user().ok_or_else(absent)?;
    tx.find_service_credential(caller.account, user, id).await?.ok_or_else(absent)
}
