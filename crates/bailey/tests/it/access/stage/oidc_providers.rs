//! What the operations of OIDC providers are asked.

use serde_json::{Value, json};

use super::{Asked, Outcome, Stage, changes};

impl Stage {
    /// A provider, as it is created for an account.
    pub(super) fn new_oidc_provider(name: &str) -> Value {
        let issuer = format!("https://issuer.example/{name}");
        json!({ "OIDCProviderName": name, "IssuerUrl": issuer, "ClientIds": "bailey,spare" })
    }

    pub(super) async fn oidc_provider(
        &mut self,
        operation: &str,
        thing: &'static str,
        outcome: Outcome,
    ) -> Asked {
        let mut name = Self::name("oidc-provider", thing);
        if changes(operation) && outcome == Outcome::Done {
            name = self.passing("oidc-provider");
            if operation != "CreateOIDCProvider" {
                let new = Self::new_oidc_provider(&name);
                self.control.done(&self.here.root, "CreateOIDCProvider", new).await;
            }
        }
        let on = |further: Value| Asked::new(json!({ "OIDCProviderName": name }), &further, &[&name]);
        match operation {
            "ListOIDCProviders" => Asked::new(json!({}), &json!({}), &[]),
            "CreateOIDCProvider" => {
                let name = if outcome == Outcome::Done { name.as_str() } else { "never" };
                Asked::new(Self::new_oidc_provider(name), &json!({}), &[])
            }
            "UpdateOIDCProvider" => on(json!({ "NewDescription": "changed", "ClientIds": "changed" })),
            "AddClientIdToOIDCProvider" => on(json!({ "ClientId": "changed" })),
            "RemoveClientIdFromOIDCProvider" => on(json!({ "ClientId": "spare" })),
            "GetOIDCProvider" | "DeleteOIDCProvider" => on(json!({})),
            _ => panic!("the stage does not know {operation}"),
        }
    }
}
