//! What the control API is told about where it stands.

use std::net::IpAddr;

use http::{HeaderMap, HeaderValue};
use ipnet::IpNet;

use crate::authzen::PublicUrl;
use crate::authzen::fixture::Fixture;

/// Where the control listener stands, as whoever runs it says.
#[derive(Debug, Default)]
pub struct Surroundings {
    /// The address under which others reach it.
    pub public_url: Option<PublicUrl>,
    /// The proxies whose word about the original request counts.
    pub trusted_proxies: Vec<IpNet>,
    /// The proxies that take TLS in front of it, and say of every request how it came to them.
    pub https_proxies: Vec<IpNet>,
    /// Decision points that files describe.
    pub fixtures: Vec<Fixture>,
}

impl Surroundings {
    pub(crate) fn fixture(&self, name: &str) -> Option<&Fixture> {
        self.fixtures.iter().find(|fixture| fixture.name == name)
    }

    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        holds(&self.trusted_proxies, address)
    }

    /// Whether a request came over TLS (`acs:SecureTransport`). No listener takes TLS, so only a proxy can know. Where two
    /// of them say something, or a client got its own word past one, it is not told.
    pub(crate) fn is_secure(&self, peer: IpAddr, headers: &HeaderMap) -> bool {
        let mut said = headers.get_all("x-forwarded-proto").iter().map(HeaderValue::as_bytes);
        let said = (said.next(), said.next());
        let https = matches!(said, (Some(one), None) if one.eq_ignore_ascii_case(b"https"));
        https && holds(&self.https_proxies, peer)
    }
}

fn holds(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address.to_canonical()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_as_secure_as_its_proxy_says() {
        let surroundings = Surroundings {
            https_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            trusted_proxies: vec!["192.0.2.0/24".parse().unwrap()],
            ..Surroundings::default()
        };
        let is_secure = |peer: &str, said: &[&str]| {
            let mut headers = HeaderMap::new();
            for one in said {
                headers.append("x-forwarded-proto", one.parse().unwrap());
            }
            surroundings.is_secure(peer.parse().unwrap(), &headers)
        };
        for said in ["https", "HTTPS"] {
            assert!(is_secure("10.1.2.3", &[said]) && is_secure("::ffff:10.1.2.3", &[said]));
            assert!(!is_secure("192.0.2.1", &[said]), "whose word counts for other things only");
        }
        for said in [&[][..], &["http"], &["https, http"], &["https", "https"], &["https", "http"], &[""]] {
            assert!(!is_secure("10.1.2.3", said), "{said:?}");
        }
    }
}
