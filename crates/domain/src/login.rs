//! Signing in with a password: what an account demands of passwords, what it lets its users do themselves, and
//! what a session is.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::access::Principal;
use crate::error::Error;
use crate::id::{AccountId, SessionId};
use crate::key_auth::parse_network;
use crate::reason::Reason;
use crate::secret::KeyHash;

/// The longest password that is ever accepted, in characters (RAM).
pub const LONGEST_PASSWORD: u32 = 32;
/// The shortest that a policy may ask for.
pub const SHORTEST_PASSWORD: u32 = 8;
/// Failed attempts in an hour after which even an account without a limit of its own locks a name.
const CEILING_OF_ATTEMPTS: u32 = 100;
/// How long a session lives at most, in milliseconds.
const LONGEST_SESSION_MS: i64 = 12 * HOUR_MS;
/// How long a session lives without being used, in milliseconds.
const IDLE_MS: i64 = HOUR_MS / 2;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// The longest list of networks (RAM).
const MOST_NETWORKS: usize = 40;

/// What an account demands of passwords (RAM's password policy).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PasswordPolicy {
    /// The fewest characters.
    pub minimum_length: u32,
    /// A lower-case letter must be among them.
    pub require_lowercase: bool,
    /// An upper-case letter must be among them.
    pub require_uppercase: bool,
    /// A digit must be among them.
    pub require_numbers: bool,
    /// Something else must be among them.
    pub require_symbols: bool,
    /// Whether an expired password lets nobody in, not even to change it.
    pub hard_expiry: bool,
    /// After how many days a password expires; 0 is never.
    pub max_age_days: u32,
    /// How many earlier passwords may not be used again.
    pub reuse_prevention: u32,
    /// How many attempts may fail in an hour before the name is locked; 0 leaves it to bailey's ceiling.
    pub max_attempts: u32,
}

impl Default for PasswordPolicy {
    fn default() -> Self {
        Self {
            minimum_length: SHORTEST_PASSWORD,
            require_lowercase: true,
            require_uppercase: true,
            require_numbers: true,
            require_symbols: false,
            hard_expiry: false,
            max_age_days: 0,
            reuse_prevention: 0,
            max_attempts: 5,
        }
    }
}

impl PasswordPolicy {
    /// Refuses a new password that is too weak; `field` is its parameter's name. The message never quotes it.
    pub fn check(&self, field: &str, password: &str) -> Result<(), Error> {
        let length = password.chars().count();
        let least = self.minimum_length.max(SHORTEST_PASSWORD);
        let has = |is: fn(&char) -> bool| password.chars().any(|character| is(&character));
        let symbol = |character: &char| !character.is_alphanumeric();
        let mut lacks = Vec::new();
        if length < least as usize || length > LONGEST_PASSWORD as usize {
            lacks.push(format!("{least} to {LONGEST_PASSWORD} characters"));
        }
        if has(|character| character.is_control()) {
            lacks.push("no control character".to_owned());
        }
        for (wanted, there, what) in [
            (self.require_lowercase, has(|character| character.is_lowercase()), "a lower-case letter"),
            (self.require_uppercase, has(|character| character.is_uppercase()), "an upper-case letter"),
            (self.require_numbers, has(|character| character.is_numeric()), "a digit"),
            (self.require_symbols, has(symbol), "a symbol"),
        ] {
            if wanted && !there {
                lacks.push(what.to_owned());
            }
        }
        if lacks.is_empty() {
            return Ok(());
        }
        Err(Error::invalid(
            format!("InvalidParameter.{field}.TooWeak"),
            format!(
                "The parameter - \"{field}\" is not compliant with the password policy. It must have {}.",
                lacks.join(", ")
            ),
        ))
    }

    /// Whether a password that was set then is too old now.
    pub fn expired(&self, changed_at_ms: i64, now_ms: i64) -> bool {
        self.max_age_days > 0 && now_ms - changed_at_ms >= i64::from(self.max_age_days) * DAY_MS
    }

    /// How many attempts may fail in an hour.
    pub fn attempts_allowed(&self) -> u32 {
        if self.max_attempts == 0 { CEILING_OF_ATTEMPTS } else { self.max_attempts }
    }
}

