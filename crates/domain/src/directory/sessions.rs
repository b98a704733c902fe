//! Sessions: who a token stands for, and whether it still does.

use std::net::IpAddr;
use std::sync::atomic::{AtomicI64, Ordering};

use super::Directory;
use super::index::Map;
use super::state::State;
use crate::access::Principal;
use crate::id::{AccountId, SessionId};
use crate::login::{SessionFacts, SignedIn, idle};
use crate::secret::KeyHash;

/// How much later than the written use of a session a use must be to be written, in milliseconds.
const WRITE_EVERY_MS: i64 = 60_000;

/// A session whose token was presented.
#[derive(Clone, Copy, Debug)]
pub struct PresentedSession {
    /// Its account.
    pub account: AccountId,
    /// Who has signed in.
    pub principal: Principal,
    /// What the caller carries of it.
    pub signed_in: SignedIn,
    /// Whether this use is to be written down. Said once a minute.
    pub write: bool,
    /// Whether it has not been used here for too long. Another node may know of a later use.
    pub idle: bool,
}

#[derive(Debug)]
struct SessionState {
    facts: SessionFacts,
    /// When it was used last: the one thing that readers change.
    seen_at: AtomicI64,
    /// The use that was written down last.
    written_at: AtomicI64,
}

/// Sessions by the hash of their tokens and by their handles.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    by_hash: Map<KeyHash, SessionState>,
    hashes: Map<SessionId, KeyHash>,
}

impl Sessions {
    /// Putting a session again changes what it must do first, and not when it was used.
    pub(crate) fn put(&mut self, facts: SessionFacts) {
        if let Some(session) = self.by_hash.get_mut(&facts.hash) {
            let seen_at = session.seen_at.get_mut();
            *seen_at = facts.seen_at.max(*seen_at);
            session.facts = facts;
            return;
        }
        self.hashes.insert(facts.id, facts.hash);
        let [seen_at, written_at] = [facts.seen_at, facts.seen_at].map(AtomicI64::new);
        self.by_hash.insert(facts.hash, SessionState { facts, seen_at, written_at });
    }

    pub(crate) fn remove(&mut self, id: SessionId) {
        if let Some(hash) = self.hashes.remove(&id) {
            self.by_hash.remove(&hash);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.by_hash.len()
    }
}

impl State {
    /// Who may use this session from here, now. Nobody whose identity is gone, whose session's time is over, or who is
    /// not where the account lets its users sign in from.
    fn session(
        &self,
        hash: &KeyHash,
        source: IpAddr,
        now_ms: i64,
    ) -> Option<(&SessionState, PresentedSession)> {
        let session = self.sessions.by_hash.get(hash)?;
        let facts = &session.facts;
        let account = self.accounts.get(&facts.account)?;
        let is_here = match facts.principal {
            Principal::Root => true,
            Principal::User(user) => {
                self.user(user).is_some_and(|user| user.identity.account == facts.account)
                    && account.preference.lets_in(source)
            }
            // Nobody signs in as a role; roles are taken.
            Principal::Role(_) | Principal::Federated(_) => false,
        };
        if !is_here || !facts.lives(&account.preference, now_ms) {
            return None;
        }
        let presented = PresentedSession {
            account: facts.account,
            principal: facts.principal,
            signed_in: SignedIn { session: facts.id, mfa_present: facts.mfa_present, duty: facts.duty },
            write: false,
            idle: idle(session.seen_at.load(Ordering::Relaxed), now_ms),
        };
        Some((session, presented))
    }
}

impl Directory {
    /// The session with this token, and notes that it is used. An idle one is not noted as used: whoever knows better
    /// says so with [`Directory::session_seen`] and asks again.
    pub fn session(&self, hash: &KeyHash, source: IpAddr, now_ms: i64) -> Option<PresentedSession> {
        let state = self.read();
        let (session, mut presented) = state.session(hash, source, now_ms)?;
        if !presented.idle {
            session.seen_at.fetch_max(now_ms, Ordering::Relaxed);
            let written = session.written_at.load(Ordering::Relaxed);
            presented.write = now_ms - written >= WRITE_EVERY_MS
                && session
                    .written_at
                    .compare_exchange(written, now_ms, Ordering::Relaxed, Ordering::Relaxed)
                    .is_ok();
        }
        Some(presented)
    }

    /// Takes in a use of a session that was written down elsewhere.
    pub fn session_seen(&self, id: SessionId, seen_at_ms: i64) {
        let state = self.read();
        let session = state.sessions.hashes.get(&id).and_then(|hash| state.sessions.by_hash.get(hash));
        if let Some(session) = session {
            session.seen_at.fetch_max(seen_at_ms, Ordering::Relaxed);
        }
    }

    /// How the account's users may sign in.
    pub fn security_preference(&self, account: AccountId) -> Option<crate::login::SecurityPreference> {
        self.read().accounts.get(&account).map(|account| account.preference.clone())
    }

    /// How many sessions there are, those included whose time is over and that nobody has cleared away yet.
    pub fn count_sessions(&self) -> usize {
        self.read().sessions.len()
    }
}
