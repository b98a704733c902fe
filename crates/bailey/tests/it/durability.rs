//! SIGKILL under write load: whatever was acknowledged is there, and nothing is there by half.
//!
//! What is there is compared with what the audit chain says was done: a user without the record of its creation, or a
//! record without its user, shows as a difference, for users, known users, seats and API keys alike.

mod chain;
mod writers;

use std::time::{Duration, Instant};

use serde_json::json;

use chain::Chain;
use writers::{Writers, Written};

use crate::world::{Account, Call, Control, Database, Installation, run};

/// Writers at once.
const WRITERS: usize = 6;

#[test]
fn fifty_kills_on_sqlite() {
    kills(Database::Sqlite, 50);
}

#[test]
fn five_kills_on_postgres() {
    kills(Database::Postgres, 5);
}

/// A small generator (Marsaglia's xorshift), so that a failing run can be repeated.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}

fn kills(database: Database, rounds: usize) {
    let (mut installation, account) = Installation::started(database);
    let workspace = run(prepare(&installation.control(), &account));
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let (mut chain, mut written) = (Chain::default(), Written::default());
    for round in 0..rounds {
        let writers = Writers::start(&installation, &account, &workspace, round, WRITERS);
        // The moment: after so many acknowledgements, and then somewhere within the writes that are under way.
        let wanted = usize::try_from(4 + numbers.below(60)).unwrap();
        let within = Duration::from_micros(numbers.below(4000));
        writers.wait_for(wanted);
        let moment = Instant::now() + within;
        while Instant::now() < moment {
            std::hint::spin_loop();
        }
        installation.kill_hard();
        let acknowledged = writers.finish();
        assert!(acknowledged.requests.len() >= wanted, "the writers were at it");
        installation.start();
        run(check(&installation, &account, &workspace, &mut chain, &mut written, acknowledged));
    }
    assert!(written.requests.len() >= 4 * rounds && !written.keys.is_empty());
}

async fn prepare(control: &Control, account: &Account) -> String {
    let quotas = json!({ "quotaUsers": 100_000, "quotaApiKeysPerWorkspace": 100_000 });
    control.settings(&account.root, quotas).await;
    control.demo_models(&account.root, &["qwen-plus"]).await;
    let workspace = control.workspace(&account.root, "Home").await;
    control.grant(&account.root, &workspace, "qwen-plus", true).await;
    workspace
}

/// After a restart: the chain is whole and holds every acknowledged write; what is there is what the chain says; keys
/// work or do not work accordingly.
async fn check(
    installation: &Installation,
    account: &Account,
    workspace: &str,
    chain: &mut Chain,
    all: &mut Written,
    new: Written,
) {
    let (control, root) = (installation.control(), &account.root);
    let verified = control.done(root, "VerifyAudit", json!({})).await;
    assert_eq!(verified["valid"], true, "{verified}");
    chain.read(&control, root).await;
    assert_eq!(chain.last_revision(), installation.revision().await, "the directory is at the last revision");
    for (request, what) in &new.requests {
        assert!(chain.holds(request), "{what} was acknowledged and is lost");
    }
    chain.compare(&control, root, workspace).await;
    let mut gateway = installation.gateway();
    let fresh: Vec<_> = new.keys.iter().collect();
    // Keys of earlier rounds were checked when they were new; some of them are looked at again.
    let old = all.keys.iter().rev().step_by(7).take(20);
    for (handle, value) in fresh.into_iter().chain(old) {
        let answer = gateway.send(&Call::get("/v1/models").key(value)).await;
        let expected = if chain.key_lives(handle, workspace) { 200 } else { 401 };
        assert_eq!(answer.status, expected, "key {handle}: {:?}", chain.key(handle));
    }
    all.requests.extend(new.requests);
    all.keys.extend(new.keys);
}
