//! OpenID AuthZEN Authorization API 1.0: a policy decision point for others' enforcement points.
//!
//! Requests are read here as the specification says, so fields that it does not know are ignored, unlike anywhere else.
//! Who answers is a `Point`: the caller's account, from the directory, or a fixture that a file describes.

mod batch;
pub mod fixture;
mod metadata;
mod point;
mod request;
mod rule;
mod search;

use bailey_acs::parameters::Parameters;
use bailey_domain::Error;
use http::request::Parts;
use http::{HeaderMap, header};
use serde_json::Value;

use crate::failure::Failure;
use crate::routes::{Answer, Call};
use fixture::Fixture;
use point::Point;
use request::{Evaluation, Source};

pub use metadata::{NotPublic, PublicUrl};

const BASE: &str = "/access/v1/";
const WELL_KNOWN: &str = "/.well-known/authzen-configuration";

/// What a path of this surface leads to.
pub(crate) enum Place<'p> {
    /// The metadata of the account's decision point, or of a tenant's.
    Metadata(Option<&'p str>),
    /// A call to the account's decision point; its route stands in the table.
    Account,
    /// A call to a tenant's decision point, with the path that it would have without the tenant.
    Tenant(&'p str, &'p str),
}

/// Where a path leads, if it is one of this surface.
pub(crate) fn place(path: &str) -> Option<Place<'_>> {
    if let Some(rest) = path.strip_prefix(WELL_KNOWN) {
        return match rest.strip_prefix('/') {
            None if rest.is_empty() => Some(Place::Metadata(None)),
            Some(tenant) if !tenant.is_empty() && !tenant.contains('/') => {
                Some(Place::Metadata(Some(tenant)))
            }
            _ => None,
        };
    }
    if path.starts_with(BASE) {
        return Some(Place::Account);
    }
    let (tenant, _) = path.strip_prefix('/')?.split_once('/')?;
    let rest = &path[tenant.len() + 1..];
    rest.starts_with(BASE).then_some(Place::Tenant(tenant, rest))
}

/// Whether a path asks the account one question. A batch may hold very many.
pub(crate) fn is_one_question(path: &str) -> bool {
    Kind::of(path) == Some(Kind::Evaluation)
}

/// What a call asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Evaluation,
    Evaluations,
    Search(Sought),
}

/// What a search is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sought {
    Subjects,
    Resources,
    Actions,
}

impl Kind {
    /// By the path, which must be one of the table of routes.
    fn of(path: &str) -> Option<Self> {
        match path.strip_prefix(BASE)? {
            "evaluation" => Some(Self::Evaluation),
            "evaluations" => Some(Self::Evaluations),
            "search/subject" => Some(Self::Search(Sought::Subjects)),
            "search/resource" => Some(Self::Search(Sought::Resources)),
            "search/action" => Some(Self::Search(Sought::Actions)),
            _ => None,
        }
    }
}

pub(crate) async fn evaluation(call: &Call<'_>) -> Answer {
    answered(&Point::Account(call), Kind::Evaluation, call.parameters).await
}

pub(crate) async fn evaluations(call: &Call<'_>) -> Answer {
    answered(&Point::Account(call), Kind::Evaluations, call.parameters).await
}

pub(crate) async fn search_subject(call: &Call<'_>) -> Answer {
    answered(&Point::Account(call), Kind::Search(Sought::Subjects), call.parameters).await
}

pub(crate) async fn search_resource(call: &Call<'_>) -> Answer {
    answered(&Point::Account(call), Kind::Search(Sought::Resources), call.parameters).await
}

pub(crate) async fn search_action(call: &Call<'_>) -> Answer {
    answered(&Point::Account(call), Kind::Search(Sought::Actions), call.parameters).await
}

/// A call to a fixture.
pub(crate) async fn of_fixture(
    api: &crate::Api,
    fixture: &Fixture,
    path: &str,
    parameters: &Parameters,
) -> Answer {
    let kind = Kind::of(path).ok_or(Failure::NoSuchApi)?;
    answered(&Point::Fixture(api.control(), fixture), kind, parameters).await
}

async fn answered(point: &Point<'_>, kind: Kind, parameters: &Parameters) -> Answer {
    match kind {
        Kind::Evaluation => point.evaluate(&Evaluation::read(Source::of(&members(parameters)))?).await,
        Kind::Evaluations => batch::answer(point, &members(parameters)).await,
        Kind::Search(sought) => search::answer(point, sought, &members(parameters)).await,
    }
}

/// The members of a request that the specification knows; whatever else there is counts for nothing.
fn members(parameters: &Parameters) -> Value {
    ["subject", "action", "resource", "context", "evaluations", "options", "page"]
        .into_iter()
        .filter_map(|name| Some((name, parameters.json(name)?)))
        .collect()
}

/// Refuses what is no JSON request before anything reads it as something else.
pub(crate) fn demand_json(parts: &Parts, body: &[u8]) -> Result<(), Failure> {
    if !is_json(&parts.headers) {
        return Err(Error::field("content-type", "must be application/json").into());
    }
    if body.trim_ascii().is_empty() {
        return Err(Error::field("body", "is empty; send a JSON object").into());
    }
    Ok(())
}

fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = value.and_then(|value| value.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case("application/json"))
}

/// The answer to a question for metadata.
pub(crate) fn metadata(api: &crate::Api, tenant: Option<&str>) -> Answer {
    let known = tenant.is_none_or(|tenant| api.surroundings().fixture(tenant).is_some());
    match &api.surroundings().public_url {
        Some(url) if known => Ok(metadata::document(url, tenant)),
        _ => Err(Failure::NoSuchApi),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_the_account_a_tenant_or_metadata() {
        assert!(matches!(place("/access/v1/evaluation"), Some(Place::Account)));
        assert!(matches!(
            place("/todo/access/v1/search/action"),
            Some(Place::Tenant("todo", "/access/v1/search/action"))
        ));
        assert!(matches!(place("/.well-known/authzen-configuration"), Some(Place::Metadata(None))));
        assert!(matches!(
            place("/.well-known/authzen-configuration/todo"),
            Some(Place::Metadata(Some("todo")))
        ));
        for elsewhere in [
            "/",
            "/modelstudio/users",
            "/a/b/access/v1/evaluation",
            "/.well-known/authzen-configurationX",
            "/access/v2/evaluation",
        ] {
            assert!(place(elsewhere).is_none(), "{elsewhere}");
        }
    }
}
