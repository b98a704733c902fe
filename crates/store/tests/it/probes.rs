//! The generic check: ask the live directory, and one loaded afresh from the database, every question that matters,
//! and compare. What is asked comes from the database and from the audit chain, so that what is gone is asked too.

use std::fmt::Debug;

use bailey_domain::access::Principal;
use bailey_domain::directory::{Call, Circumstances};
use bailey_domain::model::Capability;
use bailey_domain::operations::{
    AddMember, AttachPolicyToUser, CreateApiKey, CreateUser, CreateWorkspace, DisableApiKey, Explain,
    GetEffectiveAccess, GetWorkspaceUsage, ListAllApiKeys, ListApiKeys, ListMembers, ListModels,
    ListWorkspaces, Operation, RemoveMember, RemoveUser, SetMemberPages, UpdateModelPermissions,
    UpdateSettings,
};
use bailey_domain::scope::{Person, RamScope, Seat, WholeAccount};
use bailey_domain::secret::KeyHash;
use bailey_domain::tokens::Expected;
use bailey_domain::{
    AccessKeyId, AccountId, ApiKeyId, Caller, Directory, ServiceCredentialId, UserId, WorkspaceId,
};
use bailey_store::Store;

use crate::support::{HOME, TestStore};

const ADMITTED: &str = "admitted:";

/// What is asked about. Includes what was deleted, as far as the feed still tells of it.
#[derive(Default)]
struct Subjects {
    accounts: Vec<AccountId>,
    users: Vec<(AccountId, UserId)>,
    workspaces: Vec<(AccountId, WorkspaceId)>,
    keys: Vec<(ApiKeyId, KeyHash)>,
    access_keys: Vec<AccessKeyId>,
    sessions: Vec<KeyHash>,
    service_credentials: Vec<ServiceCredentialId>,
    models: Vec<String>,
}

/// Compares the live directory with the database, and verifies every audit chain.
pub(crate) async fn check(test: &TestStore) {
    let fresh = test.second().await;
    compare(test, test.store.directory(), fresh.directory()).await;
    chains(test, &fresh).await;
    fresh.close().await;
}

/// Compares two directories, and gives how many model calls both would admit. The clock jumps an hour, so that no limit
/// remembers an earlier comparison.
pub(crate) async fn compare(test: &TestStore, live: &Directory, other: &Directory) -> usize {
    test.clock.advance_ms(3_600_000);
    let subjects = subjects(test).await;
    let now = test.now();
    let (live, other) = (answers(test, live, &subjects, now), answers(test, other, &subjects, now));
    assert_eq!(live.len(), other.len());
    for (live, other) in live.iter().zip(&other) {
        assert_eq!(live, other, "the live directory (left) and the other one (right) disagree");
    }
    live.iter().filter(|line| line.contains(ADMITTED)).count()
}

/// Every account has one record for each of its revisions, and a chain that holds.
async fn chains(test: &TestStore, store: &Store) {
    let mut raw = test.raw().await;
    for account in store.accounts().await.unwrap() {
        let records =
            raw.number(&format!("SELECT COUNT(*) FROM audit_records WHERE account_id = '{account}'")).await;
        let verified = store.verify_account(account).await.unwrap().unwrap();
        assert_eq!(i64::try_from(verified).unwrap(), records);
    }
    let revisions = raw.numbers("SELECT revision FROM changes ORDER BY revision").await;
    let audited = raw.numbers("SELECT revision FROM audit_records ORDER BY revision").await;
    let counter = raw.number("SELECT revision FROM installation").await;
    assert_eq!(revisions, (1..=counter).collect::<Vec<_>>(), "revisions have gaps");
    assert_eq!(audited, revisions, "some commit has not exactly one audit record");
}

async fn subjects(test: &TestStore) -> Subjects {
    let mut found = Subjects::default();
    let mut raw = test.raw().await;
    for feed in raw.texts("SELECT changes FROM changes ORDER BY revision").await {
        for change in serde_json::from_str::<Vec<serde_json::Value>>(&feed).unwrap() {
            let text = |name: &str| change[name].as_str().unwrap_or_default();
            match text("change") {
                "account" => add(&mut found.accounts, text("account").parse().unwrap()),
                "user" => {
                    add(&mut found.users, (text("account").parse().unwrap(), text("user").parse().unwrap()));
                }
                "workspace" => {
                    let workspace = text("workspace").parse().unwrap();
                    add(&mut found.workspaces, (text("account").parse().unwrap(), workspace));
                }
                "key" => {
                    let hash = KeyHash::from_hex(text("hash")).unwrap();
                    add(&mut found.keys, (text("id").parse().unwrap(), hash));
                }
                "accessKey" => add(&mut found.access_keys, text("access_key").parse().unwrap()),
                "session" => add(&mut found.sessions, KeyHash::from_hex(text("hash")).unwrap()),
                "serviceCredential" => add(&mut found.service_credentials, text("id").parse().unwrap()),
                "model" => add(&mut found.models, change["model"]["model"].as_str().unwrap().to_owned()),
                _ => {}
            }
        }
    }
    add(&mut found.models, "no-such-model".to_owned());
    found
}

fn add<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

