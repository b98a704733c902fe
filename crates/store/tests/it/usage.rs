//! Sums of use.

use bailey_domain::access::Principal;
use bailey_domain::scope::WholeAccount;
use bailey_store::{UsageBy, UsageEvent, UsageRow};

use crate::world::{MODEL, usage_event};

const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;
/// 2026-11-24T00:00:00Z.
const START: i64 = 1_795_478_400_000;

fn sums(row: &UsageRow) -> (&str, [i64; 5]) {
    let sums = [row.requests, row.failed_requests, row.cut_requests, row.input_tokens, row.output_tokens];
    (row.name.as_str(), sums)
}

cases! {
    async fn calls_are_summed_by_each_of_their_sides(test) {
        let (one, two) = test.two_homes().await;
        let root = Principal::Root;
        let events = [
            usage_event(&one, START),
            UsageEvent { failed: true, ..usage_event(&one, START + 1) },
            UsageEvent { cut: true, model: "embed".to_owned(), ..usage_event(&one, START + HOUR - 1) },
            UsageEvent { workspace: one.second, owner: root, ..usage_event(&one, START + HOUR) },
            usage_event(&one, START + DAY),
            usage_event(&two, START),
        ];
        test.store.record_usage(&events[..2]).await.unwrap();
        test.store.record_usage(&events[2..]).await.unwrap();
        test.store.record_usage(&[]).await.unwrap();
        let permit = permit!(test, test.root(one.account), GetUsage on WholeAccount);
        let usage = async |by| test.store.usage(&permit, by, START, START + 2 * DAY).await.unwrap();

        let rows = usage(UsageBy::Model).await;
        assert_eq!(rows.iter().map(sums).collect::<Vec<_>>(), [("embed", [1, 0, 1, 10, 3]), (MODEL, [4, 1, 0, 40, 12])]);
        let rows = usage(UsageBy::ApiKey).await;
        assert_eq!(rows.iter().map(sums).collect::<Vec<_>>(), [(one.key.0.to_string().as_str(), [5, 1, 1, 50, 15])]);
        let rows = usage(UsageBy::User).await;
        assert_eq!(rows.iter().map(sums).collect::<Vec<_>>(), [(one.alice.to_string().as_str(), [4, 1, 1, 40, 12]), ("root", [1, 0, 0, 10, 3])]);
        let rows = usage(UsageBy::Workspace).await;
        assert_eq!(rows.iter().map(|row| row.requests).sum::<i64>(), 5);
        assert_eq!(rows.iter().find(|row| row.name == one.first.to_string()).unwrap().requests, 4);
        let rows = usage(UsageBy::Hour).await;
        let hours = [START, START + HOUR, START + DAY].map(|hour| hour.to_string());
        assert_eq!(rows.iter().map(|row| (row.name.clone(), row.requests)).collect::<Vec<_>>(), [(hours[0].clone(), 3), (hours[1].clone(), 1), (hours[2].clone(), 1)]);
        let rows = usage(UsageBy::Day).await;
        assert_eq!(rows.iter().map(|row| (row.name.clone(), row.requests)).collect::<Vec<_>>(), [(START.to_string(), 4), ((START + DAY).to_string(), 1)]);
    }

    async fn cost_and_times_are_summed(test) {
        let (one, two) = test.two_homes().await;
        let left = UsageEvent { first_byte_ms: None, cost: 2, duration_ms: 100, ..usage_event(&one, START) };
        test.store.record_usage(&[usage_event(&one, START), left.clone(), usage_event(&two, START)]).await.unwrap();
        test.store.record_usage(&[usage_event(&one, START), left]).await.unwrap();
        let absurd = UsageEvent { cost: u64::MAX, duration_ms: u64::MAX, first_byte_ms: Some(u64::MAX), ..usage_event(&two, START) };
        test.store.record_usage(&[absurd.clone(), absurd]).await.unwrap();
        let permit = permit!(test, test.root(one.account), GetUsage on WholeAccount);
        let rows = test.store.usage(&permit, UsageBy::Model, START, START + DAY).await.unwrap();
        let UsageRow { requests, cost, duration_ms, answered_requests, first_byte_ms, .. } = &rows[0];
        assert_eq!([requests, cost, duration_ms, answered_requests, first_byte_ms], [&4, &18, &1200, &2, &40]);
        let permit = permit!(test, test.root(two.account), GetUsage on WholeAccount);
        let rows = test.store.usage(&permit, UsageBy::Model, START, START + DAY).await.unwrap();
        assert!(rows[0].cost > 0 && rows[0].duration_ms > 0, "{rows:?}");
    }

    async fn a_time_has_a_start_and_an_end(test) {
        let (one, two) = test.two_homes().await;
        test.store.record_usage(&[usage_event(&one, START), usage_event(&one, START + HOUR), usage_event(&two, START)]).await.unwrap();
        let permit = permit!(test, test.root(one.account), GetUsage on WholeAccount);
        for (from, to, requests) in [(START, START + HOUR, 1), (START + 1, START + HOUR, 0), (START, START + HOUR + 1, 2), (i64::MIN, i64::MAX, 2), (START, START, 0)] {
            let rows = test.store.usage(&permit, UsageBy::Model, from, to).await.unwrap();
            assert_eq!(rows.iter().map(|row| row.requests).sum::<i64>(), requests, "{from} to {to}");
        }
        let permit = permit!(test, test.root(one.account), GetWorkspaceUsage on one.first);
        assert_eq!(test.store.workspace_usage(&permit, UsageBy::Workspace, 0, i64::MAX).await.unwrap().len(), 1);
        let permit = permit!(test, test.root(one.account), GetWorkspaceUsage on one.second);
        assert_eq!(test.store.workspace_usage(&permit, UsageBy::Workspace, 0, i64::MAX).await.unwrap(), []);
    }

    /// Token counts come from upstreams. One that lies must not spoil the sums of everybody else.
    async fn absurd_token_counts_do_not_break_the_sums(test) {
        let (one, _) = test.two_homes().await;
        let absurd = UsageEvent { input_tokens: u64::MAX, output_tokens: u64::MAX, ..usage_event(&one, START) };
        for _ in 0..3 {
            test.store.record_usage(&[absurd.clone(), absurd.clone()]).await.unwrap();
        }
        test.store.record_usage(&[UsageEvent { model: "embed".to_owned(), ..absurd }, usage_event(&one, START)]).await.unwrap();
        let permit = permit!(test, test.root(one.account), GetUsage on WholeAccount);
        for by in [UsageBy::Model, UsageBy::Day] {
            let rows = test.store.usage(&permit, by, START, START + DAY).await.unwrap();
            assert_eq!(rows.iter().map(|row| row.requests).sum::<i64>(), 8);
            assert!(rows.iter().all(|row| row.input_tokens > 0));
        }
    }
}
