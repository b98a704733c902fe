//! `bailey account`

use clap::{Args, Subcommand};

use super::input;
use super::operations::example;
use super::plan::Plan;
use crate::client::Failure;

/// The account: its alias, its passwords' rules, how its users and its owner sign in.
#[derive(Debug, Subcommand)]
pub(crate) enum Account {
    /// Count what the account has, beside its quotas.
    #[command(after_help = example("GetAccountSummary"))]
    Summary,
    /// Show the alias.
    #[command(after_help = example("GetAccountAlias"))]
    GetAlias,
    /// Give the account an alias, for user names such as `alice@example`.
    #[command(after_help = example("SetAccountAlias"))]
    SetAlias {
        /// The alias.
        alias: String,
    },
    /// Take the alias away.
    #[command(after_help = example("ClearAccountAlias"))]
    ClearAlias,
    /// Show what passwords must be like.
    #[command(after_help = example("GetPasswordPolicy"))]
    GetPasswordPolicy,
    /// Set what passwords must be like; what is not given has its default.
    #[command(after_help = example("SetPasswordPolicy"))]
    SetPasswordPolicy(PasswordPolicy),
    /// Show how RAM users may sign in, and what they may do for themselves.
    #[command(after_help = example("GetSecurityPreference"))]
    GetSecurityPreference,
    /// Set how RAM users may sign in, and what they may do for themselves; what is not given stays.
    #[command(after_help = example("SetSecurityPreference"))]
    SetSecurityPreference(SecurityPreference),
    /// Set root's own password, and bind an MFA device to root or take it off.
    #[command(after_help = example("UpdateRootLogin"))]
    UpdateRootLogin(RootLogin),
}

#[derive(Debug, Args)]
pub(crate) struct PasswordPolicy {
    /// The fewest characters, 8 to 32.
    #[arg(long, value_name = "N")]
    minimum_length: Option<u32>,
    /// Whether a lower-case letter is needed.
    #[arg(long, value_name = "BOOL")]
    require_lowercase: Option<bool>,
    /// Whether an upper-case letter is needed.
    #[arg(long, value_name = "BOOL")]
    require_uppercase: Option<bool>,
    /// Whether a digit is needed.
    #[arg(long, value_name = "BOOL")]
    require_numbers: Option<bool>,
    /// Whether a symbol is needed.
    #[arg(long, value_name = "BOOL")]
    require_symbols: Option<bool>,
    /// Whether an expired password lets nobody in, not even to change it.
    #[arg(long, value_name = "BOOL")]
    hard_expiry: Option<bool>,
    /// After how many days a password expires; 0 is never.
    #[arg(long, value_name = "DAYS")]
    max_age: Option<u32>,
    /// How many earlier passwords may not be used again.
    #[arg(long, value_name = "N")]
    reuse_prevention: Option<u32>,
    /// How many attempts may fail in an hour before the name is locked.
    #[arg(long, value_name = "N")]
    max_attempts: Option<u32>,
}

#[derive(Debug, Args)]
pub(crate) struct SecurityPreference {
    /// Whether RAM users may change their own passwords.
    #[arg(long, value_name = "BOOL")]
    allow_change_password: Option<bool>,
    /// Whether RAM users may manage their own access keys.
    #[arg(long, value_name = "BOOL")]
    allow_manage_access_keys: Option<bool>,
    /// Whether RAM users may manage their own MFA devices.
    #[arg(long, value_name = "BOOL")]
    allow_manage_mfa_devices: Option<bool>,
    /// How many hours a session lives, 1 to 24; 12 at most come of it.
    #[arg(long, value_name = "N")]
    session_hours: Option<u32>,
    /// Networks that RAM users sign in from, separated by semicolons; an empty text is everywhere.
    #[arg(long, value_name = "CIDR;CIDR")]
    networks: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct RootLogin {
    /// A file that holds the new password, `-` for standard input; without it, the password stays, or is asked for where
    /// nothing else is to change.
    #[arg(long, value_name = "FILE")]
    password_file: Option<String>,
    /// A file that holds the present password: needed when you are signed in with a password.
    #[arg(long, value_name = "FILE")]
    old_password_file: Option<String>,
    /// The serial number of a virtual MFA device to bind.
    #[arg(long, value_name = "SERIAL", requires = "codes")]
    bind_mfa: Option<String>,
    /// Two codes of it that follow each other.
    #[arg(long, value_name = "CODE", num_args = 2, requires = "bind_mfa")]
    codes: Vec<String>,
    /// Take the MFA device off.
    #[arg(long, conflicts_with = "bind_mfa")]
    unbind_mfa: bool,
}

impl Account {
    pub(crate) fn plan(&self) -> Result<Plan, Failure> {
        Ok(match self {
            Self::Summary => Plan::new("GetAccountSummary").fields("SummaryMap"),
            Self::GetAlias => Plan::new("GetAccountAlias").fields(""),
            Self::SetAlias { alias } => Plan::new("SetAccountAlias")
                .with("AccountAlias", alias.as_str())
                .note(format!("the account's alias is {alias} now")),
            Self::ClearAlias => Plan::new("ClearAccountAlias").note("the account has no alias any more"),
            Self::GetPasswordPolicy => Plan::new("GetPasswordPolicy").fields("PasswordPolicy"),
            Self::SetPasswordPolicy(policy) => policy.plan(),
            Self::GetSecurityPreference => Plan::new("GetSecurityPreference").fields("SecurityPreference"),
            Self::SetSecurityPreference(preference) => preference.plan(),
            Self::UpdateRootLogin(login) => login.plan()?,
        })
    }
}

impl PasswordPolicy {
    fn plan(&self) -> Plan {
        Plan::new("SetPasswordPolicy")
            .maybe("MinimumPasswordLength", &self.minimum_length)
            .maybe("RequireLowercaseCharacters", &self.require_lowercase)
            .maybe("RequireUppercaseCharacters", &self.require_uppercase)
            .maybe("RequireNumbers", &self.require_numbers)
            .maybe("RequireSymbols", &self.require_symbols)
            .maybe("HardExpiry", &self.hard_expiry)
            .maybe("MaxPasswordAge", &self.max_age)
            .maybe("PasswordReusePrevention", &self.reuse_prevention)
            .maybe("MaxLoginAttemps", &self.max_attempts)
            .fields("PasswordPolicy")
    }
}

impl SecurityPreference {
    fn plan(&self) -> Plan {
        Plan::new("SetSecurityPreference")
            .maybe("AllowUserToChangePassword", &self.allow_change_password)
            .maybe("AllowUserToManageAccessKeys", &self.allow_manage_access_keys)
            .maybe("AllowUserToManageMFADevices", &self.allow_manage_mfa_devices)
            .maybe("LoginSessionDuration", &self.session_hours)
            .maybe("LoginNetworkMasks", &self.networks)
            .fields("SecurityPreference")
    }
}

impl RootLogin {
    fn plan(&self) -> Result<Plan, Failure> {
        let only_password = self.bind_mfa.is_none() && !self.unbind_mfa;
        let password = match &self.password_file {
            None if !only_password => None,
            file => Some(input::secret(file.as_deref(), "New password of root")?),
        };
        let old = self.old_password_file.as_deref().map(input::read_secret).transpose()?;
        Ok(Plan::new("UpdateRootLogin")
            .maybe("password", &password)
            .maybe("oldPassword", &old)
            .maybe("serialNumber", &self.bind_mfa)
            .switch("unbindMfa", self.unbind_mfa)
            .numbered("authenticationCode", &self.codes)
            .fields("rootLogin"))
    }
}
