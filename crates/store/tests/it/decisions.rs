//! Refused model calls.

use bailey_domain::directory::Call;
use bailey_domain::model::Capability;
use bailey_domain::scope::Person;
use bailey_domain::tokens::Expected;
use bailey_domain::{AccountId, Reason};
use bailey_store::GatewayDecision;

use crate::support::{HOME, TestStore};

fn refused_call(test: &TestStore, account: Option<AccountId>, owner: &str) -> GatewayDecision {
    let hash = test.new_key("").hash;
    let call = Call { key: Some(hash.into()), workspace: None, source: HOME, now_ms: test.now() };
    let denied =
        test.store.directory().admit(&call, "any", Capability::Chat, Expected::default()).unwrap_err();
    GatewayDecision {
        account,
        owner: owner.to_owned(),
        at_ms: call.now_ms,
        decision: denied.decision(test.request_id().to_string()),
    }
}

cases! {
    async fn a_refused_call_is_explained_to_its_account(test) {
        let (one, two) = test.two_homes().await;
        let own = refused_call(test, Some(one.account), "root");
        let nobodys = refused_call(test, None, "");
        test.store.record_decisions(&[own.clone(), nobodys.clone()]).await.unwrap();
        for (account, decision, expected) in [(one.account, &own, true), (two.account, &own, false), (one.account, &nobodys, true), (two.account, &nobodys, true)] {
            let permit = permit!(test, test.root(account), GetDecision on Person(None));
            let found = test.store.find_gateway_decision(&permit, &decision.decision.request_id).await.unwrap();
            assert_eq!(found, expected.then(|| decision.decision.clone()));
        }
        assert_eq!(own.decision.reason, Some(Reason::KeyUnknown));
        let id = &own.decision.request_id;
        assert_eq!(test.store.owner_of_decision(one.account, id).await.unwrap().as_deref(), Some("root"));
        assert_eq!(test.store.owner_of_decision(two.account, id).await.unwrap(), None);
        assert_eq!(test.store.owner_of_decision(one.account, &nobodys.decision.request_id).await.unwrap(), None);
    }

    async fn a_list_is_the_accounts_own_in_a_time_newest_first(test) {
        let (one, two) = test.two_homes().await;
        let at = |account, at_ms| GatewayDecision { at_ms, ..refused_call(test, account, "root") };
        let own = [10, 20, 30, 40].map(|at_ms| at(Some(one.account), at_ms));
        test.store.record_decisions(&own).await.unwrap();
        test.store.record_decisions(&[at(Some(two.account), 25), at(None, 26)]).await.unwrap();
        let permit = permit!(test, test.root(one.account), GetDecision on Person(None));
        for (from, to, limit, expected) in [(20, 40, 9, vec![30, 20]), (0, 99, 2, vec![40, 30]), (41, 99, 9, vec![])] {
            let listed = test.store.list_gateway_decisions(&permit, from, to, limit).await.unwrap();
            assert_eq!(listed.iter().map(|call| call.at_ms).collect::<Vec<_>>(), expected);
        }
        let first = test.store.list_gateway_decisions(&permit, 10, 11, 1).await.unwrap();
        assert_eq!((&first[0].decision, first[0].owner.as_str()), (&own[0].decision, "root"));
    }

    /// The first record of a request id stands: nobody rewrites what was decided by sending an id again.
    async fn a_request_id_is_recorded_once(test) {
        let (one, two) = test.two_homes().await;
        let first = refused_call(test, Some(one.account), "root");
        let mut second = refused_call(test, Some(two.account), "other");
        second.decision.request_id.clone_from(&first.decision.request_id);
        test.store.record_decisions(std::slice::from_ref(&first)).await.unwrap();
        test.store.record_decisions(&[second, first.clone()]).await.unwrap();
        let id = &first.decision.request_id;
        assert_eq!(test.store.owner_of_decision(one.account, id).await.unwrap().as_deref(), Some("root"));
        assert_eq!(test.store.owner_of_decision(two.account, id).await.unwrap(), None);
    }

    /// Junk must not fill the disk: beyond 100,000 the oldest go.
    async fn only_so_many_are_kept(test) {
        let (one, _) = test.two_homes().await;
        let mut raw = test.raw().await;
        raw.execute(
            "WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100000)
            INSERT INTO gateway_decisions (request_id, account_id, owner_id, recorded_at, decision)
            SELECT 'old-' || CAST(n AS TEXT), '', '', n, '{}' FROM numbers",
        )
        .await;
        let new: Vec<_> = (0..5).map(|_| refused_call(test, Some(one.account), "root")).collect();
        test.store.record_decisions(&new).await.unwrap();
        assert_eq!(raw.number("SELECT COUNT(*) FROM gateway_decisions").await, 100_000);
        assert_eq!(raw.number("SELECT MIN(recorded_at) FROM gateway_decisions").await, 6);
        for recorded in &new {
            let owner = test.store.owner_of_decision(one.account, &recorded.decision.request_id).await.unwrap();
            assert_eq!(owner.as_deref(), Some("root"));
        }
    }
}
