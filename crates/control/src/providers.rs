//! Providers. Their credentials are write-only.

use bailey_domain::model::{Bounds, Dialect, Provider};
use bailey_domain::name::ProviderName;
use bailey_domain::operations::{
    CreateProvider, DeleteProvider, ListProviders, TestProvider, UpdateProvider,
};
use bailey_domain::scope::WholeAccount;
use bailey_domain::upstream::Reading;
use bailey_domain::{AccountId, Caller, Error, Secret};
use bailey_store::{Record, StoredProvider};
use serde_json::{Value, json};

use crate::control::Control;

/// What is to become of a provider; `None` stays as it is.
#[derive(Debug, Default)]
pub struct ProviderChange {
    /// What it speaks.
    pub dialect: Option<Dialect>,
    /// Where it is.
    pub base_url: Option<String>,
    /// Its credential; an empty one removes it.
    pub api_key: Option<Secret<String>>,
    /// Whether its name may resolve to a private or loopback address.
    pub allow_private: Option<bool>,
    /// What calls to it may take; 0 is the gateway's own bound.
    pub bounds: Bounds,
}

/// A provider as it is listed.
#[derive(Debug)]
pub struct ListedProvider {
    /// The provider.
    pub provider: Provider,
    /// Whether it has a credential, which is never shown.
    pub has_credential: bool,
    /// How it does, on this node; `None` for the built-in one.
    pub health: Option<Reading>,
}

/// What the sealed credential of a provider is bound to.
fn label(account: AccountId, name: &ProviderName) -> String {
    format!("providers/{account}/{name}")
}

/// Checks where a provider is. The gateway checks the addresses that the name resolves to when it connects.
fn base_url(dialect: Dialect, text: &str) -> Result<String, Error> {
    if dialect == Dialect::Demo {
        return if text.is_empty() {
            Ok(String::new())
        } else {
            Err(Error::field("baseUrl", "must be left out: the demo provider is built in"))
        };
    }
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let authority = rest.and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let clean = text.is_ascii()
        && !text.contains(['?', '#', '@', ' ', '\\'])
        && !text.bytes().any(|byte| byte.is_ascii_control());
    if authority.is_empty() || authority.starts_with(':') || !clean || text.len() > 512 {
        return Err(Error::field(
            "baseUrl",
            "must be `http://` or `https://`, a host and a path, such as `https://api.example.com/v1`",
        ));
    }
    Ok(text.trim_end_matches('/').to_owned())
}

/// The bounds of a provider after a change. The built-in one needs none.
fn bounds(dialect: Dialect, before: Bounds, change: Bounds) -> Result<Bounds, Error> {
    let after = before.changed(change);
    if dialect == Dialect::Demo && after != Bounds::default() {
        return Err(Error::field(
            "maxConcurrency",
            "and timeouts must be left out: the demo provider is built in",
        ));
    }
    Ok(after)
}