/// What RAM users may do for themselves without a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preference {
    /// `AllowUserToChangePassword`.
    ChangePassword,
    /// `AllowUserToManageAccessKeys`.
    ManageAccessKeys,
    /// `AllowUserToManageMFADevices`.
    ManageMfaDevices,
}

impl Preference {
    /// The name in RAM's API.
    pub fn name(self) -> &'static str {
        match self {
            Self::ChangePassword => "AllowUserToChangePassword",
            Self::ManageAccessKeys => "AllowUserToManageAccessKeys",
            Self::ManageMfaDevices => "AllowUserToManageMFADevices",
        }
    }
}

/// The account's choices about signing in (RAM's security preference).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SecurityPreference {
    /// RAM users may change their own passwords.
    pub change_password: bool,
    /// RAM users may manage their own access keys.
    pub manage_access_keys: bool,
    /// RAM users may manage their own MFA devices.
    pub manage_mfa_devices: bool,
    /// How many hours a session lives.
    pub session_hours: u32,
    /// Where users may sign in from, and use a session from; empty is everywhere.
    pub networks: Vec<IpNet>,
}

impl Default for SecurityPreference {
    fn default() -> Self {
        Self {
            change_password: true,
            manage_access_keys: false,
            manage_mfa_devices: true,
            session_hours: 6,
            networks: Vec::new(),
        }
    }
}

impl SecurityPreference {
    /// Whether users may do this for themselves.
    pub fn allows(&self, preference: Preference) -> bool {
        match preference {
            Preference::ChangePassword => self.change_password,
            Preference::ManageAccessKeys => self.manage_access_keys,
            Preference::ManageMfaDevices => self.manage_mfa_devices,
        }
    }

    /// Whether RAM users may sign in from here, or use a session from here.
    pub fn lets_in(&self, source: IpAddr) -> bool {
        self.networks.is_empty() || self.networks.iter().any(|network| network.contains(&source))
    }

    /// How long a session lives, in milliseconds.
    pub fn session_ms(&self) -> i64 {
        (i64::from(self.session_hours) * HOUR_MS).min(LONGEST_SESSION_MS)
    }

    /// Reads networks as RAM writes them: separated by semicolons.
    pub fn parse_networks(field: &str, text: &str) -> Result<Vec<IpNet>, Error> {
        let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
        let networks = parts.map(|part| parse_network(field, part)).collect::<Result<Vec<_>, _>>()?;
        if networks.len() > MOST_NETWORKS {
            return Err(Error::field(
                field,
                format_args!("names {} networks; {MOST_NETWORKS} at most", networks.len()),
            ));
        }
        Ok(networks)
    }

    /// Writes them the same way.
    pub fn networks_text(&self) -> String {
        self.networks.iter().map(ToString::to_string).collect::<Vec<_>>().join(";")
    }
}

/// What somebody who has signed in must do before anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Duty {
    /// Change the password.
    ChangePassword,
    /// Bind an MFA device.
    BindMfaDevice,
}

impl Duty {
    /// Whether an operation may be called before the duty is done.
    pub fn leaves(self, operation: &str) -> bool {
        matches!(operation, "GetCallerIdentity" | "DeleteSession")
            || match self {
                Self::ChangePassword => operation == "ChangePassword",
                Self::BindMfaDevice => matches!(
                    operation,
                    "CreateVirtualMFADevice" | "BindMFADevice" | "GetUserMFAInfo" | "ChangePassword"
                ),
            }
    }

    /// Why whatever else is asked for is refused before the duty is done.
    pub fn reason(self) -> Reason {
        match self {
            Self::ChangePassword => Reason::PasswordResetRequired,
            Self::BindMfaDevice => Reason::MfaBindRequired,
        }
    }

    /// What the duty lets its bearer do, whatever the account's preference.
    pub fn grants(self) -> Preference {
        match self {
            Self::ChangePassword => Preference::ChangePassword,
            Self::BindMfaDevice => Preference::ManageMfaDevices,
        }
    }
}

