//! `bailey login-profile`

use clap::{Args, Subcommand};

use super::input;
use super::operations::example;
use super::plan::Plan;
use crate::client::Failure;

/// Passwords: how RAM users sign in.
#[derive(Debug, Subcommand)]
pub(crate) enum LoginProfile {
    /// Let a RAM user sign in with a password.
    #[command(after_help = example("CreateLoginProfile"))]
    Create {
        /// The RAM user.
        user: String,
        /// A file that holds the password, `-` for standard input; without it, the password is asked for.
        #[arg(long, value_name = "FILE")]
        password_file: Option<String>,
        #[command(flatten)]
        duties: Duties,
    },
    /// Show how a RAM user signs in; never the password.
    #[command(after_help = example("GetLoginProfile"))]
    Get {
        /// The RAM user.
        user: String,
    },
    /// Change a RAM user's password, or what must be done after signing in; the user's sessions end.
    #[command(after_help = example("UpdateLoginProfile"))]
    Update {
        /// The RAM user.
        user: String,
        /// A file that holds the new password, `-` for standard input; without it, the password stays.
        #[arg(long, value_name = "FILE")]
        password_file: Option<String>,
        #[command(flatten)]
        duties: Duties,
    },
    /// Take a RAM user's password away; the user's sessions end.
    #[command(after_help = example("DeleteLoginProfile"))]
    Delete {
        /// The RAM user.
        user: String,
    },
    /// Change your own password; your other sessions end.
    #[command(after_help = example("ChangePassword"))]
    ChangePassword {
        /// A file that holds the present password; without it, it is asked for.
        #[arg(long, value_name = "FILE")]
        old_password_file: Option<String>,
        /// A file that holds the new password; without it, it is asked for.
        #[arg(long, value_name = "FILE")]
        new_password_file: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Duties {
    /// Whether the password must be changed after signing in.
    #[arg(long, value_name = "BOOL")]
    password_reset_required: Option<bool>,
    /// Whether an MFA device must be bound after signing in.
    #[arg(long, value_name = "BOOL")]
    mfa_bind_required: Option<bool>,
}

impl Duties {
    fn add_to(&self, plan: Plan) -> Plan {
        plan.maybe("PasswordResetRequired", &self.password_reset_required)
            .maybe("MFABindRequired", &self.mfa_bind_required)
    }
}

impl LoginProfile {
    pub(crate) fn plan(&self) -> Result<Plan, Failure> {
        let of = |operation, user: &str| Plan::new(operation).with("UserName", user);
        Ok(match self {
            Self::Create { user, password_file, duties } => {
                let password = input::secret(password_file.as_deref(), "Password of the user")?;
                duties
                    .add_to(of("CreateLoginProfile", user))
                    .with("Password", password)
                    .fields("LoginProfile")
            }
            Self::Get { user } => of("GetLoginProfile", user).fields("LoginProfile"),
            Self::Update { user, password_file, duties } => {
                let password = password_file.as_deref().map(input::read_secret).transpose()?;
                duties
                    .add_to(of("UpdateLoginProfile", user))
                    .maybe("Password", &password)
                    .note(format!("changed how {user} signs in; the sessions of before have ended"))
            }
            Self::Delete { user } => of("DeleteLoginProfile", user)
                .note(format!("{user} cannot sign in with a password any more; the sessions have ended")),
            Self::ChangePassword { old_password_file, new_password_file } => Plan::new("ChangePassword")
                .with("OldPassword", input::secret(old_password_file.as_deref(), "Present password")?)
                .with("NewPassword", input::secret(new_password_file.as_deref(), "New password")?)
                .note("the password is changed; your other sessions have ended"),
        })
    }
}
