//! OIDC providers.

use std::collections::HashSet;

use bailey_domain::id::OidcProviderId;
use bailey_domain::name::{self, OidcProviderName};
use bailey_domain::operations::{
    AddClientIdToOIDCProvider, CreateOIDCProvider, DeleteOIDCProvider, GetOIDCProvider, ListOIDCProviders,
    RemoveClientIdFromOIDCProvider, UpdateOIDCProvider,
};
use bailey_domain::scope::RamScope;
use bailey_domain::{AccountId, Caller, Error};
use bailey_store::{
    ChangesOidcProvider, Cursor, NewOidcProvider, OidcProvider, OidcProviderUpdate, Page, Record, Tx,
};
use serde_json::{Value, json};

use crate::control::{Control, within};
use crate::oidc::{Documents, check_url};
use crate::revoked::Revoked;

/// Client ids of one provider. A provider without any would take tokens that are meant for anybody.
const MOST_CLIENT_IDS: usize = 20;
/// Fingerprints of one provider.
const MOST_FINGERPRINTS: usize = 5;
/// The longest client id and fingerprint (IMS).
const LONGEST: usize = 128;
/// How old a token may be when nobody says, in hours.
const USUAL_LIMIT: u64 = 12;

/// What a caller says about a provider; `None` is not said.
#[derive(Clone, Debug, Default)]
#[expect(missing_docs, reason = "the fields are the provider's own")]
pub struct OidcProviderText {
    pub issuer_url: Option<String>,
    pub client_ids: Option<Vec<String>>,
    pub fingerprints: Option<Vec<String>>,
    pub description: Option<String>,
    /// Hours.
    pub issuance_limit_time: Option<u64>,
}

impl OidcProviderText {
    /// Checks each field that both creating and changing have.
    fn check(&self, description: &str) -> Result<(), Error> {
        if let Some(ids) = &self.client_ids {
            if !(1..=MOST_CLIENT_IDS).contains(&ids.len()) {
                return Err(Error::field("ClientIds", "must be 1 to 20 client ids, separated by commas"));
            }
            distinct("ClientIds", ids, client_id)?;
        }
        if let Some(fingerprints) = &self.fingerprints {
            if fingerprints.len() > MOST_FINGERPRINTS {
                return Err(Error::field("Fingerprints", "must be at most 5 fingerprints"));
            }
            distinct("Fingerprints", fingerprints, fingerprint)?;
        }
        if let Some(text) = self.description.as_ref().filter(|text| !text.is_empty()) {
            name::text(description, text, 1, 256)?;
        }
        if self.issuance_limit_time.is_some_and(|hours| !(1..=168).contains(&hours)) {
            return Err(Error::field("IssuanceLimitTime", "must be 1 to 168 hours"));
        }
        Ok(())
    }
}

fn distinct(field: &str, texts: &[String], check: fn(&str, &str) -> Result<(), Error>) -> Result<(), Error> {
    let mut seen = HashSet::new();
    for text in texts {
        check(field, text)?;
        if !seen.insert(text) {
            return Err(Error::field(field, "must not hold anything twice"));
        }
    }
    Ok(())
}

/// IMS: letters, digits and `.-_:/`, none of the marks in front.
fn client_id(field: &str, text: &str) -> Result<(), Error> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b".-_:/".contains(&byte);
    let begins = text.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    if begins && text.len() <= LONGEST && text.bytes().all(allowed) {
        Ok(())
    } else {
        Err(Error::field(
            field,
            "must be 1 to 128 of A-Z a-z 0-9 . - _ : / each, with a letter or digit in front",
        ))
    }
}

/// IMS: letters and digits.
fn fingerprint(field: &str, text: &str) -> Result<(), Error> {
    if (1..=LONGEST).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        Ok(())
    } else {
        Err(Error::field(field, "must be 1 to 128 letters and digits each"))
    }
}