/// One line per question and answer, readable when a comparison fails.
fn answers(test: &TestStore, directory: &Directory, subjects: &Subjects, now_ms: i64) -> Vec<String> {
    let mut lines = vec![format!("revision {}", directory.revision()), format!("{:?}", directory.census())];
    calls(directory, subjects, now_ms, &mut lines);
    for id in &subjects.access_keys {
        let facts = directory.access_key(id);
        let kept_out = facts.as_ref().map(|facts| directory.kept_out(facts.account, Some(id), HOME));
        lines.push(format!("access key {id}: {facts:?}, kept out {kept_out:?}"));
    }
    for id in &subjects.service_credentials {
        lines.push(format!("service credential {id}: {:?}", directory.service_credential(id)));
    }
    for hash in &subjects.sessions {
        let found = directory.session(hash, HOME, now_ms);
        let found = found.map(|found| (found.account, found.principal, found.signed_in));
        lines.push(format!("session {hash:?}: {found:?}"));
    }
    for account in &subjects.accounts {
        lines.push(format!("preference of {account}: {:?}", directory.security_preference(*account)));
        lines.push(format!("network of {account}: {:?}", directory.network_policy(*account, None)));
        lines.push(format!("settings of {account}: {:?}", directory.settings(*account)));
        operations(test, directory, subjects, *account, Principal::Root, now_ms, &mut lines);
    }
    for (account, user) in &subjects.users {
        lines.push(format!("{user} is known: {}", directory.knows(*account, Principal::User(*user))));
        operations(test, directory, subjects, *account, Principal::User(*user), now_ms, &mut lines);
    }
    lines
}

fn calls(directory: &Directory, subjects: &Subjects, now_ms: i64, lines: &mut Vec<String>) {
    for (key, hash) in &subjects.keys {
        let call = Call { key: Some((*hash).into()), workspace: None, source: HOME, now_ms };
        for model in &subjects.models {
            let answer = match directory.admit(&call, model, Capability::Chat, Expected::default()) {
                Ok(admitted) => format!(
                    "{ADMITTED} {:?} {:?} {:?} {:?} {:?} {:?}",
                    admitted.account,
                    admitted.key,
                    admitted.owner,
                    admitted.workspace,
                    admitted.model.model,
                    admitted.model.routes
                ),
                Err(denied) => format!("{:?} {:?}", denied.decision(String::new()), denied.known),
            };
            lines.push(format!("{key} {hash:?} calls {model}: {answer}"));
        }
        let callable = directory.callable_models(&call);
        let names =
            callable.map(|models| models.iter().map(|model| model.name.to_string()).collect::<Vec<_>>());
        lines.push(format!("{key} {hash:?} may call {:?}", names.map_err(|denied| denied.reason)));
        let unkeyed = Call { key: None, ..call };
        for (account, _) in &subjects.workspaces {
            let explained = directory.explain_call(*account, *key, &subjects.models[0], &unkeyed);
            lines.push(format!("{key} explained to {account}: {explained:?}"));
        }
    }
}

fn operations(
    test: &TestStore,
    directory: &Directory,
    subjects: &Subjects,
    account: AccountId,
    principal: Principal,
    now_ms: i64,
    lines: &mut Vec<String>,
) {
    let caller = Caller { now_ms, request_id: test.request_id(), ..test.caller(account, principal) };
    let mut ask = Ask { directory, caller: &caller, lines };
    ask.about::<CreateUser>(RamScope::user(account, "x"));
    ask.about::<AttachPolicyToUser>(RamScope::user(account, "x").and(RamScope::policy(account, "y")));
    ask.about::<CreateWorkspace>(WholeAccount);
    ask.about::<ListWorkspaces>(WholeAccount);
    ask.about::<ListAllApiKeys>(WholeAccount);
    ask.about::<ListModels>(WholeAccount);
    ask.about::<RemoveUser>(WholeAccount);
    ask.about::<UpdateSettings>(WholeAccount);
    ask.about::<Explain>(Person(principal.user()));
    let somebody = subjects.users.first().map(|(_, user)| *user);
    for (_, workspace) in &subjects.workspaces {
        ask.about::<ListMembers>(*workspace);
        ask.about::<CreateApiKey>(*workspace);
        ask.about::<ListApiKeys>(*workspace);
        ask.about::<DisableApiKey>(*workspace);
        ask.about::<GetWorkspaceUsage>(*workspace);
        ask.about::<UpdateModelPermissions>(*workspace);
        ask.about::<AddMember>(Seat { workspace: *workspace, user: somebody });
        ask.about::<RemoveMember>(Seat { workspace: *workspace, user: somebody });
        ask.about::<SetMemberPages>(Seat { workspace: *workspace, user: somebody });
        ask.about::<GetEffectiveAccess>(Seat { workspace: *workspace, user: somebody });
        if let Principal::User(user) = principal {
            let pages = directory.pages(*workspace, user);
            let circumstances = Circumstances {
                source_ip: HOME,
                now_ms,
                secure_transport: true,
                mfa_present: false,
                external_id: None,
                given: &[],
            };
            let access = directory.effective_access(account, *workspace, user, circumstances);
            ask.lines.push(format!("{user} in {workspace}: {pages:?} {access:?}"));
        }
    }
}

struct Ask<'a> {
    directory: &'a Directory,
    caller: &'a Caller,
    lines: &'a mut Vec<String>,
}

impl Ask<'_> {
    fn about<O: Operation>(&mut self, scope: O::On)
    where
        O::On: Debug,
    {
        let question = format!("{} {} on {scope:?}", self.caller.principal, O::entry().name);
        let answer = match self.directory.authorize::<O>(self.caller, scope) {
            Ok(permit) => format!("allow {:?}", permit.chain()),
            Err(refusal) => format!("deny {:?} {:?}", refusal.reason, refusal.decision(self.directory).chain),
        };
        self.lines.push(format!("{question}: {answer}"));
    }
}
