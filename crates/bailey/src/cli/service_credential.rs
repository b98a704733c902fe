//! `bailey service-credential`

use clap::{Args, Subcommand, ValueEnum};

use super::Paging;
use super::access_key::{Owner, Status};
use super::operations::example;
use super::output::text;
use super::pages::Marks;
use super::plan::Plan;

/// Service credentials: a RAM user's way into Model Studio's operations, by HTTP Basic and nothing else.
#[derive(Debug, Subcommand)]
pub(crate) enum ServiceCredential {
    /// Create a service credential; its secret is shown this once.
    #[command(after_help = example("CreateServiceCredential"))]
    Create {
        /// Its name.
        name: String,
        #[command(flatten)]
        owner: Owner,
        /// The service that it opens.
        #[arg(long, value_enum, default_value = "modelstudio")]
        service: Service,
        /// After how many days its time is over; without it, never.
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(1..=36_600))]
        age_days: Option<u32>,
    },
    /// Show a service credential.
    #[command(after_help = example("GetServiceCredential"))]
    Get(One),
    /// List service credentials.
    #[command(after_help = example("ListServiceCredentials"))]
    List {
        #[command(flatten)]
        owner: Owner,
        /// Those of every RAM user.
        #[arg(long, conflicts_with = "user")]
        all: bool,
        #[command(flatten)]
        paging: Paging,
    },
    /// Rename a service credential, or switch it on or off.
    #[command(after_help = example("UpdateServiceCredential"))]
    Update {
        #[command(flatten)]
        one: One,
        /// Its new name.
        #[arg(long, value_name = "NAME")]
        new_name: Option<String>,
        /// What it is to be.
        #[arg(long, value_enum, required_unless_present = "new_name")]
        status: Option<Status>,
    },
    /// Delete a service credential.
    #[command(after_help = example("DeleteServiceCredential"))]
    Delete(One),
}

#[derive(Debug, Args)]
pub(crate) struct One {
    /// Its id.
    id: String,
    #[command(flatten)]
    owner: Owner,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Service {
    #[value(name = "modelstudio")]
    ModelStudio,
    Bailian,
}

impl ServiceCredential {
    pub(crate) fn plan(&self) -> Plan {
        let of = |operation, owner: &Owner| Plan::new(operation).maybe("UserPrincipalName", owner.user());
        let one =
            |operation, one: &One| of(operation, &one.owner).with("ServiceCredentialId", one.id.as_str());
        match self {
            Self::Create { name, owner, service, age_days } => {
                let service = match service {
                    Service::ModelStudio => "modelstudio",
                    Service::Bailian => "bailian",
                };
                of("CreateServiceCredential", owner)
                    .with("ServiceCredentialName", name.as_str())
                    .with("ServiceName", service)
                    .maybe("CredentialAgeDays", age_days)
                    .fields("ServiceCredential")
                    .note("`ServiceCredentialSecret` is shown this once: keep it where secrets are kept")
            }
            Self::Get(which) => one("GetServiceCredential", which).fields("ServiceCredential"),
            Self::List { owner, all, paging } => {
                let columns = [
                    text("ID", "ServiceCredentialId"),
                    text("NAME", "ServiceCredentialName"),
                    text("USER", "UserPrincipalName"),
                    text("SERVICE", "ServiceName"),
                    text("STATUS", "Status"),
                    text("UNTIL", "ExpirationTime"),
                ];
                of("ListServiceCredentials", owner)
                    .switch("AllUsers", *all)
                    .pages("ServiceCredentials", &columns, paging.limit)
                    .marked(Marks::NEWER)
            }
            Self::Update { one: which, new_name, status } => {
                let status = status.map(Status::name);
                one("UpdateServiceCredential", which)
                    .maybe("ServiceCredentialName", new_name)
                    .maybe("Status", &status)
                    .note(format!("changed {}", which.id))
            }
            Self::Delete(which) => {
                one("DeleteServiceCredential", which).note(format!("deleted {}", which.id))
            }
        }
    }
}