/// One session as the directory needs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SessionFacts {
    /// Its handle.
    pub id: SessionId,
    /// The hash of its token.
    pub hash: KeyHash,
    /// Its account.
    pub account: AccountId,
    /// Who has signed in.
    pub principal: Principal,
    /// Whether a code of an MFA device was given.
    pub mfa_present: bool,
    /// What must be done first.
    pub duty: Option<Duty>,
    /// When it was made, in milliseconds since the epoch.
    pub created_at: i64,
    /// When it ends at the latest, in milliseconds since the epoch.
    pub expires_at: i64,
    /// When it was used last, as far as that has been written.
    pub seen_at: i64,
}

impl SessionFacts {
    /// Whether its time is not over. A shorter life that the account chose meanwhile counts at once.
    pub fn lives(&self, preference: &SecurityPreference, now_ms: i64) -> bool {
        now_ms < self.expires_at && now_ms < self.created_at + preference.session_ms()
    }
}

/// Whether a session that was used last then has been idle for too long.
pub fn idle(seen_at_ms: i64, now_ms: i64) -> bool {
    now_ms - seen_at_ms >= IDLE_MS
}

/// The last moment of use before which a session has been idle for too long.
pub fn idle_since(now_ms: i64) -> i64 {
    now_ms - IDLE_MS
}

/// The session that a caller presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SignedIn {
    /// Its handle.
    pub session: SessionId,
    /// Whether a code of an MFA device was given (`acs:MFAPresent`).
    pub mfa_present: bool,
    /// What must be done first.
    pub duty: Option<Duty>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_names_what_a_password_lacks_and_never_the_password() {
        let policy =
            PasswordPolicy { require_symbols: true, minimum_length: 10, ..PasswordPolicy::default() };
        policy.check("Password", "Abcdefgh1!").unwrap();
        for (weak, lack) in [
            ("Abcdefg1!", "10 to 32 characters"),
            ("ABCDEFGH1!", "a lower-case letter"),
            ("abcdefgh1!", "an upper-case letter"),
            ("Abcdefghi!", "a digit"),
            ("Abcdefghi1", "a symbol"),
            ("Abcdefgh1!\u{7}", "no control character"),
        ] {
            let error = policy.check("Password", weak).unwrap_err();
            assert_eq!(error.code(), "InvalidParameter.Password.TooWeak");
            let message = error.to_string();
            assert!(message.contains(lack) && !message.contains(weak), "{message}");
        }
        let long = format!("A1!{}", "a".repeat(30));
        assert!(policy.check("Password", &long).is_err());
    }

    #[test]
    fn ages_and_attempts_are_counted() {
        let policy = PasswordPolicy { max_age_days: 2, max_attempts: 0, ..PasswordPolicy::default() };
        assert!(!policy.expired(0, 2 * DAY_MS - 1) && policy.expired(0, 2 * DAY_MS));
        assert!(!PasswordPolicy::default().expired(0, i64::MAX));
        assert_eq!(policy.attempts_allowed(), 100);
    }

    #[test]
    fn networks_are_written_as_they_are_read() {
        let networks =
            SecurityPreference::parse_networks("LoginNetworkMasks", "192.168.0.0/16;10.1.2.3").unwrap();
        let preference = SecurityPreference { networks, ..SecurityPreference::default() };
        assert!(preference.networks_text().starts_with("192.168.0.0/16;10.1.2.3"));
        assert!(preference.lets_in("192.168.7.7".parse().unwrap()));
        assert!(!preference.lets_in("11.0.0.1".parse().unwrap()));
        assert!(SecurityPreference::parse_networks("LoginNetworkMasks", "everywhere").is_err());
        assert!(SecurityPreference::parse_networks("LoginNetworkMasks", &"10.0.0.1;".repeat(41)).is_err());
    }

    #[test]
    fn a_session_lives_no_longer_than_the_account_wants() {
        let hours = |session_hours| SecurityPreference { session_hours, ..SecurityPreference::default() };
        assert_eq!(hours(24).session_ms(), LONGEST_SESSION_MS);
        assert_eq!(hours(1).session_ms(), HOUR_MS);
        assert!(idle(0, IDLE_MS) && !idle(0, IDLE_MS - 1));
    }
}
