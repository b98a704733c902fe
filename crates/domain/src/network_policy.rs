//! Where access keys may be used from: a list of networks, on one key or on the whole account.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::Error;
use crate::key_auth::parse_network;

const FIELD: &str = "AccessKeyPolicy";

/// The network policy of access keys, in the form of IMS (`AccessKeyPolicy`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct NetworkPolicy {
    /// The version of the form. There is one, and clients may leave it out.
    #[serde(default = "only_version")]
    pub version: u32,
    /// Whether it counts.
    pub status: NetworkStatus,
    /// What it lists.
    pub statements: Vec<NetworkStatement>,
}

/// Whether a network policy counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(missing_docs, reason = "the words are the vendor's own")]
pub enum NetworkStatus {
    Active,
    Inactive,
}

/// How a caller of the listed networks reaches the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum NetworkKind {
    /// By its own address: every call that arrives here.
    ClassicWhiteList,
    /// Through a VPC of the vendor's cloud, which no call that arrives here does: kept, and admits nobody.
    #[serde(rename = "VPCWhiteList")]
    VpcWhiteList,
}

/// Some networks of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct NetworkStatement {
    /// How callers reach the service.
    #[serde(rename = "Type")]
    pub kind: NetworkKind,
    /// Which VPC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// From where.
    #[serde(rename = "IPList")]
    pub networks: Vec<Listed>,
}

/// An address or a network as it was written, so that clients read back what they sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    network: IpNet,
    text: Box<str>,
}

impl Serialize for Listed {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Listed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let network = parse_network(FIELD, &text).map_err(serde::de::Error::custom)?;
        Ok(Self { network, text: text.into() })
    }
}

const fn only_version() -> u32 {
    1
}

impl Default for NetworkPolicy {
    /// What counts where none was set: nothing.
    fn default() -> Self {
        Self { version: only_version(), status: NetworkStatus::Inactive, statements: Vec::new() }
    }
}

impl NetworkPolicy {
    /// Reads the JSON of a policy.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let wrong =
            |why: &dyn std::fmt::Display| Error::field(FIELD, format_args!("is no network policy: {why}"));
        let policy: Self = serde_json::from_str(text).map_err(|error| wrong(&error))?;
        if policy.version != only_version() {
            return Err(wrong(&"`Version` must be 1"));
        }
        for statement in &policy.statements {
            if (statement.kind == NetworkKind::VpcWhiteList) != statement.value.is_some() {
                return Err(wrong(&"`Value` names the VPC of a `VPCWhiteList`, and belongs there only"));
            }
        }
        Ok(policy)
    }

    /// Whether it counts.
    pub fn is_active(&self) -> bool {
        self.status == NetworkStatus::Active
    }

    /// How many addresses and networks it lists.
    pub fn len(&self) -> usize {
        self.statements.iter().map(|statement| statement.networks.len()).sum()
    }

    /// Whether it lists none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether a key under it may be used from this address.
    pub fn admits(&self, source: IpAddr) -> bool {
        // A v4 caller on a dual-stack socket shows as `::ffff:a.b.c.d`; people write v4 networks.
        let source = source.to_canonical();
        let listed = |statement: &NetworkStatement| {
            statement.kind == NetworkKind::ClassicWhiteList
                && statement.networks.iter().any(|listed| listed.network.contains(&source))
        };
        !self.is_active() || self.statements.iter().any(listed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(policy: &str, address: &str) -> bool {
        NetworkPolicy::parse(policy).unwrap().admits(address.parse().unwrap())
    }

    #[test]
    fn an_active_policy_admits_what_it_lists() {
        let policy =
            r#"{"Status":"Active","Statements":[{"Type":"ClassicWhiteList","IPList":["10.0.0.0/8","::1"]}]}"#;
        assert!(from(policy, "10.9.9.9") && from(policy, "::ffff:10.9.9.9") && from(policy, "::1"));
        assert!(!from(policy, "11.0.0.1") && !from(policy, "::2"));
        assert!(from(&policy.replace("Active", "Inactive"), "11.0.0.1"), "switched off, it does not count");
        assert!(!from(r#"{"Status":"Active","Statements":[]}"#, "10.9.9.9"), "it lists nobody");
        let vpc = r#"{"Status":"Active","Statements":[{"Value":"AllowAllVPC","Type":"VPCWhiteList","IPList":["0.0.0.0/0"]}]}"#;
        assert!(!from(vpc, "10.9.9.9"), "no call comes through a VPC");
    }

    #[test]
    fn it_reads_back_as_it_was_written() {
        let text = r#"{"Version":1,"Status":"Active","Statements":[{"Type":"ClassicWhiteList","IPList":["203.0.113.1","198.51.100.0/24"]}]}"#;
        assert_eq!(serde_json::to_string(&NetworkPolicy::parse(text).unwrap()).unwrap(), text);
        assert_eq!(NetworkPolicy::parse(text).unwrap().len(), 2);
    }

    #[test]
    fn what_is_no_policy_is_refused_by_name() {
        for text in [
            "",
            "[]",
            r#"{"Status":"On","Statements":[]}"#,
            r#"{"Status":"Active"}"#,
            r#"{"Status":"Active","Statements":null}"#,
            r#"{"Version":2,"Status":"Active","Statements":[]}"#,
            r#"{"Status":"Active","Statements":[],"More":1}"#,
            r#"{"Status":"Active","Statements":[{"Type":"ClassicWhiteList","IPList":["10.0.0.0/99"]}]}"#,
            r#"{"Status":"Active","Statements":[{"Type":"ClassicWhiteList","Value":"vpc-1","IPList":[]}]}"#,
            r#"{"Status":"Active","Statements":[{"Type":"VPCWhiteList","IPList":["10.0.0.0/8"]}]}"#,
        ] {
            assert_eq!(
                NetworkPolicy::parse(text).unwrap_err().code(),
                "InvalidParameter.AccessKeyPolicy",
                "{text}"
            );
        }
    }
}
