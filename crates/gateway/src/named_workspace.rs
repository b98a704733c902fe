//! The workspace that a request names: by the host that it was sent to, `{workspaceId}.<domain>`, and by the vendor's header.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use bailey_domain::directory::Denied;
use bailey_domain::{Error, Reason};
use http::header::{HOST, HeaderMap};
use http::uri::{Authority, Uri};
use serde::{Deserialize, Serialize};

/// The domain under which each workspace has a host name of its own.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Domain(Box<str>);

impl FromStr for Domain {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let text = text.trim_end_matches('.').to_ascii_lowercase();
        let of_a_label = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let is_label = |label: &str| {
            (1..=63).contains(&label.len())
                && label.bytes().all(of_a_label)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        // A workspace's label and its dot go in front.
        if text.len() > 253 - 21 || !text.split('.').all(is_label) {
            return Err(Error::field(
                "gateway_domain",
                format_args!(
                    "must be a host name such as `models.example.com`, without scheme and port, not `{text}`"
                ),
            ));
        }
        Ok(Self(text.into()))
    }
}

impl TryFrom<String> for Domain {
    type Error = Error;

    fn try_from(text: String) -> Result<Self, Error> {
        text.parse()
    }
}

impl From<Domain> for String {
    fn from(domain: Domain) -> Self {
        domain.0.into()
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Domain {
    /// What a host has in front of the domain; `None` when it is the domain itself, or elsewhere.
    fn label<'a>(&self, host: &'a str) -> Option<Cow<'a, str>> {
        // An IPv6 address has colons of its own, and is under no domain.
        let host = host.trim().rsplit_once(':').map_or(host.trim(), |(name, _)| name);
        let host = host.strip_suffix('.').unwrap_or(host);
        let label_end = host.len().checked_sub(self.0.len())?.checked_sub(1)?;
        let (label, domain) = host.split_at_checked(label_end)?;
        if !domain.strip_prefix('.')?.eq_ignore_ascii_case(&self.0) {
            return None;
        }
        let has_capitals = label.bytes().any(|byte| byte.is_ascii_uppercase());
        Some(if has_capitals { label.to_ascii_lowercase().into() } else { label.into() })
    }
}

/// Stands for names that disagree, or are no text: no workspace is called that.
const NO_WORKSPACE: &str = "?";

/// What a request says about its workspace.
#[derive(Debug, Default)]
pub(crate) struct Named<'a> {
    host: Option<Cow<'a, str>>,
    header: Option<&'a str>,
}

impl<'a> Named<'a> {
    /// Reads all places where a request can name one. Hosts that disagree name a workspace that no key has.
    pub(crate) fn of(uri: &'a Uri, headers: &'a HeaderMap, domain: Option<&Domain>) -> Self {
        let host = domain.and_then(|domain| {
            let authority = uri.authority().map(Authority::as_str);
            let sent = headers.get_all(HOST).iter().map(|host| host.to_str().unwrap_or(NO_WORKSPACE));
            let mut hosts = authority.into_iter().chain(sent).map(|host| domain.label(host));
            let first = hosts.next().flatten();
            if hosts.all(|other| other == first) { first } else { Some(NO_WORKSPACE.into()) }
        });
        Self { host, header: in_header(headers) }
    }

    /// The name to ask about. The key's workspace must be both, so two that differ are none.
    pub(crate) fn workspace(&self) -> Option<&str> {
        match (self.host.as_deref(), self.header) {
            (Some(host), Some(header)) if host != header => Some(NO_WORKSPACE),
            (host, header) => host.or(header),
        }
    }

    /// Code, message and the name that is wrong, of a request that was refused for naming another workspace than its key's.
    pub(crate) fn mismatch(&self, denied: &Denied) -> Option<(&'static str, &'static str, &str)> {
        let (_, workspace, _) = denied.known.filter(|_| denied.reason == Reason::WorkspaceMismatch)?;
        let workspace = workspace.to_string();
        if let Some(host) = self.host.as_deref().filter(|host| *host != workspace) {
            return Some(("Endpoint.AccessDenied", "Workspace endpoint access denied.", host));
        }
        Some(("Workspace.AccessDenied", "Workspace access denied.", self.header.unwrap_or(NO_WORKSPACE)))
    }
}

