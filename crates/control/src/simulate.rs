//! What changes of permissions would give and take: asked of the account's state before and after them, on a copy of its
//! own. Nothing is written, and nothing of the copy decides about anybody.

use std::collections::HashMap;

use bailey_domain::decision::{Decision, Outcome};
use bailey_domain::directory::Trial;
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
        // Names take queries, so they are looked up before others must wait, each once.
        let mut named = HashMap::new();
        for Asked { subject, .. } in &what.requests {
            if !named.contains_key(subject) {
                named.insert(subject, self.named_subject(caller, subject).await?);
            }
        }
        // One copy of an account at a time: an account can be large.
        let _turn = self.simulating.lock().await;
        let directory = self.store.private_directory(&permit).await?;
        let mut questions = Vec::new();
        for asked in &what.requests {
            // Whoever came after the copy was made is not in it.
            let found = named.get(&asked.subject).copied();
            let found = found.filter(|found| is_there(&directory, caller, *found));
            let found = found.ok_or_else(|| Error::absent(asked.subject.entity()))?;
            questions.push((None, found, asked.clone()));
        }
        for (replayed, whom, asked) in earlier {
            if is_there(&directory, caller, whom) {
                questions.push((Some(replayed), whom, asked));
            } else {
                skipped += 1;
            }
        }
        // Limits count what came before, so calls are asked about in the order of their time.
        let mut order: Vec<usize> = (0..questions.len()).collect();
        order.sort_by_key(|place| questions[*place].2.now_ms.unwrap_or(caller.now_ms));
        let ask = |directory: &Directory| {
            let mut trial = Trial::default();
            let mut decided = Vec::new();
            for place in &order {
                let (_, whom, asked) = &questions[*place];
                decided.push((*place, decide(directory, caller, *whom, asked, Some(&mut trial))?));
            }
            decided.sort_by_key(|(place, _)| *place);
            Ok::<_, Error>(decided.into_iter().map(|(_, decision)| decision))
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

    async fn named_subject(&self, caller: &Caller, subject: &Subject) -> Result<Found, Error> {
        Ok(match subject {
            Subject::ApiKey(id) => Found::Key(*id),
            Subject::User(who) => {
                let found = self.principal_named(caller, who).await?;
                Found::Person(found.ok_or_else(|| Error::absent("User"))?)
            }
            Subject::Role(who) => Found::Person(self.role_named(caller, who).await?),
        })
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

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use bailey_domain::access::Principal;
    use bailey_domain::clock::{Clock as _, Fixed};
    use bailey_domain::id::RequestId;
    use bailey_store::{Location, MasterKey, Store};

    use super::*;
    use crate::control::Parts;
    use crate::records::Recorder;

    #[tokio::test]
    async fn nobody_looks_up_names_while_others_wait() {
        let place = tempfile::tempdir().unwrap();
        let fixed = Arc::new(Fixed::seeded(12));
        let location = Location::File(place.path().join("bailey.db"));
        let store = Store::open(&location, &MasterKey::random(&*fixed), &*fixed).await.unwrap();
        let (recorder, _) = Recorder::channel();
        let (clock, entropy) = (Arc::<Fixed>::clone(&fixed), Arc::<Fixed>::clone(&fixed));
        let control = Control::new(Parts { store, clock, entropy, recorder });
        let root = Caller {
            account: control.found_account("test").await.unwrap().account,
            principal: Principal::Root,
            access_key: None,
            session: None,
            role_session: None,
            federated: None,
            source_ip: std::net::Ipv4Addr::LOCALHOST.into(),
            secure_transport: false,
            request_id: RequestId::new([0; 16]),
            now_ms: fixed.now_ms(),
        };
        let simulate = async |who: &str| {
            let requests = vec![Asked::about(Subject::User(who.to_owned()))];
            let what = Simulation { requests, ..Simulation::default() };
            tokio::time::timeout(Duration::from_secs(2), control.simulate_access(&root, &what)).await
        };
        let turn = control.simulating.lock().await;
        let absent = simulate("nobody").await.expect("the name needs no turn").unwrap_err();
        assert_eq!(absent.code(), "EntityNotExist.User");
        assert!(simulate("root").await.is_err(), "the copy needs one");
        drop(turn);
        assert!(simulate("root").await.unwrap().is_ok());
    }
}
