//! Where the decision points are, as their metadata says. The address is the configured one: what a request names as its
//! host must not lead others anywhere.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The address under which others reach the control listener: `https://` and a host, perhaps with a port.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PublicUrl(String);

/// Why a text is no such address.
#[derive(Debug)]
pub struct NotPublic(String);

impl fmt::Display for NotPublic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not `https://` and a host, without path and query", self.0)
    }
}

impl std::error::Error for NotPublic {}

impl FromStr for PublicUrl {
    type Err = NotPublic;

    fn from_str(text: &str) -> Result<Self, NotPublic> {
        let wrong = || NotPublic(text.to_owned());
        let trimmed = text.strip_suffix('/').unwrap_or(text);
        let host = trimmed.strip_prefix("https://").ok_or_else(wrong)?;
        let authority: http::uri::Authority = host.parse().map_err(|_| wrong())?;
        if authority.as_str() != host || host.contains('@') || authority.host().is_empty() {
            return Err(wrong());
        }
        Ok(Self(trimmed.to_owned()))
    }
}

impl TryFrom<String> for PublicUrl {
    type Error = NotPublic;
    fn try_from(text: String) -> Result<Self, NotPublic> {
        text.parse()
    }
}

impl From<PublicUrl> for String {
    fn from(url: PublicUrl) -> Self {
        url.0
    }
}

/// The metadata of a decision point.
pub(super) fn document(url: &PublicUrl, tenant: Option<&str>) -> Value {
    let base = match tenant {
        None => url.0.clone(),
        Some(tenant) => format!("{}/{tenant}", url.0),
    };
    let at = |path: &str| format!("{base}/access/v1/{path}");
    json!({
        "policy_decision_point": base,
        "access_evaluation_endpoint": at("evaluation"),
        "access_evaluations_endpoint": at("evaluations"),
        "search_subject_endpoint": at("search/subject"),
        "search_resource_endpoint": at("search/resource"),
        "search_action_endpoint": at("search/action"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_https_and_a_host_is_public() {
        for good in ["https://pdp.example.com", "https://pdp.example.com:8443", "https://pdp.example.com/"] {
            let url: PublicUrl = good.parse().unwrap();
            let expected = good.trim_end_matches('/');
            assert_eq!(document(&url, None)["policy_decision_point"], expected);
            assert_eq!(document(&url, Some("todo"))["policy_decision_point"], format!("{expected}/todo"));
        }
        for bad in [
            "",
            "pdp.example.com",
            "http://a.example",
            "https://",
            "https://a/b",
            "https://a?b",
            "https://a#b",
            "https://u@a",
        ] {
            assert!(bad.parse::<PublicUrl>().is_err(), "{bad}");
        }
    }
}