/// The header, which the vendor's own client spells in two ways. Two names, or one that is no text, name a workspace that no
/// key has.
fn in_header(headers: &HeaderMap) -> Option<&str> {
    let mut named = headers.get_all("x-dashscope-workspace").iter();
    let first = named.next()?.to_str().unwrap_or(NO_WORKSPACE).trim();
    let agree = named.all(|other| other.to_str().is_ok_and(|other| other.trim() == first));
    // A client that sets the header from an empty variable names nothing.
    (!first.is_empty() || !agree).then_some(if agree { first } else { NO_WORKSPACE })
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const ID: &str = "llm-0123456789abcdef";

    #[test]
    fn a_domain_is_a_host_name() {
        let domain: Domain = "Models.Example.COM.".parse().unwrap();
        assert_eq!(domain.to_string(), "models.example.com");
        for wrong in
            ["", ".", "a..b", "http://a.b", "a.b:80", "-a.b", "a_b.c", "é.fr", &"a.".repeat(120), "a.b/c"]
        {
            assert!(wrong.parse::<Domain>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_label_in_front_of_the_domain_is_the_workspace() {
        let domain: Domain = "gw.example.com".parse().unwrap();
        for (host, label) in [
            ("llm-0123456789abcdef.gw.example.com", Some(ID)),
            ("LLM-0123456789ABCDEF.GW.Example.Com:8080", Some(ID)),
            (" llm-0123456789abcdef.gw.example.com. ", Some(ID)),
            ("llm-0123456789abcdef.gw.example.com.:443", Some(ID)),
            ("a.b.gw.example.com", Some("a.b")),
            (".gw.example.com", Some("")),
            ("gw.example.com", None),
            ("gw.example.com:80", None),
            ("evilgw.example.com", None),
            ("llm-0123456789abcdef.gw.example.com.evil.org", None),
            ("[::1]:8080", None),
            ("127.0.0.1", None),
            ("é.gw.example.com", Some("é")),
            ("éw.example.com", None),
            ("", None),
        ] {
            assert_eq!(domain.label(host).as_deref(), label, "{host}");
        }
    }

    fn named(uri: &str, hosts: &[&str], header: &[&str], domain: Option<&str>) -> Option<String> {
        let mut headers = HeaderMap::new();
        for (name, values) in [("host", hosts), ("X-DashScope-WorkSpace", header)] {
            for value in values {
                let name: http::HeaderName = name.parse().unwrap();
                headers.append(name, HeaderValue::from_str(value).unwrap());
            }
        }
        let (uri, domain) = (uri.parse().unwrap(), domain.map(|domain| domain.parse().unwrap()));
        Named::of(&uri, &headers, domain.as_ref()).workspace().map(str::to_owned)
    }

    #[test]
    fn whatever_disagrees_names_nothing_that_there_is() {
        let (one, other) = ("llm-1.gw.org", "llm-2.gw.org");
        let absolute = "http://llm-1.gw.org/v1/models";
        for (uri, hosts, header, expected) in [
            ("/", &[one][..], &[][..], Some("llm-1")),
            ("/", &[one], &["llm-1"], Some("llm-1")),
            ("/", &[one], &["llm-2"], Some("?")),
            ("/", &["elsewhere"], &["llm-2"], Some("llm-2")),
            ("/", &["gw.org"], &[], None),
            ("/", &[one, other], &[], Some("?")),
            ("/", &[one, "elsewhere"], &[], Some("?")),
            ("/", &["elsewhere", one], &[], Some("?")),
            ("/", &["é", one], &[], Some("?")),
            (absolute, &[one], &[], Some("llm-1")),
            (absolute, &[other], &[], Some("?")),
            (absolute, &["elsewhere"], &[], Some("?")),
            (absolute, &[], &[], Some("llm-1")),
            ("/", &[one], &["llm-1", "llm-2"], Some("?")),
            ("/", &[one], &[" "], Some("llm-1")),
        ] {
            assert_eq!(
                named(uri, hosts, header, Some("gw.org")).as_deref(),
                expected,
                "{uri} {hosts:?} {header:?}"
            );
        }
        // Without a domain hosts name nothing.
        assert_eq!(named(absolute, &[one, other], &[], None), None);
    }
}
