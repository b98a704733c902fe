//! Reading the audit chain.

use bailey_domain::scope::{Person, WholeAccount};
use bailey_domain::{AccountId, Outcome, Pages, Reason};
use bailey_store::{AuditFilter, AuditRecord, Cursor, Record};
use serde_json::{Value, json};

use crate::support::{TestStore, all};
use crate::world::{Home, seat};

async fn list(
    test: &TestStore,
    account: AccountId,
    filter: &AuditFilter,
    cursor: &Cursor,
) -> (Vec<AuditRecord>, Option<String>) {
    let permit = permit!(test, test.root(account), ListAuditRecords on WholeAccount);
    let page = test.store.list_audit_records(&permit, filter, cursor).await.unwrap();
    (page.rows, page.next)
}

/// Alice, an administrator of `first`, tries to remove bob and is refused.
async fn refused_removal(test: &TestStore, home: &Home) -> String {
    use bailey_domain::operations::RemoveMember;
    let alice = test.user(home.account, home.alice);
    let refusal =
        test.store.directory().authorize::<RemoveMember>(&alice, seat(home.first, home.bob)).unwrap_err();
    test.store.record_refusal(&refusal, "bob", alice.now_ms).await.unwrap();
    alice.request_id.to_string()
}

cases! {
    async fn a_record_says_who_did_what_to_which_thing(test) {
        let (one, _) = test.two_homes().await;
        let mut caller = test.root(one.account);
        caller.access_key = Some("LTAI0123456789abcdefghij".parse().unwrap());
        let mut tx = test.store.write().await.unwrap();
        let permit = tx.authorize::<bailey_domain::operations::SetMemberPages>(&caller, seat(one.first, one.alice)).unwrap();
        tx.set_member_pages(&permit, one.alice, Pages::NONE).await.unwrap();
        let record = Record { target: "alice".to_owned(), before: json!({"pages": ["prompts"]}), after: Value::Null };
        let committed = tx.commit(permit, record).await.unwrap();
        let (rows, _) = list(test, one.account, &AuditFilter::default(), &all()).await;
        let newest = &rows[0];
        assert_eq!(newest.sequence, rows.len() as u64);
        assert_eq!((newest.revision, newest.recorded_at), (committed.revision, caller.now_ms));
        assert_eq!((newest.actor.as_str(), newest.access_key_id.as_str()), ("root", "LTAI0123456789abcdefghij"));
        assert_eq!((newest.operation.as_str(), newest.target.as_str()), ("SetMemberPages", "alice"));
        assert_eq!((newest.workspace_id.clone(), newest.source_ip.as_str()), (one.first.to_string(), "192.0.2.7"));
        assert_eq!((newest.outcome.as_str(), newest.reason.as_str()), ("allow", ""));
        assert_eq!((newest.before.get(), newest.after.get()), (r#"{"pages":["prompts"]}"#, "null"));
        assert_eq!(newest.request_id, caller.request_id.to_string());
        let decision = newest.decision().unwrap();
        assert_eq!((decision.outcome, decision.reason), (Outcome::Allow, None));
        assert_eq!(decision.chain[0].check, "root");
    }

    async fn a_refused_attempt_is_recorded_too(test) {
        let (one, two) = test.two_homes().await;
        let before = test.store.directory().revision();
        let request = refused_removal(test, &one).await;
        assert_eq!(test.store.directory().revision(), before + 1);
        let permit = permit!(test, test.root(one.account), GetDecision on Person(None));
        let record = test.store.find_audit_record(&permit, &request).await.unwrap().unwrap();
        assert_eq!((record.outcome.as_str(), record.reason.as_str()), ("deny", "root_only"));
        assert_eq!((record.target.as_str(), record.workspace_id.clone()), ("bob", one.first.to_string()));
        let decision = record.decision().unwrap();
        assert_eq!((decision.outcome, decision.reason), (Outcome::Deny, Some(Reason::RootOnly)));
        assert!(decision.chain.iter().any(|link| link.check == "delegation" && link.result == "fail"));
        let actor = test.store.actor_of(one.account, &request).await.unwrap();
        assert_eq!(actor, Some(one.alice.to_string()));
        assert_eq!(test.store.actor_of(two.account, &request).await.unwrap(), None);
        let permit = permit!(test, test.root(two.account), GetDecision on Person(None));
        assert!(test.store.find_audit_record(&permit, &request).await.unwrap().is_none());
    }

    async fn every_filter_narrows(test) {
        let (one, two) = test.two_homes().await;
        refused_removal(test, &one).await;
        let caller = test.user(one.account, one.alice);
        test.create_key(&caller, one.first, "").await;
        let none = AuditFilter::default();
        let (everything, _) = list(test, one.account, &none, &all()).await;
        let count = async |filter: AuditFilter| list(test, one.account, &filter, &all()).await.0.len();
        let expect = |is: &dyn Fn(&AuditRecord) -> bool| everything.iter().filter(|record| is(record)).count();

        let first = one.first.to_string();
        assert_eq!(count(AuditFilter { workspace_id: Some(first.clone()), ..none.clone() }).await, expect(&|row| row.workspace_id == first));
        assert_eq!(count(AuditFilter { workspace_id: Some(two.first.to_string()), ..none.clone() }).await, 0);
        // Two keys and the refused removal.
        assert_eq!(count(AuditFilter { actor: Some(one.alice.to_string()), ..none.clone() }).await, 3);
        assert_eq!(count(AuditFilter { operation: Some("CreateApiKey".to_owned()), ..none.clone() }).await, 2);
        assert_eq!(count(AuditFilter { outcome: Some("deny".to_owned()), ..none.clone() }).await, 1);
        let middle = everything[3].recorded_at;
        let later = expect(&|row| row.recorded_at >= middle);
        assert!(0 < later && later < everything.len());
        assert_eq!(count(AuditFilter { from: Some(middle), ..none.clone() }).await, later);
        assert_eq!(count(AuditFilter { to: Some(middle), ..none.clone() }).await, everything.len() - later);
        let both = AuditFilter { actor: Some(one.alice.to_string()), operation: Some("CreateApiKey".to_owned()), outcome: Some("allow".to_owned()), ..none };
        assert_eq!(count(both).await, 2);
    }

    async fn records_are_listed_newest_first_in_pages_and_exported_oldest_first(test) {
        let (one, two) = test.two_homes().await;
        let (mut found, mut cursor) = (Vec::new(), Cursor { after: String::new(), limit: 4 });
        loop {
            let (rows, next) = list(test, one.account, &AuditFilter::default(), &cursor).await;
            found.extend(rows.iter().map(|record| record.sequence));
            // A record that comes between two pages is on none of them.
            test.create_policy(one.account, &format!("p{}", found.len()), &crate::world::allow("sfm:*")).await;
            let Some(next) = next else { break };
            cursor.after = next;
        }
        let count = found[0];
        assert_eq!(found, (1..=count).rev().collect::<Vec<_>>());
        let made_up = Cursor { after: "x".to_owned(), limit: 4 };
        assert!(list(test, one.account, &AuditFilter::default(), &made_up).await.0.is_empty());

        let permit = permit!(test, test.root(one.account), ExportAudit on WholeAccount);
        let exported = test.store.export_audit(&permit, 2).await.unwrap();
        assert_eq!((exported[0].sequence, exported[0].hash.len()), (3, 64));
        assert!(exported.is_sorted_by_key(|record| record.sequence));
        let permit = permit!(test, test.root(two.account), VerifyAudit on WholeAccount);
        let records = list(test, two.account, &AuditFilter::default(), &all()).await.0.len();
        assert_eq!(test.store.verify_audit(&permit).await.unwrap(), Ok(records as u64));
    }
}
