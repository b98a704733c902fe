//! The command line: a client of the control API. One file per noun; each says what it sends and what a table shows.

mod access;
mod access_key;
mod account;
mod audit;
mod budget;
mod can_i;
mod completion;
mod credential_report;
mod decision;
mod doctor;
mod explain;
mod group;
mod guard;
mod input;
mod key;
mod limit;
mod login;
mod login_profile;
mod member;
mod mfa;
mod model;
mod model_put;
mod oidc_provider;
pub(crate) mod operations;
mod output;
mod page;
mod pages;
mod plan;
mod policy;
mod policy_check;
mod policy_version;
mod provider;
mod ram_user;
mod recycle_bin;
mod role;
mod service_credential;
mod settings;
mod simulate;
mod tag;
#[cfg(test)]
mod tests;
mod usage;
mod user;
mod users_file;
mod who_can;
mod whoami;
mod workspace;

use clap::{Args, Subcommand};

use crate::client::{Client, Credential, Exit, Failure, route_of};
use crate::config::{Target, environment};
use crate::system::say;
use plan::{Format, Plan};

/// Their heading in the help.
const EVERYWHERE: &str = "Options of every command";

/// What every command understands.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// Aligned columns, or the server's answer.
    #[arg(short, long, global = true, help_heading = EVERYWHERE, value_name = "FORMAT", value_enum, default_value = "table")]
    output: Format,
    /// The control listener [env: BAILEY_ENDPOINT] [default: the profile's, or http://127.0.0.1:8081].
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "URL")]
    endpoint: Option<String>,
    /// The signing-in to use [env: BAILEY_PROFILE] [default: default].
    #[arg(long, global = true, help_heading = EVERYWHERE, value_name = "NAME")]
    profile: Option<String>,
}

/// What a client can ask of a server.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Login(login::Login),
    Logout(login::Logout),
    Whoami(whoami::Whoami),
    #[command(subcommand)]
    User(user::User),
    #[command(subcommand)]
    Workspace(workspace::Workspace),
    #[command(subcommand)]
    Member(member::Member),
    #[command(subcommand)]
    Page(page::Page),
    #[command(subcommand)]
    Model(model::Model),
    #[command(subcommand)]
    Limit(limit::Limit),
    #[command(subcommand)]
    Key(key::Key),
    #[command(subcommand)]
    Provider(provider::Provider),
    #[command(subcommand)]
    Policy(policy::Policy),
    #[command(subcommand)]
    RamUser(ram_user::RamUser),
    #[command(subcommand)]
    Group(group::Group),
    #[command(subcommand)]
    Role(role::Role),
    #[command(subcommand)]
    Tag(tag::Tag),
    #[command(subcommand)]
    OidcProvider(oidc_provider::OidcProvider),
    #[command(subcommand)]
    Boundary(guard::Boundary),
    #[command(subcommand)]
    ControlPolicy(guard::ControlPolicy),
    #[command(subcommand)]
    AccessKey(access_key::AccessKey),
    #[command(subcommand)]
    LoginProfile(login_profile::LoginProfile),
    #[command(subcommand)]
    Mfa(mfa::Mfa),
    #[command(subcommand)]
    Account(account::Account),
    #[command(subcommand)]
    ServiceCredential(service_credential::ServiceCredential),
    #[command(subcommand)]
    RecycleBin(recycle_bin::RecycleBin),
    #[command(subcommand)]
    CredentialReport(credential_report::CredentialReport),
    #[command(subcommand)]
    Usage(usage::Usage),
    #[command(subcommand)]
    Budget(budget::Budget),
    #[command(subcommand)]
    Audit(audit::Audit),
    #[command(subcommand)]
    Settings(settings::Settings),
    #[command(subcommand)]
    Access(access::Access),
    Explain(explain::Explain),
    CanI(can_i::CanI),
    WhoCan(who_can::WhoCan),
    Simulate(simulate::Simulate),
    Doctor(doctor::Doctor),
    Completion(completion::Completion),
}

