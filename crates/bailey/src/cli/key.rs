//! `bailey key`

use clap::{ArgGroup, Args, Subcommand};
use serde_json::{Value, json};

use super::operations::example;
use super::output::{flag, text, time};
use super::plan::Plan;
use super::{InWorkspace, Paging};

/// API keys: what model calls are made with.
#[derive(Debug, Subcommand)]
pub(crate) enum Key {
    /// Create an API key; its value is shown this once.
    #[command(after_help = example("CreateApiKey"))]
    Create {
        #[command(flatten)]
        place: InWorkspace,
        /// What it is for.
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        #[command(flatten)]
        end: End,
        #[command(flatten)]
        scope: Narrowing,
    },
    /// List API keys, masked: of one workspace, or of the whole account.
    #[command(after_help = example("ListApiKeys"))]
    List {
        /// Only this workspace.
        #[arg(short, long, value_name = "ID")]
        workspace: Option<String>,
        /// Only those with this description.
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        #[command(flatten)]
        paging: Paging,
    },
    /// Show an API key, masked.
    #[command(after_help = example("GetApiKey"))]
    Get(Id),
    /// Change an API key's description, expiry, addresses or models.
    #[command(after_help = example("UpdateApiKey"))]
    #[command(group = ArgGroup::new("change").required(true).multiple(true).args(["description", "expires_at", "access_ips", "models", "unrestricted"]))]
    Update {
        #[command(flatten)]
        id: Id,
        /// What it is for.
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        #[command(flatten)]
        end: End,
        #[command(flatten)]
        scope: Narrowing,
        /// Let it call every model of its workspace from every address.
        #[arg(long, conflicts_with_all = ["access_ips", "models"])]
        unrestricted: bool,
    },
    /// Delete an API key.
    #[command(after_help = example("DeleteApiKey"))]
    Delete(Id),
    /// Switch an API key on.
    #[command(after_help = example("EnableApiKey"))]
    Enable(Id),
    /// Switch an API key off; it is refused before the answer.
    #[command(after_help = example("DisableApiKey"))]
    Disable(Id),
    /// Give an API key a new value, shown this once; the old one dies, at once or after an overlap.
    #[command(after_help = example("ResetApiKey"))]
    Reset {
        #[command(flatten)]
        id: Id,
        /// How long the old value works beside the new one: at most a week, 604800. Not at all by default.
        #[arg(long, value_name = "SECONDS")]
        overlap: Option<u32>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Id {
    /// The key's id, not its value.
    id: String,
}

/// When a key's time is over.
#[derive(Debug, Args)]
pub(crate) struct End {
    /// When it expires: milliseconds since 1970, a time such as 2026-12-24T06:30:00Z, or `never`. Its calls end then.
    #[arg(long, value_name = "TIME")]
    expires_at: Option<String>,
}

impl End {
    fn given(&self) -> Option<Value> {
        self.expires_at.as_deref().map(|text| if text == "never" { json!(0) } else { json!(text) })
    }
}

/// What narrows a key. It is written whole: what is not named here is open.
#[derive(Debug, Args)]
pub(crate) struct Narrowing {
    /// An address or network that it may be used from; may be repeated. What is not named becomes open.
    #[arg(long = "access-ip", value_name = "CIDR")]
    access_ips: Vec<String>,
    /// A model that it may call; may be repeated. What is not named becomes open.
    #[arg(long = "model", value_name = "MODEL")]
    models: Vec<String>,
}

impl Narrowing {
    fn auth(&self) -> Option<Value> {
        if self.access_ips.is_empty() && self.models.is_empty() {
            return None;
        }
        let scope = json!({ "allowAllModels": self.models.is_empty(), "accessibleModels": self.models });
        Some(json!({ "type": "Custom", "accessIps": self.access_ips, "modelAccessScope": scope }))
    }
}

const SHOWN_ONCE: &str = "`apiKeyValue` is shown this once: keep it where secrets are kept";

impl Key {
    pub(crate) fn plan(&self) -> Plan {
        let of = |operation, id: &Id| Plan::new(operation).with("apiKeyId", id.id.as_str());
        match self {
            Self::Create { place, description, end, scope } => Plan::new("CreateApiKey")
                .with("workspaceId", place.workspace.as_str())
                .maybe("description", description)
                .maybe("expiresAt", &end.given())
                .maybe("auth", &scope.auth())
                .fields("apiKey")
                .note(SHOWN_ONCE),
            Self::List { workspace, description, paging } => {
                let operation = if workspace.is_some() { "ListApiKeys" } else { "ListAllApiKeys" };
                let columns = [
                    text("ID", "apiKeyId"),
                    text("VALUE", "apiKeyValue"),
                    text("WORKSPACE", "workspaceId"),
                    text("OWNER", "createdBy"),
                    flag("DISABLED", "disabled"),
                    text("SCOPE", "auth.type"),
                    time("CREATED", "gmtCreate"),
                    time("EXPIRES", "expiresAt"),
                    time("LAST USED", "lastUsedAt"),
                    text("DESCRIPTION", "description"),
                ];
                Plan::new(operation).maybe("workspaceId", workspace).maybe("description", description).pages(
                    "apiKeys",
                    &columns,
                    paging.limit,
                )
            }
            Self::Get(id) => of("GetApiKey", id).fields("apiKey"),
            Self::Update { id, description, end, scope, unrestricted } => {
                let auth = if *unrestricted { Some(json!({ "type": "All" })) } else { scope.auth() };
                of("UpdateApiKey", id)
                    .maybe("description", description)
                    .maybe("expiresAt", &end.given())
                    .maybe("auth", &auth)
                    .fields("apiKey")
            }
            Self::Delete(id) => of("DeleteApiKey", id).fields(""),
            Self::Enable(id) => of("EnableApiKey", id).note("the key works again"),
            Self::Disable(id) => of("DisableApiKey", id).fields(""),
            Self::Reset { id, overlap } => {
                of("ResetApiKey", id).maybe("overlapSeconds", overlap).fields("apiKey").note(SHOWN_ONCE)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_narrowed_only_where_asked() {
        let narrowing = |ips: &[&str], models: &[&str]| {
            let own = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
            Narrowing { access_ips: own(ips), models: own(models) }.auth()
        };
        assert_eq!(narrowing(&[], &[]), None);
        let scope = json!({ "allowAllModels": true, "accessibleModels": [] });
        assert_eq!(
            narrowing(&["::1"], &[]),
            Some(json!({ "type": "Custom", "accessIps": ["::1"], "modelAccessScope": scope }))
        );
        assert_eq!(narrowing(&[], &["m"]).unwrap()["modelAccessScope"]["allowAllModels"], false);
    }
}
