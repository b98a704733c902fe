//! What the control API is told about where it stands.

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
    /// Decision points that files describe.
    pub fixtures: Vec<Fixture>,
}

impl Surroundings {
    pub(crate) fn fixture(&self, name: &str) -> Option<&Fixture> {
        self.fixtures.iter().find(|fixture| fixture.name == name)
    }

    pub(crate) fn trusts(&self, address: std::net::IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(&address.to_canonical()))
    }
}
