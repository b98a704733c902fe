//! `bailey mfa`

use clap::Subcommand;
use serde_json::{Value, json};

use super::operations::example;
use super::output::{self, text};
use super::plan::Plan;
use crate::client::{Exit, Failure};

/// Virtual MFA devices: the codes that signing in asks for beside the password.
#[derive(Debug, Subcommand)]
pub(crate) enum Mfa {
    /// Make a virtual MFA device; its seed is shown this once (`-o json` holds its QR code too).
    #[command(after_help = example("CreateVirtualMFADevice"))]
    Create {
        /// Its name.
        name: String,
    },
    /// List the virtual MFA devices.
    #[command(after_help = example("ListVirtualMFADevices"))]
    List,
    /// Delete a virtual MFA device that is bound to nobody.
    #[command(after_help = example("DeleteVirtualMFADevice"))]
    Delete {
        /// Its serial number.
        serial_number: String,
    },
    /// Bind a virtual MFA device to a RAM user, with two codes that follow each other.
    #[command(after_help = example("BindMFADevice"))]
    Bind {
        /// Its serial number.
        serial_number: String,
        /// The RAM user.
        #[arg(long, value_name = "NAME")]
        user: String,
        /// The two codes, the earlier one first.
        #[arg(long, value_name = "CODE", num_args = 2, required = true)]
        codes: Vec<String>,
    },
    /// Take a RAM user's MFA device off.
    #[command(after_help = example("UnbindMFADevice"))]
    Unbind {
        /// The RAM user.
        #[arg(long, value_name = "NAME")]
        user: String,
    },
    /// Show a RAM user's MFA device.
    #[command(after_help = example("GetUserMFAInfo"))]
    Get {
        /// The RAM user.
        #[arg(long, value_name = "NAME")]
        user: String,
    },
}

impl Mfa {
    pub(crate) fn plan(&self) -> Plan {
        let of = |operation, user: &str| Plan::new(operation).with("UserName", user);
        match self {
            Self::Create { name } => Plan::new("CreateVirtualMFADevice")
                .with("VirtualMFADeviceName", name.as_str())
                .shown_by(made)
                .note(
                    "the seed is shown this once: type it into the authenticator app, then `bailey mfa bind`",
                ),
            Self::List => {
                let columns = [
                    text("SERIAL NUMBER", "SerialNumber"),
                    text("USER", "User.UserName"),
                    text("BOUND", "ActivateDate"),
                ];
                Plan::new("ListVirtualMFADevices").rows("VirtualMFADevices.VirtualMFADevice", &columns)
            }
            Self::Delete { serial_number } => Plan::new("DeleteVirtualMFADevice")
                .with("SerialNumber", serial_number.as_str())
                .note(format!("deleted {serial_number}")),
            Self::Bind { serial_number, user, codes } => of("BindMFADevice", user)
                .with("SerialNumber", serial_number.as_str())
                .numbered("AuthenticationCode", codes)
                .note(format!("bound {serial_number} to {user}")),
            Self::Unbind { user } => of("UnbindMFADevice", user).fields("MFADevice"),
            Self::Get { user } => of("GetUserMFAInfo", user).fields("MFADevice"),
        }
    }
}

/// The picture is for `-o json`.
fn made(answer: &Value) -> Result<(String, Exit), Failure> {
    let device = &answer["VirtualMFADevice"];
    let shown =
        json!({ "SerialNumber": device["SerialNumber"], "Base32StringSeed": device["Base32StringSeed"] });
    Ok((output::fields(&shown), Exit::Ok))
}