impl Control {
    fn sealed(
        &self,
        account: AccountId,
        name: &ProviderName,
        secret: &Secret<String>,
    ) -> Result<Option<String>, Error> {
        let text = secret.reveal();
        if text.len() > 4096 || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(Error::field("apiKey", "must be at most 4,096 visible ASCII characters"));
        }
        Ok((!text.is_empty())
            .then(|| self.sealer().seal(&*self.entropy, &label(account, name), text.as_bytes())))
    }

    /// Adds a provider.
    pub async fn create_provider(
        &self,
        caller: &Caller,
        name: ProviderName,
        change: ProviderChange,
    ) -> Result<Provider, Error> {
        let dialect = change.dialect.ok_or_else(|| Error::field("dialect", "is missing"))?;
        let provider = Provider {
            base_url: base_url(dialect, change.base_url.as_deref().unwrap_or_default())?,
            name,
            dialect,
            allow_private: change.allow_private.unwrap_or(false),
            bounds: bounds(dialect, Bounds::default(), change.bounds)?,
        };
        let sealed_credential = match &change.api_key {
            Some(secret) => self.sealed(caller.account, &provider.name, secret)?,
            None => None,
        };
        let target = provider.name.to_string();
        let (mut tx, permit) = self.begin::<CreateProvider>(caller, WholeAccount, &target).await?;
        let stored = StoredProvider { provider, sealed_credential };
        tx.insert_provider(&permit, &stored).await?;
        tx.commit(permit, Record { target, before: Value::Null, after: json!(stored.provider) }).await?;
        Ok(stored.provider)
    }

    /// Lists providers, each with how it does.
    pub async fn list_providers(&self, caller: &Caller) -> Result<Vec<ListedProvider>, Error> {
        let permit = self.permit::<ListProviders>(caller, WholeAccount, "").await?;
        let stored = self.store.list_providers(&permit).await?;
        let (called, now_ms) = (self.directory().providers(Some(caller.account)), self.clock.now_ms());
        let health = |provider: &Provider| {
            let entry = called.iter().find(|entry| entry.provider.name == provider.name)?;
            (provider.dialect != Dialect::Demo).then(|| entry.health.reading(now_ms))
        };
        let listed = |stored: StoredProvider| ListedProvider {
            health: health(&stored.provider),
            has_credential: stored.sealed_credential.is_some(),
            provider: stored.provider,
        };
        Ok(stored.into_iter().map(listed).collect())
    }

    /// Changes a provider. A new base URL needs the credential again: the old one must not be sent to another host.
    pub async fn update_provider(
        &self,
        caller: &Caller,
        name: &ProviderName,
        change: ProviderChange,
    ) -> Result<Provider, Error> {
        let target = name.to_string();
        let (mut tx, permit) = self.begin::<UpdateProvider>(caller, WholeAccount, &target).await?;
        let before =
            tx.find_provider(caller.account, name).await?.ok_or_else(|| Error::absent("Provider"))?;
        let dialect = change.dialect.unwrap_or(before.provider.dialect);
        let given = change.base_url.as_deref().unwrap_or(&before.provider.base_url);
        let provider = Provider {
            name: before.provider.name.clone(),
            dialect,
            base_url: base_url(dialect, given)?,
            allow_private: change.allow_private.unwrap_or(before.provider.allow_private),
            bounds: bounds(dialect, before.provider.bounds, change.bounds)?,
        };
        let sealed_credential = match &change.api_key {
            Some(secret) => self.sealed(caller.account, name, secret)?,
            None if provider.base_url != before.provider.base_url && before.sealed_credential.is_some() => {
                return Err(Error::field(
                    "apiKey",
                    "must be given with a new `baseUrl`: a credential is not sent to another address than it was entered for",
                ));
            }
            None => before.sealed_credential.clone(),
        };
        let stored = StoredProvider { provider, sealed_credential };
        tx.update_provider(&permit, &stored).await?;
        tx.commit(permit, Record { target, before: json!(before.provider), after: json!(stored.provider) })
            .await?;
        Ok(stored.provider)
    }

    /// Deletes a provider that no model routes to.
    pub async fn delete_provider(&self, caller: &Caller, name: &ProviderName) -> Result<(), Error> {
        let (mut tx, permit) = self.begin::<DeleteProvider>(caller, WholeAccount, name.as_str()).await?;
        let before =
            tx.find_provider(caller.account, name).await?.ok_or_else(|| Error::absent("Provider"))?;
        let models = tx.models(caller.account).await?;
        if let Some(model) =
            models.iter().find(|model| model.routes.iter().any(|route| route.provider == *name))
        {
            return Err(Error::in_use(
                "Provider.Model",
                format!(
                    "the model `{}` routes to the provider. Change or delete the model first",
                    model.model
                ),
            ));
        }
        tx.delete_provider(&permit, name).await?;
        tx.commit(
            permit,
            Record { target: name.to_string(), before: json!(before.provider), after: Value::Null },
        )
        .await?;
        Ok(())
    }

    /// A provider with its credential, for whoever tests it.
    pub async fn provider_to_test(
        &self,
        caller: &Caller,
        name: &ProviderName,
    ) -> Result<(Provider, Option<Secret<String>>), Error> {
        let permit = self.permit::<TestProvider>(caller, WholeAccount, name.as_str()).await?;
        let stored =
            self.store.find_provider(&permit, name).await?.ok_or_else(|| Error::absent("Provider"))?;
        let opened = stored
            .sealed_credential
            .map(|sealed| self.sealer().open_text(&label(caller.account, name), &sealed));
        Ok((stored.provider, opened.transpose()?))
    }
}
