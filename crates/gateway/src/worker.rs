//! The part of one thread: its request ids, its connections to upstreams, and the way in.

use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;

use bailey_domain::Entropy;
use bailey_domain::directory::{Call, Denied};
use bailey_domain::temporary_key::PresentedKey;
use bytes::Bytes;
use http::header::HeaderMap;
use http::{Request, Response, StatusCode, Uri};

use crate::answer::{fault, refusal, wrong_method};
use crate::call::call;
use crate::credential::{Presented, presented};
use crate::gateway::Gateway;
use crate::meter::{Arrival, refused};
use crate::models;
use crate::named_workspace::Named;
use crate::outbound::Targets;
use crate::paths::{Target, Wrong, surface, target};
use crate::quotas;
use crate::records::Record;
use crate::request_ids::RequestIds;
use crate::route::Turns;
use crate::stream::Stream;
use crate::surface::{Code, Reply, Surface};
use crate::temporary_keys;

/// The body of an answer.
pub type Body = bailey_edge::Body<Stream>;

/// Serves the requests of one thread. Clones are the same worker.
#[derive(Clone, Debug)]
pub struct Worker(Rc<Inner>);

#[derive(Debug)]
pub(crate) struct Inner {
    pub(crate) gateway: Arc<Gateway>,
    pub(crate) targets: Targets,
    pub(crate) turns: Turns,
    ids: RequestIds,
}

/// What the headers of a request say about who asks.
#[derive(Debug)]
pub(crate) struct Asker<'a> {
    pub(crate) arrival: Arrival,
    key: Option<PresentedKey>,
    pub(crate) named: Named<'a>,
}

impl Asker<'_> {
    /// The question for the directory.
    pub(crate) fn call(&self) -> Call<'_> {
        Call {
            key: self.key,
            workspace: self.named.workspace(),
            source: self.arrival.source,
            now_ms: self.arrival.at_ms,
        }
    }

    pub(crate) fn has_key(&self) -> bool {
        self.key.is_some()
    }
}

impl Worker {
    pub(crate) fn new(gateway: Arc<Gateway>, entropy: &dyn Entropy) -> Self {
        let ids = RequestIds::new(entropy);
        let turns = Turns::from(entropy.number());
        Self(Rc::new(Inner { gateway, targets: Targets::default(), turns, ids }))
    }

    /// Answers one request. Must run inside a runtime that takes local tasks, as `bailey_edge`'s workers do.
    pub async fn handle<B>(&self, request: Request<B>, source: IpAddr) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Unpin,
    {
        let worker = &self.0;
        let (parts, body) = request.into_parts();
        let reply = Reply { id: worker.ids.next(), surface: surface(parts.uri.path()) };
        let arrival = Arrival { reply, at_ms: worker.gateway.clock.now_ms(), source };
        let target = match target(&parts.method, parts.uri.path()) {
            Ok(target) => target,
            Err(wrong) => return no_target(arrival, &wrong),
        };
        let asker = worker.asker(&parts.uri, &parts.headers, arrival);
        match target {
            Target::Call(operation) => call(worker, &asker, &parts.headers, body, operation).await,
            Target::Quotas(about) => match worker.gateway.directory.quotas(&asker.call()) {
                Ok(quotas) => quotas::list(reply, about, &quotas, parts.uri.query()),
                Err(denied) => worker.refuse(&asker, &denied, None),
            },
            Target::TemporaryKeys => temporary_keys::create(worker, &asker, parts.uri.query()),
            Target::Models => match worker.gateway.directory.callable_models(&asker.call()) {
                Ok(models) => models::list(reply, &models, parts.uri.query()),
                Err(denied) => worker.refuse(&asker, &denied, None),
            },
            Target::Model(name) => match worker.gateway.directory.callable_models(&asker.call()) {
                Ok(models) => models::one(reply, &models, &name),
                Err(denied) => worker.refuse(&asker, &denied, None),
            },
        }
    }
}

fn no_target(arrival: Arrival, wrong: &Wrong) -> Response<Body> {
    match wrong {
        Wrong::Method(allowed) => wrong_method(arrival.reply, allowed),
        Wrong::Unsupported(name) => {
            let served = match arrival.reply.surface {
                Surface::OpenAi => "chat/completions, responses, embeddings and models are",
                Surface::DashScope => {
                    "text-generation, multimodal-generation, text-embedding, multimodal-embedding, text-rerank and models are"
                }
                Surface::Anthropic => "messages and models are",
            };
            let message = format!("`{name}` is not supported by this release here; {served}");
            fault(arrival.reply, StatusCode::NOT_FOUND, Code::NOT_SUPPORTED, message)
        }
        Wrong::Path => {
            let message = "there is nothing at this path; the operations are under /compatible-mode/v1 and /v1 (OpenAI), /api/v1 (DashScope) and /apps/anthropic/v1 (Anthropic)";
            fault(arrival.reply, StatusCode::NOT_FOUND, Code::NOT_FOUND, message)
        }
    }
}

impl Inner {
    fn asker<'a>(&self, uri: &'a Uri, headers: &'a HeaderMap, arrival: Arrival) -> Asker<'a> {
        let key = match presented(headers) {
            Presented::Nothing => None,
            Presented::Key(key) => Some(self.gateway.hasher.present(key.as_bytes())),
            // No key is empty, so this is the hash of none.
            Presented::Unusable => Some(self.gateway.hasher.hash(b"").into()),
        };
        Asker { arrival, key, named: Named::of(uri, headers, self.gateway.domain.as_ref()) }
    }

    /// Answers and records a refusal.
    pub(crate) fn refuse(&self, asker: &Asker<'_>, denied: &Denied, model: Option<&str>) -> Response<Body> {
        self.gateway.record(Record::Refused(refused(denied, asker.arrival)));
        refusal(asker.arrival.reply, denied, &asker.named, model)
    }

    /// Whoever has no valid key learns that, and nothing about the request.
    pub(crate) fn unless_refused(
        &self,
        asker: &Asker<'_>,
        answer: impl FnOnce() -> Response<Body>,
    ) -> Response<Body> {
        match self.gateway.directory.recognise(&asker.call()) {
            Ok(_) => answer(),
            Err(denied) => self.refuse(asker, &denied, None),
        }
    }
}
