//! Asks every cell of `expected.txt`.

use std::collections::{BTreeMap, BTreeSet};

use bailey_api::routes::{Form, ROUTES};
use bailey_domain::operations::{Effect, Entry, OPERATIONS, Service};
use bailey_domain::scope::ScopeKind;
use serde_json::{Value, json};

use super::cast::{self, Person};
use super::stage::{Asked, Outcome, Stage};
use super::table::{CALLERS, Cell, Row, Table};
use super::verdict::{answers_bare, judge, masked};
use crate::world::{Account, Answer, Control, Credential, Database, Installation, run};

/// Operations of RAM that are not on one thing.
const ON_NOTHING: &[&str] = &[
    "CreateUser",
    "ListUsers",
    "CreateGroup",
    "ListGroups",
    "CreatePolicy",
    "ListPolicies",
    "ChangePassword",
    "CreateVirtualMFADevice",
    "ListVirtualMFADevices",
    "SetPasswordPolicy",
    "GetPasswordPolicy",
    "SetSecurityPreference",
    "GetSecurityPreference",
    "SetAccountAlias",
    "GetAccountAlias",
    "ClearAccountAlias",
    "CreateRole",
    "ListRoles",
    "CreateServiceLinkedRole",
    // There is no such role that could be named.
    "DeleteServiceLinkedRole",
    "GetServiceLinkedRoleTemplate",
    "DecodeDiagnosticMessage",
];

/// Whether the operation is called without a credential, so that none can be bad.
fn open(entry: &Entry) -> bool {
    ROUTES.iter().any(|route| route.operation == entry.name && route.is_open())
}

/// Operations of IMS that are not on one thing.
const OF_THE_ACCOUNT: [&str; 9] = [
    "CreateOIDCProvider",
    "ListOIDCProviders",
    "GetAccountSummary",
    "ListUserBasicInfos",
    "SetAccessKeyPolicyForAccount",
    "GetAccessKeyPolicyForAccount",
    "ListUsersInRecycleBin",
    "GenerateCredentialReport",
    "GetCredentialReport",
];

fn names_a_thing(entry: &Entry) -> bool {
    let in_path = ROUTES.iter().any(|route| {
        route.operation == entry.name && matches!(&route.form, Form::Roa { path, .. } if path.contains('{'))
    });
    match entry.service {
        Service::Ram => !ON_NOTHING.contains(&entry.name),
        Service::Sts => false,
        Service::Ims => !OF_THE_ACCOUNT.contains(&entry.name),
        // PutModel makes what it names.
        Service::ModelStudio => {
            (in_path && entry.name != "PutModel")
                || matches!(entry.name, "AddUser" | "Explain" | "EvaluateAccess" | "SearchAccess")
        }
    }
}

#[test]
fn every_operation_has_its_rows() {
    let table = Table::read();
    for entry in OPERATIONS {
        let things: &[&str] = match entry.scope {
            ScopeKind::Workspace | ScopeKind::Seat => &["own", "beside", "foreign", "absent"],
            _ if names_a_thing(entry) => &["own", "foreign", "absent"],
            _ => &["own"],
        };
        for thing in things {
            assert!(table.row(entry.name, thing).is_some(), "{} has no row for `{thing}`", entry.name);
        }
        // Root's own row, so that no operation is in the table only as refused to everybody. Root alone takes no role,
        // and nobody of the cast may: the official clients do it.
        if entry.name.starts_with("AssumeRole") {
            continue;
        }
        // The vendor's ChangePassword is for RAM users; root has an operation of its own. Service-linked roles are for nobody.
        let unsupported = entry.name == "ChangePassword" || entry.name.contains("ServiceLinkedRole");
        let roots = if unsupported { Cell::Unsupported } else { Cell::Done };
        assert_eq!(table.row(entry.name, "own").unwrap().cells[0], roots, "{}", entry.name);
    }
    for row in &table.rows {
        assert!(
            bailey_domain::operations::find(row.operation).is_some(),
            "{} is no operation",
            row.operation
        );
        let foreign = table.row(row.operation, "foreign").map_or(&row.cells, |row| &row.cells);
        let absent = table.row(row.operation, "absent").map_or(&row.cells, |row| &row.cells);
        for (foreign, absent) in foreign.iter().zip(absent) {
            assert!(
                foreign == absent || *foreign == Cell::NotAsked,
                "{} tells foreign from absent",
                row.operation
            );
        }
    }
}