fn scope(caller: &Caller, name: &OidcProviderName) -> RamScope {
    RamScope::oidc_provider(caller.account, name.as_str())
}

impl Control {
    /// Makes a provider known. Roles may trust its name already, from before one of that name was deleted: the caller
    /// must hold what those give.
    pub async fn create_oidc_provider(
        &self,
        caller: &Caller,
        name: OidcProviderName,
        text: OidcProviderText,
        documents: &dyn Documents,
    ) -> Result<OidcProvider, Error> {
        text.check("Description")?;
        let ends = |at: Option<char>| at.is_some_and(|character| character.is_ascii_alphanumeric());
        if !ends(name.as_str().chars().next()) || !ends(name.as_str().chars().last()) {
            return Err(Error::invalid(
                "InvalidParameter.OIDCProviderName.InvalidChars",
                "The parameter - \"OIDCProviderName\" contains invalid chars. It must begin and end with a letter or digit.",
            ));
        }
        let issuer_url = text.issuer_url.unwrap_or_default();
        check_url(&issuer_url, documents.private_issuers()).map_err(|why| Error::field("IssuerUrl", why))?;
        let whole = RamScope::oidc_provider(caller.account, "*");
        let (mut tx, permit) = self.begin::<CreateOIDCProvider>(caller, whole.clone(), name.as_str()).await?;
        within(
            self.settings_of(caller.account)?.quota_oidc_providers,
            tx.count_oidc_providers(caller.account).await?,
            "OIDCProvider",
            "OIDC providers",
        )?;
        let may = self.directory().may_widen_oidc_provider::<CreateOIDCProvider>(caller, &whole, &name);
        (tx, ()) = self.unless_refused(tx, may, name.as_str()).await?;
        let new = NewOidcProvider {
            provider_id: OidcProviderId::random(&*self.entropy),
            name,
            issuer_url,
            client_ids: text.client_ids.unwrap_or_default(),
            fingerprints: text.fingerprints.unwrap_or_default(),
            description: text.description.unwrap_or_default(),
            issuance_limit_time: text.issuance_limit_time.unwrap_or(USUAL_LIMIT),
        };
        let provider = tx.insert_oidc_provider(&permit, &new).await?;
        let record =
            Record { target: provider.name.to_string(), before: Value::Null, after: json!(provider) };
        tx.commit(permit, record).await?;
        Ok(provider)
    }

    /// Shows a provider.
    pub async fn get_oidc_provider(
        &self,
        caller: &Caller,
        name: &OidcProviderName,
    ) -> Result<OidcProvider, Error> {
        self.require::<GetOIDCProvider>(caller, scope(caller, name), name.as_str()).await?;
        let found = self.store.find_oidc_provider(caller.account, name).await?;
        found.ok_or_else(|| Error::absent("OIDCProvider"))
    }

    /// Lists the providers.
    pub async fn list_oidc_providers(
        &self,
        caller: &Caller,
        cursor: &Cursor,
    ) -> Result<Page<OidcProvider>, Error> {
        let whole = RamScope::oidc_provider(caller.account, "*");
        let permit = self.permit::<ListOIDCProviders>(caller, whole, "").await?;
        self.store.list_oidc_providers(&permit, cursor).await
    }

    /// Changes a provider.
    pub async fn update_oidc_provider(
        &self,
        caller: &Caller,
        name: &OidcProviderName,
        text: OidcProviderText,
    ) -> Result<OidcProvider, Error> {
        text.check("NewDescription")?;
        self.change_oidc_provider::<UpdateOIDCProvider>(caller, name, |_| {
            Ok(OidcProviderUpdate {
                client_ids: text.client_ids,
                description: text.description,
                issuance_limit_time: text.issuance_limit_time,
            })
        })
        .await
    }

