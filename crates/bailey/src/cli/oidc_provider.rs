//! `bailey oidc-provider`

use clap::{Args, Subcommand};

use super::Paging;
use super::operations::example;
use super::output::text;
use super::plan::Plan;

/// OIDC providers: issuers of tokens whose subjects may take the roles that trust the provider.
#[derive(Debug, Subcommand)]
pub(crate) enum OidcProvider {
    /// Make an OIDC provider known.
    #[command(after_help = example("CreateOIDCProvider"))]
    Create {
        /// Its name.
        name: String,
        /// What its tokens say in `iss`; its keys are found there.
        #[arg(long, value_name = "URL")]
        issuer: String,
        /// What its tokens say in `aud`; give it again for more.
        #[arg(long = "client-id", value_name = "ID", required = true)]
        client_ids: Vec<String>,
        /// The fingerprint of a certificate, to be kept; give it again for more.
        #[arg(long = "fingerprint", value_name = "TEXT")]
        fingerprints: Vec<String>,
        #[command(flatten)]
        details: Details,
    },
    /// Show an OIDC provider.
    #[command(after_help = example("GetOIDCProvider"))]
    Get {
        /// Its name.
        name: String,
    },
    /// List OIDC providers.
    #[command(after_help = example("ListOIDCProviders"))]
    List {
        #[command(flatten)]
        paging: Paging,
    },
    /// Change an OIDC provider; sessions taken for a client id that is gone end before the answer.
    #[command(after_help = example("UpdateOIDCProvider"))]
    Update {
        /// Its name.
        name: String,
        /// All client ids that it is to have; give it again for more.
        #[arg(long = "client-id", value_name = "ID")]
        client_ids: Vec<String>,
        #[command(flatten)]
        details: Details,
    },
    /// Delete an OIDC provider; the sessions taken on its word end before the answer.
    #[command(after_help = example("DeleteOIDCProvider"))]
    Delete {
        /// Its name.
        name: String,
    },
    /// Add a client id to an OIDC provider.
    #[command(after_help = example("AddClientIdToOIDCProvider"))]
    AddClientId {
        /// The provider's name.
        name: String,
        /// The client id.
        client_id: String,
    },
    /// Take a client id from an OIDC provider; the sessions taken for it end before the answer.
    #[command(after_help = example("RemoveClientIdFromOIDCProvider"))]
    RemoveClientId {
        /// The provider's name.
        name: String,
        /// The client id.
        client_id: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Details {
    /// What it is for.
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// How old a token may be, in hours: 1 to 168.
    #[arg(long, value_name = "HOURS")]
    issuance_limit_time: Option<u32>,
}

impl Details {
    fn put(&self, plan: Plan, description: &str) -> Plan {
        plan.maybe(description, &self.description).maybe("IssuanceLimitTime", &self.issuance_limit_time)
    }
}

/// A list as the API takes it; none is left out.
fn listed(texts: &[String]) -> Option<String> {
    (!texts.is_empty()).then(|| texts.join(","))
}

impl OidcProvider {
    pub(crate) fn plan(&self) -> Plan {
        let of = |operation, name: &str| Plan::new(operation).with("OIDCProviderName", name);
        match self {
            Self::Create { name, issuer, client_ids, fingerprints, details } => {
                let plan = of("CreateOIDCProvider", name)
                    .with("IssuerUrl", issuer.as_str())
                    .maybe("ClientIds", &listed(client_ids))
                    .maybe("Fingerprints", &listed(fingerprints));
                details.put(plan, "Description").fields("OIDCProvider")
            }
            Self::Get { name } => of("GetOIDCProvider", name).fields("OIDCProvider"),
            Self::List { paging } => {
                let columns = [
                    text("PROVIDER", "OIDCProviderName"),
                    text("ISSUER", "IssuerUrl"),
                    text("CLIENT IDS", "ClientIds"),
                    text("DESCRIPTION", "Description"),
                ];
                Plan::new("ListOIDCProviders").pages("OIDCProviders.OIDCProvider", &columns, paging.limit)
            }
            Self::Update { name, client_ids, details } => {
                let plan = of("UpdateOIDCProvider", name).maybe("ClientIds", &listed(client_ids));
                details.put(plan, "NewDescription").fields("OIDCProvider")
            }
            Self::Delete { name } => of("DeleteOIDCProvider", name).note(format!("deleted {name}")),
            Self::AddClientId { name, client_id } => of("AddClientIdToOIDCProvider", name)
                .with("ClientId", client_id.as_str())
                .fields("OIDCProvider"),
            Self::RemoveClientId { name, client_id } => of("RemoveClientIdFromOIDCProvider", name)
                .with("ClientId", client_id.as_str())
                .fields("OIDCProvider"),
        }
    }
}
