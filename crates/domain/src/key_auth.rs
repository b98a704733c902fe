//! What narrows one API key within its workspace: source addresses and models.

use std::net::IpAddr;

use ipnet::{IpNet, Ipv4Net};
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
    let network =
        text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map_err(|_| {
            Error::field(field, format_args!("holds `{text}`, which is no address and no CIDR network"))
        })?;
    Ok(canonical(network))
}

/// A network of v4 addresses in their v6 clothes is the v4 network: callers are looked at without such clothes.
fn canonical(network: IpNet) -> IpNet {
    const CLOTHES: u8 = 96;
    let plain = match (network.addr().to_canonical(), network) {
        (IpAddr::V4(address), IpNet::V6(clothed)) => {
            let length = clothed.prefix_len().checked_sub(CLOTHES);
            length.and_then(|length| Ipv4Net::new(address, length).ok())
        }
        _ => None,
    };
    plain.map_or(network, IpNet::from)
}

/// What the vendor stores when no address is given under `Custom`: everywhere.
pub fn everywhere() -> Vec<IpNet> {
    ["0.0.0.0/0", "::/0"].iter().map(|text| text.parse().expect("a constant network")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(networks: &[&str], source: &str) -> bool {
        let access_ips = networks.iter().map(|text| parse_network("f", text).unwrap()).collect();
        KeyAuth { access_ips, accessible_models: None }.allows_ip(source.parse().unwrap())
    }

    #[test]
    fn networks_of_both_families_hold_what_they_say() {
        for (networks, inside, outside) in [
            (&["10.0.0.0/8"][..], "10.255.255.255", "11.0.0.0"),
            (&["192.0.2.128/25"], "192.0.2.128", "192.0.2.127"),
            (&["192.0.2.7"], "192.0.2.7", "192.0.2.8"),
            (&["192.0.2.77/24"], "192.0.2.1", "192.0.3.1"),
            (&["0.0.0.0/0"], "203.0.113.9", "2001:db8::1"),
            (&["::/0"], "2001:db8::1", "203.0.113.9"),
            (&["2001:db8::/32"], "2001:db8:ffff::1", "2001:db9::1"),
            (&["2001:db8::1"], "2001:db8:0:0:0:0:0:1", "2001:db8::2"),
            (&["::1", "10.0.0.1"], "10.0.0.1", "::2"),
            // However the address and the network are dressed.
            (&["10.0.0.0/8"], "::ffff:10.1.2.3", "::ffff:11.1.2.3"),
            (&["::ffff:10.0.0.0/104"], "10.1.2.3", "11.1.2.3"),
            (&["::ffff:10.1.2.3"], "10.1.2.3", "10.1.2.4"),
            (&["::ffff:0:0/96"], "10.1.2.3", "2001:db8::1"),
        ] {
            assert!(allows(networks, inside), "{networks:?} {inside}");
            assert!(!allows(networks, outside), "{networks:?} {outside}");
        }
        assert!(!allows(&[], "10.0.0.1"), "an empty list lets nobody in");
        let everywhere = KeyAuth { access_ips: everywhere(), accessible_models: None };
        for source in ["10.0.0.1", "::ffff:10.0.0.1", "2001:db8::1", "::"] {
            assert!(everywhere.allows_ip(source.parse().unwrap()), "{source}");
        }
    }

    #[test]
    fn what_is_no_network_is_refused_by_name() {
        for text in [
            "",
            " ",
            "10.0.0.0/33",
            "10.0.0.0/-1",
            "10.0.0.0/",
            "10.0.0",
            "010.0.0.1",
            "::/129",
            "fe80::1%eth0",
            "*",
            "a.example",
        ] {
            let error = parse_network("auth.accessIps", text).unwrap_err();
            assert_eq!(error.code(), "InvalidParameter.auth.accessIps", "{text}");
            assert!(error.to_string().contains(&format!("`{text}`")), "{error}");
        }
    }

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