impl Command {
    /// The one call that the command is; `None` for those that are more, or none.
    fn plan(&self) -> Result<Option<Plan>, Failure> {
        let plan = match self {
            Self::Login(_) | Self::Logout(_) | Self::CanI(_) | Self::Doctor(_) | Self::Completion(_) => {
                return Ok(None);
            }
            Self::Whoami(whoami) => whoami.plan(),
            Self::User(user) => user.plan()?,
            Self::Workspace(workspace) => workspace.plan(),
            Self::Member(member) => member.plan(),
            Self::Page(page) => page.plan(),
            Self::Model(model) => model.plan()?,
            Self::Limit(limit) => limit.plan(),
            Self::Key(key) => key.plan(),
            Self::Provider(provider) => provider.plan()?,
            Self::Policy(policy) => return policy.plan(),
            Self::RamUser(user) => user.plan(),
            Self::Group(group) => group.plan(),
            Self::Role(role) => role.plan()?,
            Self::Tag(tag) => tag.plan(),
            Self::OidcProvider(provider) => provider.plan(),
            Self::Boundary(boundary) => boundary.plan()?,
            Self::ControlPolicy(policy) => policy.plan(),
            Self::AccessKey(key) => key.plan(),
            Self::LoginProfile(profile) => profile.plan()?,
            Self::Mfa(mfa) => mfa.plan(),
            Self::Account(account) => account.plan()?,
            Self::ServiceCredential(credential) => credential.plan(),
            Self::RecycleBin(bin) => bin.plan(),
            Self::CredentialReport(report) => report.plan(),
            Self::Usage(usage) => usage.plan(),
            Self::Budget(budget) => budget.plan(),
            Self::Audit(audit) => audit.plan(),
            Self::Settings(settings) => settings.plan()?,
            Self::Access(access) => access.plan(),
            Self::Explain(explain) => explain.plan()?,
            Self::WhoCan(question) => question.plan(),
            Self::Simulate(simulate) => simulate.plan()?,
        };
        Ok(Some(plan))
    }

    fn run(&self, options: &Options) -> Result<Exit, Failure> {
        match (self.plan()?, self) {
            (Some(plan), _) => {
                let client = options.client_for(plan.operation)?;
                plan.run(&client, options.output)
            }
            (None, Self::Login(login)) => login.run(&options.target()?),
            (None, Self::Logout(logout)) => logout.run(&options.target()?),
            (None, Self::CanI(question)) => question.run(&options.client()?, options.output),
            (None, Self::Policy(policy::Policy::Check(check))) => check.run(options.output),
            (None, Self::Doctor(doctor)) => doctor.run(options),
            (None, Self::Completion(completion)) => completion.run(),
            (None, _) => Err(Failure::failed("this command does nothing")),
        }
    }
}

impl Options {
    fn target(&self) -> Result<Target, Failure> {
        Target::choose(self.endpoint.as_deref(), self.profile.as_deref(), &environment)
    }

    /// The client for an operation; some are called without a credential.
    fn client_for(&self, operation: &str) -> Result<Client, Failure> {
        if route_of(operation)?.is_open() {
            return Client::new(&self.target()?.endpoint, Credential::Nothing);
        }
        self.client()
    }

    fn client(&self) -> Result<Client, Failure> {
        let target = self.target()?;
        Client::new(&target.endpoint, target.signed_in()?)
    }
}

/// Runs a command and gives the exit code. Blocks; call it outside of any async runtime.
#[expect(clippy::needless_pass_by_value, reason = "the command ends here")]
pub(crate) fn run(command: Command, options: &Options) -> u8 {
    let exit = command.run(options).unwrap_or_else(|failure| {
        if !failure.message.is_empty() {
            say(&failure.to_string());
        }
        failure.exit
    });
    exit as u8
}

/// How much of a list.
#[derive(Debug, Args)]
pub(crate) struct Paging {
    /// How many rows at most; without it, all.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

/// In which workspace.
#[derive(Debug, Args)]
pub(crate) struct InWorkspace {
    /// The workspace's id.
    #[arg(short, long, value_name = "ID")]
    workspace: String,
}