#[test]
fn on_sqlite() {
    let (installation, here, abroad) = Installation::shared(Database::Sqlite);
    run(matrix(&installation, &here, &abroad));
}

#[test]
fn on_postgres() {
    let (installation, here, abroad) = Installation::shared(Database::Postgres);
    run(matrix(&installation, &here, &abroad));
}

/// What the run has found.
#[derive(Default)]
struct Findings {
    wrong: Vec<String>,
    /// Requests that the audit chain must hold, with what it must say: account, request, operation, outcome.
    audited: BTreeSet<(String, String, &'static str, &'static str)>,
}

struct Matrix<'a> {
    installation: &'a Installation,
    control: Control,
    stage: Stage,
    findings: Findings,
    calls: usize,
}

async fn matrix(installation: &Installation, here: &Account, abroad: &Account) {
    let (control, table) = (installation.control(), Table::read());
    let places = cast::places(&control, here, abroad).await;
    let stage = Stage::set(&control, here, abroad, &places).await;
    let callers = cast::callers(&control, here, abroad, &places).await;
    let bad = cast::bad_credentials(&control, here, &places).await;
    let findings = Findings::default();
    let mut matrix = Matrix { installation, control: control.clone(), stage, findings, calls: 0 };
    for entry in OPERATIONS {
        for (column, caller) in callers.iter().enumerate() {
            matrix.caller(entry, &table, column, caller).await;
        }
        if open(entry) {
            continue;
        }
        let nobody = Person { name: "nobody", ..callers[0].clone() };
        for row in table.of(entry.name).filter(|row| matches!(row.thing, "own" | "absent")) {
            for (name, credential) in &bad {
                matrix.bad_credential(entry, row, &nobody, (name, credential), table.credentials[name]).await;
            }
        }
    }
    matrix.stage.survives().await;
    let Findings { mut wrong, audited } = matrix.findings;
    for account in [here, abroad] {
        wrong.extend(missing_audits(&control, account, &audited).await);
    }
    assert!(wrong.is_empty(), "{} cells are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

impl Matrix<'_> {
    /// All rows of one operation for one caller.
    async fn caller(&mut self, entry: &'static Entry, table: &Table, column: usize, caller: &Person) {
        assert_eq!(caller.name, CALLERS[column]);
        let mut alike: Vec<(&str, Cell, String)> = Vec::new();
        for row in table.of(entry.name) {
            let expected = row.cells[column];
            if expected == Cell::NotAsked {
                continue;
            }
            let outcome = if expected == Cell::Done { Outcome::Done } else { Outcome::Refused };
            let asked = self.stage.ask(entry.name, row.thing, caller, outcome).await;
            let credential = asked.credential.as_ref().unwrap_or(&caller.credential);
            let (answer, revisions) = self.call(credential, entry, &asked).await;
            let got = judge(&answer, entry, caller);
            let place = format!("{} {} by {}", entry.name, row.thing, caller.name);
            match got {
                Ok(cell) if cell == expected => {}
                other => self.findings.wrong.push(format!("{place}: expected {expected:?}, got {other:?}")),
            }
            self.expect_audit(entry, caller, &answer, revisions);
            // Whoever is refused learns nothing about the thing, not even whether it is there. A setting is no secret.
            if expected != Cell::Done && row.thing != "delegated" {
                alike.push((row.thing, expected, masked(&answer, &asked.ids)));
            }
        }
        let absent = alike.iter().find(|(thing, ..)| *thing == "absent").cloned();
        for (thing, cell, answer) in &alike {
            if let Some((_, absent_cell, absent)) = &absent
                && cell == absent_cell
                && answer != absent
            {
                let place = format!("{} {thing} by {}", entry.name, caller.name);
                self.findings.wrong.push(format!("{place} can be told from absent:\n  {answer}\n  {absent}"));
            }
        }
    }

    /// Calls, and says by how much the revision has risen. An access key is carried in each of its ways in turn; what is
    /// answered does not depend on it.
    async fn call(&mut self, credential: &Credential, entry: &Entry, asked: &Asked) -> (Answer, u64) {
        self.calls += 1;
        let carried = match (self.calls % 3, credential, entry.service) {
            (1, Credential::Basic { .. }, _) => credential.signed(),
            (2, Credential::Basic { .. }, Service::Ram | Service::Ims | Service::Sts) => {
                credential.in_parameters()
            }
            _ => credential.clone(),
        };
        let before = self.installation.revision().await;
        let answer = self.control.call(&carried, entry.name, asked.parameters.clone()).await;
        (answer, self.installation.revision().await - before)
    }

    /// No audit record, no mutation: what is written or refused commits one revision, whose record says which of the
    /// two it was; everything else commits none.
    fn expect_audit(&mut self, entry: &'static Entry, caller: &Person, answer: &Answer, revisions: u64) {
        // The workspaces hold keys, so DeleteWorkspace answers what stands in the way.
        let writes = entry.effect == Effect::Write && entry.name != "DeleteWorkspace";
        let outcome = match answer.status {
            403 => Some("deny"),
            200 if writes => Some("allow"),
            _ => None,
        };
        if revisions != u64::from(outcome.is_some()) {
            let told = answer.status;
            let wrong = format!("{} by {}: {told} committed {revisions} revisions", entry.name, caller.name);
            self.findings.wrong.push(wrong);
        }
        if let Some(outcome) = outcome {
            let request = answer.header("x-acs-request-id").to_owned();
            self.findings.audited.insert((caller.account.clone(), request, entry.name, outcome));
        }
    }

    async fn bad_credential(
        &mut self,
        entry: &'static Entry,
        row: &Row,
        nobody: &Person,
        (name, credential): (&str, &Credential),
        (status, code): (u16, &str),
    ) {
        let asked = self.stage.ask(entry.name, row.thing, nobody, Outcome::Refused).await;
        let (answer, revisions) = self.call(credential, entry, &asked).await;
        // AuthZEN knows one status for a credential that is not good.
        let status = if answers_bare(entry) { 401 } else { status };
        if (answer.status, answer.code().as_str()) != (status, code) || revisions != 0 {
            let told = String::from_utf8_lossy(&answer.body);
            self.findings
                .wrong
                .push(format!("{} {} by {name}: {} {told}", entry.name, row.thing, answer.status));
        }
    }
}

/// Which of these requests have not the one audit record that they should have. The chain itself must be whole.
async fn missing_audits(
    control: &Control,
    account: &Account,
    audited: &BTreeSet<(String, String, &'static str, &'static str)>,
) -> Vec<String> {
    let verified = control.done(&account.root, "VerifyAudit", json!({})).await;
    assert_eq!(verified["valid"], true, "{verified}");
    let records = control.all(&account.root, "ExportAudit", "records", json!({})).await;
    let text = |record: &Value, name: &str| record[name].as_str().unwrap_or_default().to_owned();
    let mut held: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for record in &records {
        held.entry(text(record, "requestId"))
            .or_default()
            .push((text(record, "operation"), text(record, "outcome")));
    }
    let mut wrong = Vec::new();
    for (_, request, operation, outcome) in audited.iter().filter(|(owner, ..)| *owner == account.id) {
        let records = held.get(request).map(Vec::as_slice).unwrap_or_default();
        if records != [((*operation).to_owned(), (*outcome).to_owned())] {
            wrong.push(format!("{outcome} of {operation} ({request}) has the audit records {records:?}"));
        }
    }
    wrong
}
