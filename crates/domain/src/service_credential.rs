//! Service credentials: a RAM user's way into one service.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::id::{AccountId, ServiceCredentialId, UserId};
use crate::secret::KeyHash;

/// The services that there are credentials for. Both names are the vendor's, of one service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CredentialService {
    /// Model Studio, by the name of its API.
    ModelStudio,
    /// Model Studio, by its name in China.
    Bailian,
}

impl CredentialService {
    /// Reads a name; `field` is the parameter's name in the error.
    pub fn parse(field: &str, text: &str) -> Result<Self, Error> {
        match text {
            "modelstudio" => Ok(Self::ModelStudio),
            "bailian" => Ok(Self::Bailian),
            _ => Err(Error::field(
                field,
                "must be modelstudio or bailian: there are credentials for no other service",
            )),
        }
    }

    /// The name.
    pub fn name(self) -> &'static str {
        match self {
            Self::ModelStudio => "modelstudio",
            Self::Bailian => "bailian",
        }
    }
}

/// What can be done with a service credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CredentialStatus {
    /// It opens its service.
    Active,
    /// It is switched off.
    Inactive,
    /// Its time is over, whether it is switched on or not.
    Expired,
}

impl CredentialStatus {
    /// The status at a moment, both times in milliseconds since the epoch.
    pub fn at(now_ms: i64, active: bool, expires_at_ms: Option<i64>) -> Self {
        match expires_at_ms {
            Some(end) if end <= now_ms => Self::Expired,
            _ if active => Self::Active,
            _ => Self::Inactive,
        }
    }

    /// The word on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Active => "Active",
            Self::Inactive => "Inactive",
            Self::Expired => "Expired",
        }
    }
}

/// What authentication needs to know of a service credential.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ServiceCredentialFacts {
    /// Its handle.
    pub id: ServiceCredentialId,
    /// Its account.
    pub account: AccountId,
    /// Whom it stands for.
    pub owner: UserId,
    /// The keyed hash of its secret.
    pub hash: KeyHash,
    /// Whether it is switched on.
    pub active: bool,
    /// When its time is over, in milliseconds since the epoch.
    pub expires_at_ms: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_time_is_over_at_the_end_and_not_before() {
        let at = |now_ms, active| CredentialStatus::at(now_ms, active, Some(1_000));
        assert_eq!(at(999, true), CredentialStatus::Active);
        assert_eq!(at(999, false), CredentialStatus::Inactive);
        assert_eq!(
            (at(1_000, true), at(1_000, false)),
            (CredentialStatus::Expired, CredentialStatus::Expired)
        );
        assert_eq!(CredentialStatus::at(i64::MAX, true, None), CredentialStatus::Active);
    }
}
