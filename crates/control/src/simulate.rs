//! What changes of permissions would give and take: asked of the account's state before and after them, on a copy of its
//! own. Nothing is written, and nothing of the copy decides about anybody.

use bailey_domain::decision::{Decision, Outcome};
use bailey_domain::operations::{GetDecision, ListAuditRecords, SimulateAccess};
use bailey_domain::scope::{Person, WholeAccount};
use bailey_domain::{Caller, Directory, Error};
use bailey_store::{AuditFilter, Cursor};

use crate::control::Control;
use crate::explain::{Asked, Found, Subject, decide};
use crate::proposals::Proposal;
use crate::replay::{self, Replayed};

/// Questions of one simulation, those that are replayed included.
const MOST_REQUESTS: usize = 1000;
/// Changes of one simulation.
const MOST_CHANGES: usize = 100;

/// Earlier requests to be asked again.
#[derive(Clone, Copy, Debug)]
pub struct Replay {
    /// Not before, milliseconds since the epoch.
    pub from: i64,
    /// Before, milliseconds since the epoch.
    pub to: i64,
    /// How many at most.
    pub limit: u32,
}

/// What is to be tried.
#[derive(Clone, Debug, Default)]
pub struct Simulation {
    /// The changes, in their order.
    pub changes: Vec<Proposal>,
    /// The questions.
    pub requests: Vec<Asked>,
    /// Earlier requests to be asked again.
    pub replay: Option<Replay>,
}

/// What becomes of one request.
#[derive(Clone, Debug)]
pub struct Compared {
    /// The earlier request that this is, where it is one.
    pub replayed: Option<Replayed>,
    /// What is decided now.
    pub before: Decision,
    /// What would be decided.
    pub after: Decision,
}

impl Compared {
    /// `gains`, `loses` or `same`.
    pub fn change(&self) -> &'static str {
        match (self.before.outcome, self.after.outcome) {
            (Outcome::Deny, Outcome::Allow) => "gains",
            (Outcome::Allow, Outcome::Deny) => "loses",
            _ => "same",
        }
    }
}

/// What the changes would do.
#[derive(Clone, Debug)]
pub struct Simulated {
    /// One for each question, those that were replayed last.
    pub requests: Vec<Compared>,
    /// Earlier requests that cannot be asked again: what they were about was not recorded, is gone, or hangs on no
    /// permission.
    pub skipped: usize,
    /// The revision that everything was asked at.
    pub revision: u64,
}

impl Control {
    /// Tries changes and asks what they would do.
    pub async fn simulate_access(&self, caller: &Caller, what: &Simulation) -> Result<Simulated, Error> {
        let replayed = what.replay.map_or(0, |replay| replay.limit as usize);
        if what.changes.len() > MOST_CHANGES {
            return Err(Error::field("changes", format!("must be {MOST_CHANGES} at most")));
        }
        if what.requests.len() + replayed > MOST_REQUESTS {
            return Err(Error::field(
                "requests",
                format!("must be {MOST_REQUESTS} at most, with the limit of `decisions`"),
            ));
        }
        let permit = self.permit::<SimulateAccess>(caller, WholeAccount, "").await?;
        let (earlier, mut skipped) = match &what.replay {
            Some(replay) => self.earlier(caller, replay).await?,
            None => (Vec::new(), 0),
        };
        // One copy of an account at a time: an account can be large.
        let _turn = self.simulating.lock().await;
        let directory = self.store.private_directory(&permit).await?;
        let mut questions = Vec::new();
        for asked in &what.requests {
            questions.push((None, self.found(caller, &directory, &asked.subject).await?, asked.clone()));
        }
        for (replayed, whom, asked) in earlier {
            if is_there(&directory, caller, whom) {
                questions.push((Some(replayed), whom, asked));
            } else {
                skipped += 1;
            }
        }
        let ask = |directory: &Directory| {
            questions
                .iter()
                .map(|(_, whom, asked)| decide(directory, caller, *whom, asked))
                .collect::<Result<Vec<_>, _>>()
        };
        let before = ask(&directory)?;
        for (position, proposal) in what.changes.iter().enumerate() {
            self.propose(caller, &directory, position, proposal).await?;
        }
        let after = ask(&directory)?;
        let requests = questions
            .iter()
            .zip(before.into_iter().zip(after))
            .map(|((replayed, ..), (before, after))| Compared { replayed: replayed.clone(), before, after })
            .collect();
        Ok(Simulated { requests, skipped, revision: directory.revision() })
    }

    async fn found(&self, caller: &Caller, directory: &Directory, subject: &Subject) -> Result<Found, Error> {
        let (found, entity) = match subject {
            Subject::ApiKey(id) => (Some(Found::Key(*id)), "ApiKey"),
            Subject::User(who) => (self.principal_named(caller, who).await?.map(Found::Person), "User"),
            Subject::Role(who) => (Some(Found::Person(self.role_named(caller, who).await?)), "Role"),
        };
        // Whoever came after the copy was made is not in it.
        found.filter(|found| is_there(directory, caller, *found)).ok_or_else(|| Error::absent(entity))
    }

    /// Earlier requests: refused model calls first, then what the audit chain has, each newest first. Whoever reads them
    /// may read decisions and records.
    async fn earlier(
        &self,
        caller: &Caller,
        replay: &Replay,
    ) -> Result<(Vec<(Replayed, Found, Asked)>, usize), Error> {
        let decisions = self.permit::<GetDecision>(caller, Person(None), "").await?;
        let records = self.permit::<ListAuditRecords>(caller, WholeAccount, "").await?;
        self.recorder.flush().await;
        let calls =
            self.store.list_gateway_decisions(&decisions, replay.from, replay.to, replay.limit).await?;
        let rest = replay.limit.saturating_sub(u32::try_from(calls.len()).unwrap_or(u32::MAX));
        let mut all: Vec<_> = calls.iter().map(replay::of_call).collect();
        if rest > 0 {
            let filter =
                AuditFilter { from: Some(replay.from), to: Some(replay.to), ..AuditFilter::default() };
            let page = Cursor { after: String::new(), limit: rest };
            let page = self.store.list_audit_records(&records, &filter, &page).await?;
            all.extend(page.rows.iter().map(replay::of_record));
        }
        let read = all.len();
        let asked: Vec<_> = all.into_iter().flatten().collect();
        let skipped = read - asked.len();
        Ok((asked, skipped))
    }
}

fn is_there(directory: &Directory, caller: &Caller, whom: Found) -> bool {
    match whom {
        Found::Person(principal) => directory.knows(caller.account, principal),
        Found::Key(id) => directory.key_owner(caller.account, id).is_some(),
    }
}
