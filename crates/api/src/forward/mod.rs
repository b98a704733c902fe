//! `/authz/forward`: what nginx `auth_request`, Traefik ForwardAuth and Caddy `forward_auth` ask about a request that they
//! have in hand.
//!
//! The credential is the original request's own, and decides about itself, so it needs no permission to ask. What is asked
//! stands in the query, which the proxy's configuration fixes. 200 passes; 401 and 403 do not; a proxy reads no body.

mod original;
mod path;
mod question;

use std::net::IpAddr;

use bailey_acs::credentials::{self, Presented};
use bailey_acs::{AuthError, ServiceCredentialFault};
use bailey_control::Origin;
use bailey_domain::decision::Outcome;
use bailey_domain::{Caller, Principal, Reason};
use bailey_edge::Body;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Response, StatusCode, header};

use crate::answer;
use crate::authenticate::received;
use crate::failure::Failure;
use crate::server::Api;
use question::Question;

/// The path.
pub(crate) const PATH: &str = "/authz/forward";

/// How API keys begin, temporary ones too; any other bearer token is a session's.
const KEY_PREFIXES: [&str; 2] = ["sk-", "st-"];

/// How it ended.
enum Verdict {
    /// It may pass, and this is who it is.
    Pass(String),
    /// The credential is missing or not good.
    WhoIsThere,
    /// The credential is good and may not.
    No(Reason),
}

impl Api {
    /// Answers a proxy.
    pub(crate) async fn forward(&self, parts: &Parts, origin: Origin) -> Response<Body> {
        let id = origin.request_id;
        let verdict = self.consider(parts, origin).await.unwrap_or_else(|error| {
            tracing::error!(%error, request.id = %id, "a proxy's question failed");
            Verdict::No(Reason::NotConfirmed)
        });
        let mut response = Response::new(Body::whole(Bytes::new()));
        answer::mark(response.headers_mut(), id);
        match verdict {
            Verdict::Pass(subject) => insert(&mut response, "x-bailey-subject", &subject),
            Verdict::WhoIsThere => {
                *response.status_mut() = StatusCode::UNAUTHORIZED;
                answer::challenge(response.headers_mut());
            }
            Verdict::No(reason) => {
                *response.status_mut() = StatusCode::FORBIDDEN;
                insert(&mut response, "x-bailey-reason", reason.name());
            }
        }
        response
    }

    async fn consider(&self, parts: &Parts, origin: Origin) -> Result<Verdict, bailey_domain::Error> {
        let Ok(question) = Question::read(parts.uri.query()) else {
            return Ok(Verdict::No(Reason::QuestionInvalid));
        };
        let peer = origin.source_ip;
        let trusted = self.surroundings().trusts(peer);
        let proxies = |address: IpAddr| self.surroundings().trusts(address);
        let Ok(source) = original::source(&parts.headers, peer, trusted, &proxies) else {
            return Ok(Verdict::No(Reason::ForwardedRefused));
        };
        let headers = trusted.then_some(&parts.headers);
        let Ok(workspace) = question.workspace(headers) else {
            return Ok(Verdict::No(Reason::ForwardedRefused));
        };
        // The original body is not here, so a signature over it cannot be checked: it fails like a wrong one.
        let received = received(parts, b"");
        let Ok(presented) = credentials::extract(&received, origin.now_ms) else {
            return Ok(Verdict::WhoIsThere);
        };
        if let Presented::Bearer(token) = &presented
            && KEY_PREFIXES.iter().any(|prefix| token.expose().starts_with(prefix))
        {
            return Ok(self.key(token.expose(), &question, workspace.as_deref(), source));
        }
        let origin = Origin { source_ip: source, ..origin };
        match self.prove(&received, &presented, origin, None).await {
            Ok(caller) => Ok(self.identity(&caller, &question, workspace.as_deref())),
            Err(Failure::Operation(error)) => Err(error),
            Err(Failure::Credential(AuthError::KeptOut { .. })) => Ok(Verdict::No(Reason::IpNotAllowed)),
            Err(Failure::Credential(AuthError::ServiceCredential(ServiceCredentialFault::OtherService))) => {
                Ok(Verdict::No(Reason::ImplicitDeny))
            }
            Err(_) => Ok(Verdict::WhoIsThere),
        }
    }

    fn key(&self, key: &str, question: &Question, workspace: Option<&str>, source: IpAddr) -> Verdict {
        // Keys open nothing but models (rule 6).
        let Some(model) = &question.model else { return Verdict::No(Reason::ImplicitDeny) };
        match self.control().judge_key(key.as_bytes(), model, workspace, source, question.counting) {
            Ok(holder) => Verdict::Pass(format!("api_key/{}", holder.key)),
            Err(denied) if !denied.key_is_valid() => Verdict::WhoIsThere,
            Err(denied) => Verdict::No(denied.reason),
        }
    }

    fn identity(&self, caller: &Caller, question: &Question, workspace: Option<&str>) -> Verdict {
        let decision =
            self.control().decide_about_caller(caller, &question.action(), &question.resource(workspace));
        match (decision.outcome, caller.principal) {
            (Outcome::Allow, Principal::Root) => Verdict::Pass(format!("root/{}", caller.account)),
            (Outcome::Allow, Principal::User(user)) => Verdict::Pass(format!("user/{user}")),
            (Outcome::Allow, Principal::Role(_)) => Verdict::Pass(format!("role/{}", caller.display_name())),
            // Whoever a provider vouches for has no credential to come with; they take a role first.
            (Outcome::Allow, Principal::Federated(_)) => Verdict::WhoIsThere,
            (Outcome::Deny, _) => Verdict::No(decision.reason.unwrap_or(Reason::ImplicitDeny)),
        }
    }
}

fn insert(response: &mut Response<Body>, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
}
