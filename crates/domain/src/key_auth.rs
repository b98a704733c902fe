//! What narrows one API key within its workspace: source addresses and models.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::error::Error;

/// The custom permission of a key (`auth` of the vendor's API, type `Custom`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct KeyAuth {
    /// Networks that the key may be used from.
    pub access_ips: Vec<IpNet>,
    /// Models that the key may call; `None` is all that the workspace may call.
    pub accessible_models: Option<Vec<Box<str>>>,
}

impl KeyAuth {
    /// Whether the key may be used from this address.
    pub fn allows_ip(&self, source: IpAddr) -> bool {
        // A v4 caller on a dual-stack socket shows as `::ffff:a.b.c.d`; people write v4 networks.
        let source = source.to_canonical();
        self.access_ips.iter().any(|network| network.contains(&source))
    }

    /// Whether the key may call this model.
    pub fn allows_model(&self, model: &str) -> bool {
        self.accessible_models.as_ref().is_none_or(|models| models.iter().any(|name| **name == *model))
    }
}

/// Reads an address or a network in CIDR form.
pub fn parse_network(field: &str, text: &str) -> Result<IpNet, Error> {
    text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map_err(|_| {
        Error::field(field, format_args!("holds `{text}`, which is no address and no CIDR network"))
    })
}

/// What the vendor stores when no address is given under `Custom`: everywhere.
pub fn everywhere() -> Vec<IpNet> {
    ["0.0.0.0/0", "::/0"].iter().map(|text| text.parse().expect("a constant network")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mapped_v4_address_matches_v4_networks() {
        let auth =
            KeyAuth { access_ips: vec![parse_network("f", "10.0.0.0/8").unwrap()], accessible_models: None };
        assert!(auth.allows_ip("10.1.2.3".parse().unwrap()));
        assert!(auth.allows_ip("::ffff:10.1.2.3".parse().unwrap()));
        assert!(!auth.allows_ip("11.1.2.3".parse().unwrap()));
        assert!(parse_network("accessIps", "10.0.0.0/99").is_err());
    }
}