    /// Adds a client id.
    pub async fn add_client_id(
        &self,
        caller: &Caller,
        name: &OidcProviderName,
        id: String,
    ) -> Result<OidcProvider, Error> {
        client_id("ClientId", &id)?;
        self.change_oidc_provider::<AddClientIdToOIDCProvider>(caller, name, |before| {
            if before.client_ids.contains(&id) {
                return Err(Error::exists("OIDCProvider.ClientId"));
            }
            if before.client_ids.len() >= MOST_CLIENT_IDS {
                return Err(Error::quota(
                    "OIDCProvider.ClientId",
                    "client ids of the OIDC provider",
                    MOST_CLIENT_IDS as u64,
                ));
            }
            let mut client_ids = before.client_ids.clone();
            client_ids.push(id);
            Ok(OidcProviderUpdate { client_ids: Some(client_ids), ..OidcProviderUpdate::default() })
        })
        .await
    }

    /// Takes a client id away. The last one stays.
    pub async fn remove_client_id(
        &self,
        caller: &Caller,
        name: &OidcProviderName,
        id: &str,
    ) -> Result<OidcProvider, Error> {
        self.change_oidc_provider::<RemoveClientIdFromOIDCProvider>(caller, name, |before| {
            let mut client_ids = before.client_ids.clone();
            client_ids.retain(|own| own != id);
            if client_ids.len() == before.client_ids.len() {
                return Err(Error::absent("OIDCProvider.ClientId"));
            }
            if client_ids.is_empty() {
                return Err(Error::field(
                    "ClientId",
                    "is the provider's last client id: add another one first, or delete the provider",
                ));
            }
            Ok(OidcProviderUpdate { client_ids: Some(client_ids), ..OidcProviderUpdate::default() })
        })
        .await
    }

    /// Deletes a provider; the sessions taken on its word end.
    pub async fn delete_oidc_provider(
        &self,
        caller: &Caller,
        name: &OidcProviderName,
    ) -> Result<Revoked, Error> {
        let started = self.clock.now_ms();
        let (mut tx, permit) =
            self.begin::<DeleteOIDCProvider>(caller, scope(caller, name), name.as_str()).await?;
        let provider = present(&mut tx, caller.account, name).await?;
        tx.delete_oidc_provider(&permit, provider.provider_id).await?;
        let record =
            Record { target: provider.name.to_string(), before: json!(provider), after: Value::Null };
        let committed = tx.commit(permit, record).await?;
        Ok(Revoked::of(committed, 0, self.clock.now_ms() - started))
    }

    /// Changes a provider as `how` says. Where it takes more tokens than before, the caller must hold what the roles give
    /// that trust it.
    async fn change_oidc_provider<
        O: ChangesOidcProvider + bailey_domain::operations::Operation<On = RamScope>,
    >(
        &self,
        caller: &Caller,
        name: &OidcProviderName,
        how: impl FnOnce(&OidcProvider) -> Result<OidcProviderUpdate, Error>,
    ) -> Result<OidcProvider, Error> {
        let scope = scope(caller, name);
        let (mut tx, permit) = self.begin::<O>(caller, scope.clone(), name.as_str()).await?;
        let before = present(&mut tx, caller.account, name).await?;
        let update = how(&before)?;
        let more_clients = update.client_ids.iter().flatten().any(|id| !before.client_ids.contains(id));
        let older = update.issuance_limit_time.is_some_and(|limit| limit > before.issuance_limit_time);
        if more_clients || older {
            let may = self.directory().may_widen_oidc_provider::<O>(caller, &scope, &before.name);
            (tx, ()) = self.unless_refused(tx, may, name.as_str()).await?;
        }
        let changed = tx.update_oidc_provider(&permit, &before, &update).await?;
        let record =
            Record { target: changed.name.to_string(), before: json!(before), after: json!(changed) };
        tx.commit(permit, record).await?;
        Ok(changed)
    }
}

async fn present(tx: &mut Tx, account: AccountId, name: &OidcProviderName) -> Result<OidcProvider, Error> {
    tx.find_oidc_provider(account, name).await?.ok_or_else(|| Error::absent("OIDCProvider"))
}
