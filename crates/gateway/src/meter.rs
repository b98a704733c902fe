//! One admitted call from its admission to its end: what it used is settled and recorded exactly once, when this is dropped.

use std::net::IpAddr;
use std::rc::Rc;

use bailey_domain::Reason;
use bailey_domain::decision::{Decision, Outcome};
use bailey_domain::directory::{Admitted, Call, Denied, Flight};
use bailey_domain::tokens::of_bytes;
use bailey_domain::upstream::Fault;

use crate::records::{Record, Refused, Usage};
use crate::route::Attempt;
use crate::surface::Reply;
use crate::tokens::Tokens;
use crate::worker::Inner;

/// A request as it came in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) reply: Reply,
    pub(crate) at_ms: i64,
    pub(crate) source: IpAddr,
}

/// What is written for a client that left before there was an answer (nginx's number for it).
const CLIENT_LEFT: u16 = 499;

/// The meter of one call. It keeps the proof of admission, so the call is in flight until the meter is gone.
#[derive(Debug)]
pub(crate) struct Meter {
    admitted: Admitted,
    worker: Rc<Inner>,
    arrival: Arrival,
    /// The upstream whose answer is passed on.
    attempt: Option<Attempt>,
    status: u16,
    tokens: Tokens,
    /// Bytes of the answer that were passed on.
    passed: usize,
    first_byte_ms: Option<u64>,
    cut: bool,
    refused: bool,
}

impl Meter {
    pub(crate) fn new(admitted: Admitted, worker: Rc<Inner>, arrival: Arrival) -> Self {
        Self {
            admitted,
            worker,
            arrival,
            attempt: None,
            status: CLIENT_LEFT,
            tokens: Tokens::default(),
            passed: 0,
            first_byte_ms: None,
            cut: false,
            refused: false,
        }
    }

    pub(crate) fn admitted(&self) -> &Admitted {
        &self.admitted
    }

    pub(crate) fn flight(&self) -> &Flight {
        self.admitted.flight()
    }

    pub(crate) fn arrival(&self) -> Arrival {
        self.arrival
    }

    /// Milliseconds since the call came. A clock that steps back counts as standing still.
    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.worker.gateway.clock.now_ms() - self.arrival.at_ms).unwrap_or(0)
    }

    /// An upstream's answer is being passed on; its place there is taken until the call ends.
    pub(crate) fn serves(&mut self, attempt: Attempt) {
        self.attempt = Some(attempt);
    }

    /// The answer begins.
    pub(crate) fn answers(&mut self, status: u16) {
        self.status = status;
        self.first_byte_ms = Some(self.elapsed_ms());
    }

    /// What the call used, as far as is known. A later report replaces an earlier one.
    pub(crate) fn used(&mut self, tokens: Tokens) {
        self.tokens = tokens;
    }

    /// So many bytes more of the answer are passed on.
    pub(crate) fn passed(&mut self, bytes: usize) {
        self.passed += bytes;
    }

    /// What the limits count: what the upstream says that was used. Where it says nothing that can be believed, what the
    /// bytes are worth, so that silence is no credit. A call that the upstream did not serve used what it says.
    fn counted(&self) -> Tokens {
        let served = self.status < 400 || self.status == CLIENT_LEFT;
        if self.tokens.input > 0 || self.refused || !served {
            return self.tokens;
        }
        let reserved = self.admitted.reserved;
        let output = of_bytes(self.passed).min(reserved.output).max(self.tokens.output);
        Tokens { input: reserved.input, output }
    }

    /// The call ends because its right ended, which is recorded with the chain that says so.
    pub(crate) fn cut(&mut self, reason: Reason) {
        self.cut = true;
        let (account, workspace, key) = (self.admitted.account, self.admitted.workspace, self.admitted.key);
        let gateway = &self.worker.gateway;
        let now_ms = gateway.clock.now_ms();
        let explained = gateway.directory.explain_call(
            account,
            key,
            &self.admitted.model.name,
            &Call { key: None, workspace: None, source: self.arrival.source, now_ms },
        );
        let revision = gateway.directory.revision();
        // The key may be gone altogether, or its right back again, or only a temporary key of it has ended; the call was cut
        // all the same.
        let mut decision =
            explained.filter(|decision| decision.reason == Some(reason)).unwrap_or_else(|| match reason {
                Reason::KeyExpired => {
                    Denied::expired(&self.admitted, self.arrival.source, revision).decision(String::new())
                }
                _ => Decision {
                    outcome: Outcome::Deny,
                    request_id: String::new(),
                    revision,
                    reason: Some(reason),
                    chain: Vec::new(),
                },
            });
        self.arrival.reply.id.as_str().clone_into(&mut decision.request_id);
        gateway.record(Record::Refused(Refused {
            account: Some(account),
            workspace: Some(workspace),
            key: Some(key),
            at_ms: self.arrival.at_ms,
            decision,
        }));
    }

    /// No upstream gave a usable answer. A call that got none at all used nothing, and is a refusal, not usage.
    pub(crate) fn failed(&mut self, reason: Reason) {
        self.refused = self.first_byte_ms.is_none();
        let gateway = &self.worker.gateway;
        if let Some(attempt) = &mut self.attempt {
            let fault = if reason == Reason::UpstreamTimeout { Fault::Stalled } else { Fault::Broke };
            attempt.failed(fault, gateway.clock.now_ms());
        }
        let denied =
            Denied::upstream(&self.admitted, reason, self.arrival.source, gateway.directory.revision());
        gateway.record(Record::Refused(refused(&denied, self.arrival)));
    }
}

/// The record of a refusal.
pub(crate) fn refused(denied: &Denied, arrival: Arrival) -> Refused {
    Refused {
        account: denied.known.map(|(account, ..)| account),
        workspace: denied.known.map(|(_, workspace, _)| workspace),
        key: denied.known.map(|(.., key)| key),
        at_ms: arrival.at_ms,
        decision: denied.decision(arrival.reply.id.as_str().to_owned()),
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        let (counted, gateway) = (self.counted(), &self.worker.gateway);
        self.admitted.settle(counted, gateway.clock.now_ms());
        if self.refused {
            return;
        }
        gateway.record(Record::Usage(Usage {
            account: self.admitted.account,
            workspace: self.admitted.workspace,
            key: self.admitted.key,
            owner: self.admitted.owner,
            model: std::sync::Arc::clone(&self.admitted.model.name),
            at_ms: self.arrival.at_ms,
            status: self.status,
            input_tokens: self.tokens.input,
            output_tokens: self.tokens.output,
            cost: self.admitted.model.model.cost(counted),
            duration_ms: self.elapsed_ms(),
            first_byte_ms: self.first_byte_ms,
            cut: self.cut,
        }));
    }
}
