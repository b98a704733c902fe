//! How long an edit of a policy takes that 100,000 users hold: bringing it into a directory of the full size, and the whole
//! call over HTTP on SQLite, which also writes and checks.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use anyhow::{Context as _, ensure};
use bailey_benches::connection::{Connection, post};
use bailey_benches::database;
use bailey_benches::edits::{Edits, Held};
use bailey_benches::measure::Sample;
use bailey_benches::peer::{Control, basic};
use bailey_benches::population::{Population, Size};
use bailey_benches::questions::{Asked, authorize, questions};
use bailey_domain::Directory;
use bailey_testkit::{Launch, Server};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Edits of each kind.
const EDITS: usize = 400;
/// One user in so many holds the policy.
const SHARE: usize = 10;
/// Names of the policies that are edited over HTTP: held by nobody, by each user, and by the group of all users.
const POLICIES: [&str; 3] = ["held-by-nobody", "held-directly", "held-by-group"];
/// What both versions of them are about.
const ACTION: &str = "modelstudio:CreateWorkspace";

fn main() -> anyhow::Result<()> {
    let size = Size::from_environment();
    in_directory(size)?;
    over_http(size.users / SHARE)
}

/// Bringing an edit in: parsing, compiling, and putting the policy where all its holders find it.
fn in_directory(size: Size) -> anyhow::Result<()> {
    let population = Population::draw(size);
    let directory = Directory::new();
    directory.load(population.changes())?;
    directory.loaded(1);
    let holders = size.users / SHARE;
    println!("{size:?}\none edit brought in, {holders} holders, {EDITS} edits: milliseconds");
    for held in [Held::Directly, Held::ByGroup] {
        let mut edits = Edits::prepare(&directory, &population, held, holders)?;
        let mut measure = || {
            let one = |_| {
                let took = edits.apply_next()?;
                edits.check()?;
                Ok(took.as_secs_f64() * 1000.0)
            };
            (0..EDITS).map(one).collect::<anyhow::Result<Vec<f64>>>()
        };
        show(&format!("{held:?}"), measure()?);
        let asked = questions(&population, 10_000, usize::MAX, Asked::ALL, 14);
        let stop = AtomicBool::new(false);
        let measured = std::thread::scope(|scope| {
            scope.spawn(|| {
                for question in asked.iter().cycle().take_while(|_| !stop.load(Ordering::Relaxed)) {
                    std::hint::black_box(authorize(&directory, question));
                }
            });
            let measured = measure();
            stop.store(true, Ordering::Relaxed);
            measured
        });
        show(&format!("{held:?}, another thread deciding"), measured?);
    }
    Ok(())
}

fn show(name: &str, measured: Vec<f64>) {
    let sample = Sample::new(measured);
    println!("{name:>48}: p50 {:7.3}  p99 {:7.3}  max {:7.3}", sample.p50(), sample.p99(), sample.max());
}

/// The whole call: signed in, allowed, written with its audit record, brought in, answered.
fn over_http(holders: usize) -> anyhow::Result<()> {
    let data = TempDir::new()?;
    let binary = database::binary()?;
    let made = database::init(&binary, data.path())?;
    let text = |name: &str| made[name].as_str().with_context(|| format!("no {name} in {made}"));
    let (id, secret) = (text("accessKeyId")?, text("accessKeySecret")?);
    let server = fill(&binary, data.path(), (id, secret), holders)?;
    let mut editor = Editor::new(server.addresses().control, basic(id, secret))?;
    println!("one edit over HTTP, {holders} holders, {EDITS} edits: milliseconds");
    for policy in POLICIES {
        editor.policy = policy;
        for call in [Editor::set_default, Editor::create_version] {
            let mut measured = Vec::new();
            let mut name = "";
            for place in 0..EDITS {
                let denies = place % 2 == 0;
                let (called, request) = call(&editor, denies);
                name = called;
                let started = Instant::now();
                editor.connection.ask(&request)?;
                measured.push(started.elapsed().as_secs_f64() * 1000.0);
                editor.connection.body()?;
                if policy != POLICIES[0] {
                    editor.check(denies, place * 7919 % holders)?;
                }
            }
            show(&format!("{name}, {policy}"), measured);
        }
    }
    Ok(())
}

/// Makes the policies with two versions each, then puts their holders beside.
fn fill(binary: &Path, data: &Path, (id, secret): (&str, &str), holders: usize) -> anyhow::Result<Server> {
    let server = Launch::serve(binary, data).start()?;
    let control = Control::new(server.addresses().control, id, secret);
    for policy in POLICIES {
        for (action, denies) in [("CreatePolicy", false), ("CreatePolicyVersion", true)] {
            let body = json!({ "PolicyName": policy, "PolicyDocument": document(denies) });
            control.call("POST", &rpc(action), &body)?;
        }
    }
    drop(server);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let [_, held @ ..] = POLICIES;
    runtime.block_on(database::fill_holders(&database::find(data)?, i64::try_from(holders)?, held))?;
    Launch::serve(binary, data).start()
}

fn rpc(action: &str) -> String {
    format!("/?Action={action}&Version=2015-05-01")
}

fn document(denies: bool) -> String {
    let effect = if denies { "Deny" } else { "Allow" };
    json!({
        "Version": "1",
        "Statement": [
            { "Effect": effect, "Action": ACTION, "Resource": "*" },
            { "Effect": "Allow", "Action": ["modelstudio:List*", "modelstudio:Get*"], "Resource": "*" },
            {
                "Effect": "Allow", "Action": "sfm:*Index*", "Resource": "*",
                "Condition": { "IpAddress": { "acs:SourceIp": "10.0.0.0/8" } },
            },
        ],
    })
    .to_string()
}

/// Edits one policy, and asks for others whether that counts.
struct Editor {
    address: SocketAddr,
    credential: String,
    connection: Connection,
    policy: &'static str,
}

impl Editor {
    fn new(address: SocketAddr, credential: String) -> anyhow::Result<Self> {
        Ok(Self { address, credential, connection: Connection::open(address)?, policy: POLICIES[0] })
    }

    fn request(&self, action: &str, body: &Value) -> Vec<u8> {
        post(self.address, &rpc(action), &self.credential, "", &body.to_string())
    }

    /// The first version allows, the second one refuses.
    fn set_default(&self, denies: bool) -> (&'static str, Vec<u8>) {
        let version = if denies { "v2" } else { "v1" };
        let name = "SetDefaultPolicyVersion";
        (name, self.request(name, &json!({ "PolicyName": self.policy, "VersionId": version })))
    }

    fn create_version(&self, denies: bool) -> (&'static str, Vec<u8>) {
        let name = "CreatePolicyVersion";
        let body = json!({
            "PolicyName": self.policy, "PolicyDocument": document(denies), "SetAsDefault": true,
            "RotateStrategy": "DeleteOldestNonDefaultVersionWhenLimitExceeded",
        });
        (name, self.request(name, &body))
    }

    /// Whether the last edit counts for this holder.
    fn check(&mut self, denies: bool, holder: usize) -> anyhow::Result<()> {
        let body = json!({
            "subject": { "type": "user", "id": (100_000_000_000_000_000 + holder as u64).to_string() },
            "action": { "name": ACTION },
            "resource": { "type": "management", "id": "*" },
        });
        let request = post(self.address, "/access/v1/evaluation", &self.credential, "", &body.to_string());
        self.connection.ask(&request)?;
        let answer = self.connection.body()?;
        let expected = json!({ "decision": !denies }).to_string();
        ensure!(answer == expected, "holder {holder}: {answer}");
        Ok(())
    }
}
