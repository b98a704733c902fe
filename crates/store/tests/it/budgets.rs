//! Budgets: what is set, what was spent of it before and after a start, and notices.

use bailey_domain::access::Principal;
use bailey_domain::budget::{Budget, BudgetLevel, Month};
use bailey_domain::directory::Crossing;
use bailey_domain::scope::WholeAccount;
use bailey_store::{StoredBudget, UsageEvent};

use crate::world::{Home, usage_event};

const HOUR: i64 = 3_600_000;

fn budget(amount_micro: u64) -> Budget {
    Budget::new(amount_micro, vec![50, 100], true).unwrap()
}

/// A call of a moment that cost so much.
fn event(home: &Home, at_ms: i64, cost: u64) -> UsageEvent {
    UsageEvent { cost, ..usage_event(home, at_ms) }
}

fn levels(home: &Home) -> [BudgetLevel; 3] {
    [
        BudgetLevel::Workspace(home.first),
        BudgetLevel::Member(home.first, home.alice),
        BudgetLevel::Key(home.key.0),
    ]
}

cases! {
    async fn what_was_spent_this_month_counts_whenever_it_is_asked(test) {
        let (one, two) = test.two_homes().await;
        let (root, now) = (test.root(one.account), test.root(one.account).now_ms);
        let month = Month::of(now);
        let other_key = test.create_key(&root, one.first, "").await.0;
        let events = [
            event(&one, month.begins_ms() - HOUR, 1000),
            event(&one, month.begins_ms(), 1),
            UsageEvent { key: other_key, ..event(&one, now, 20) },
            UsageEvent { owner: Principal::Root, key: other_key, ..event(&one, now, 300) },
            UsageEvent { workspace: one.second, key: other_key, ..event(&one, now, 4000) },
            event(&two, now, 50_000),
        ];
        test.store.record_usage(&events).await.unwrap();
        commit!(test, root, PutBudget on WholeAccount, |tx, permit| tx.put_budget(&permit, BudgetLevel::Account, &budget(9)));
        for level in levels(&one) {
            commit!(test, root, PutWorkspaceBudget on one.first, |tx, permit| tx.put_budget(&permit, level, &budget(9)));
        }
        let expected = [(BudgetLevel::Account, 4321), (levels(&one)[0], 321), (levels(&one)[1], 21), (levels(&one)[2], 1)];
        let loaded = test.second().await;
        for (level, spent) in expected {
            for directory in [test.store.directory(), loaded.directory()] {
                let spending = directory.spending(one.account, level, now).unwrap();
                assert_eq!((spending.month, spending.spent_micro, spending.reserved_micro), (month, spent, 0), "{level:?}");
                assert_eq!(directory.spending(two.account, level, now), None, "{level:?} is another account's");
            }
        }
        loaded.close().await;
        // Use of a month ago is nothing of this one.
        commit!(test, test.root(two.account), PutBudget on WholeAccount, |tx, permit| tx.put_budget(&permit, BudgetLevel::Account, &budget(9)));
        let loaded = test.second().await;
        let later = loaded.directory().spending(two.account, BudgetLevel::Account, month.ends_ms()).unwrap();
        assert_eq!((later.month > month, later.spent_micro), (true, 0));
        loaded.close().await;
    }

    async fn budgets_are_listed_changed_and_deleted_where_they_are(test) {
        let (one, two) = test.two_homes().await;
        let root = test.root(one.account);
        for (caller, home) in [(&root, &one), (&test.root(two.account), &two)] {
            commit!(test, caller, PutBudget on WholeAccount, |tx, permit| tx.put_budget(&permit, BudgetLevel::Account, &budget(1)));
            for level in levels(home) {
                commit!(test, caller, PutWorkspaceBudget on home.first, |tx, permit| tx.put_budget(&permit, level, &budget(2)));
            }
        }
        commit!(test, root, PutWorkspaceBudget on one.first, |tx, permit| tx.put_budget(&permit, levels(&one)[2], &budget(3)));
        let permit = permit!(test, root, ListBudgets on WholeAccount);
        let stored = |level, workspace, amount| StoredBudget { level, workspace, budget: budget(amount) };
        let listed = test.store.list_budgets(&permit).await.unwrap();
        let [workspace, member, key] = levels(&one);
        let expected = [
            stored(BudgetLevel::Account, None, 1),
            stored(key, Some(one.first), 3),
            stored(workspace, Some(one.first), 2),
            stored(member, Some(one.first), 2),
        ];
        assert_eq!(listed.len(), expected.len());
        assert!(expected.iter().all(|budget| listed.contains(budget)), "{listed:?}");
        let permit = permit!(test, root, ListWorkspaceBudgets on one.first);
        assert_eq!(test.store.list_budgets(&permit).await.unwrap().len(), 3);
        let permit = permit!(test, root, ListWorkspaceBudgets on one.second);
        assert_eq!(test.store.list_budgets(&permit).await.unwrap(), []);

        // A permit for one workspace, or one account, moves no budget elsewhere.
        for level in levels(&one) {
            refused!(test, root, PutWorkspaceBudget on one.second, |tx, permit| tx.put_budget(&permit, level, &budget(9)));
            refused!(test, root, DeleteWorkspaceBudget on one.second, |tx, permit| tx.delete_budget(&permit, level));
            refused!(test, test.root(two.account), PutWorkspaceBudget on two.first, |tx, permit| tx.put_budget(&permit, level, &budget(9)));
            refused!(test, test.root(two.account), DeleteWorkspaceBudget on two.first, |tx, permit| tx.delete_budget(&permit, level));
            refused!(test, root, PutBudget on WholeAccount, |tx, permit| tx.put_budget(&permit, level, &budget(9)));
        }
        let stranger = BudgetLevel::Member(one.first, two.alice);
        let error = refused!(test, root, PutWorkspaceBudget on one.first, |tx, permit| tx.put_budget(&permit, stranger, &budget(9)));
        assert_eq!(error.code(), "EntityNotExist.Member");

        commit!(test, root, DeleteBudget on WholeAccount, |tx, permit| tx.delete_budget(&permit, BudgetLevel::Account));
        let error = refused!(test, root, DeleteBudget on WholeAccount, |tx, permit| tx.delete_budget(&permit, BudgetLevel::Account));
        assert_eq!(error.code(), "EntityNotExist.Budget");
        commit!(test, root, DeleteWorkspaceBudget on one.first, |tx, permit| tx.delete_budget(&permit, member));
        commit!(test, root, DeleteApiKey on one.first, |tx, permit| tx.delete_api_key(&permit, one.key.0));
        commit!(test, root, DeleteWorkspace on one.first, |tx, permit| tx.delete_workspace(&permit));
        assert_eq!(test.raw().await.number("SELECT COUNT(*) FROM budgets").await, 4, "the other account's");
        assert!(test.store.directory().spending(two.account, BudgetLevel::Account, root.now_ms).is_some());
    }

    async fn a_notice_is_written_once_in_a_month(test) {
        let (one, two) = test.two_homes().await;
        let root = test.root(one.account);
        let now = root.now_ms;
        let [_, member, key] = levels(&one);
        for level in [member, key] {
            commit!(test, root, PutWorkspaceBudget on one.first, |tx, permit| tx.put_budget(&permit, level, &budget(2)));
        }
        let (this, next) = (Month::of(now), Month::of(Month::of(now).ends_ms()));
        let crossing = |level, month, percent| Crossing { account: one.account, level, month, percent };
        let first = [crossing(member, this, 50), crossing(key, this, 50), crossing(key, this, 100)];
        test.store.record_budget_notices(&first, now).await.unwrap();
        let again = [crossing(key, this, 50), crossing(key, next, 50), crossing(BudgetLevel::Account, this, 50)];
        test.store.record_budget_notices(&again, now + 5).await.unwrap();
        let permit = permit!(test, root, ListWorkspaceBudgets on one.first);
        let noticed = async |month| {
            let notices = test.store.list_budget_notices(&permit, month).await.unwrap();
            notices.iter().map(|notice| (notice.level, notice.percent, notice.at_ms)).collect::<Vec<_>>()
        };
        let noticed_this = noticed(this).await;
        assert_eq!(noticed_this.len(), 3);
        assert!([(member, 50, now), (key, 50, now), (key, 100, now)].iter().all(|notice| noticed_this.contains(notice)));
        assert_eq!(noticed(next).await, [(key, 50, now + 5)]);
        for (caller, place) in [(&root, one.second), (&test.root(two.account), two.first)] {
            let permit = permit!(test, caller, ListWorkspaceBudgets on place);
            assert_eq!(test.store.list_budget_notices(&permit, this).await.unwrap(), []);
        }
        commit!(test, root, DeleteWorkspaceBudget on one.first, |tx, permit| tx.delete_budget(&permit, key));
        assert_eq!(noticed(this).await.len(), 1);
    }
}
