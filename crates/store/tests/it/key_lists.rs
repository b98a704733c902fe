//! Lists of API keys: order, pages, filters.

use bailey_domain::scope::WholeAccount;
use bailey_domain::{AccountId, ApiKeyId, WorkspaceId};
use bailey_store::{Cursor, KeyFilter, KeyOrder};

use crate::support::{TestStore, all, first};

/// Creates keys, two at each moment, so that the order among those needs the id.
async fn create(test: &TestStore, account: AccountId, workspace: WorkspaceId, count: usize) -> Vec<ApiKeyId> {
    let mut ids = Vec::new();
    for _ in 0..count.div_ceil(2) {
        let root = test.root(account);
        let mut pair = Vec::new();
        for _ in 0..2 {
            pair.push(test.create_key(&root, workspace, "made in pairs").await.0);
        }
        pair.sort_unstable();
        ids.extend(pair);
    }
    ids
}

async fn page(
    test: &TestStore,
    account: AccountId,
    workspace: WorkspaceId,
    order: KeyOrder,
    cursor: &Cursor,
) -> (Vec<ApiKeyId>, Option<String>) {
    let permit = permit!(test, test.root(account), ListApiKeys on workspace);
    let page = test.store.list_api_keys(&permit, &KeyFilter::default(), order, cursor).await.unwrap();
    (page.rows.iter().map(|key| key.api_key_id).collect(), page.next)
}

/// The descriptions that a search finds, in the order of creation. The count that comes with a page agrees with its rows.
async fn search(test: &TestStore, account: AccountId, workspace: WorkspaceId, part: &str) -> Vec<String> {
    let permit = permit!(test, test.root(account), ListApiKeys on workspace);
    let filter = KeyFilter { api_key_id: None, description: Some(part.to_owned()) };
    let page = test.store.list_api_keys(&permit, &filter, KeyOrder::OldestFirst, &all()).await.unwrap();
    assert_eq!(page.total, Some(page.rows.len() as u64), "searching for {part:?}");
    page.rows.into_iter().map(|key| key.description).collect()
}

cases! {
    async fn both_orders_page_through_everything_once(test) {
        let (one, two) = test.two_homes().await;
        let ids = create(test, one.account, one.second, 10).await;
        create(test, one.account, one.default, 2).await;
        create(test, two.account, two.second, 2).await;
        for order in [KeyOrder::OldestFirst, KeyOrder::NewestFirst] {
            let mut expected = ids.clone();
            if order == KeyOrder::NewestFirst {
                expected.reverse();
            }
            for limit in [1, 3, 5, 9] {
                let (mut found, mut cursor) = (Vec::new(), first(limit));
                loop {
                    let (rows, next) = page(test, one.account, one.second, order, &cursor).await;
                    assert!(!rows.is_empty() && rows.len() <= limit as usize);
                    found.extend(rows);
                    assert!(found.len() <= expected.len(), "{order:?} by {limit} repeats itself");
                    let Some(next) = next else { break };
                    cursor.after = next;
                }
                assert_eq!(found, expected, "{order:?} by {limit}");
            }
        }
        let permit = permit!(test, test.root(one.account), ListAllApiKeys on WholeAccount);
        let whole = test.store.list_all_api_keys(&permit, &KeyFilter::default(), KeyOrder::NewestFirst, &all()).await.unwrap();
        assert_eq!(whole.rows.len(), 10 + 2 + 1, "alice's own key too, and none of the other account's");
    }

    async fn keys_that_come_and_go_between_pages_repeat_and_hide_nothing(test) {
        let (one, _) = test.two_homes().await;
        let ids = create(test, one.account, one.second, 6).await;
        let delete = async |id: ApiKeyId| {
            commit!(test, test.root(one.account), DeleteApiKey on one.second, |tx, permit| tx.delete_api_key(&permit, id));
        };
        let (rows, next) = page(test, one.account, one.second, KeyOrder::NewestFirst, &first(2)).await;
        assert_eq!(rows, [ids[5], ids[4]]);
        // The row that the cursor stands on goes, one that was to come goes, and new ones come.
        delete(ids[4]).await;
        delete(ids[3]).await;
        create(test, one.account, one.second, 2).await;
        let cursor = Cursor { after: next.unwrap(), limit: 2 };
        let (rows, next) = page(test, one.account, one.second, KeyOrder::NewestFirst, &cursor).await;
        assert_eq!(rows, [ids[2], ids[1]]);
        let cursor = Cursor { after: next.unwrap(), limit: 2 };
        assert_eq!(page(test, one.account, one.second, KeyOrder::NewestFirst, &cursor).await, (vec![ids[0]], None));
    }

    async fn a_search_takes_what_was_typed_literally(test) {
        let (one, two) = test.two_homes().await;
        let root = test.root(one.account);
        for description in ["50% off", "50 percent", "a_b", "aXb", "wow!", "C:\\temp", "ÜBUNG für alle", "it's"] {
            test.create_key(&root, one.second, description).await;
        }
        test.create_key(&test.root(two.account), two.second, "50% off").await;
        let find = async |part: &str| search(test, one.account, one.second, part).await;
        assert_eq!(find("50%").await, ["50% off"]);
        assert_eq!(find("0% O").await, ["50% off"]);
        assert_eq!(find("A_B").await, ["a_b"]);
        assert_eq!(find("axB").await, ["aXb"]);
        assert_eq!(find("!").await, ["wow!"]);
        assert_eq!(find("\\").await, ["C:\\temp"]);
        assert_eq!(find("'").await, ["it's"]);
        assert_eq!(find("%").await, ["50% off"]);
        assert_eq!(find("").await.len(), 8);
        // What is shown is what finds it, in any script.
        assert_eq!(find("ÜBUNG").await, ["ÜBUNG für alle"]);
        assert_eq!(find("für").await, ["ÜBUNG für alle"]);
        assert_eq!(find("nothing like it").await, Vec::<String>::new());
    }

    async fn one_key_is_found_by_its_handle_in_its_workspace_only(test) {
        let (one, two) = test.two_homes().await;
        let id = create(test, one.account, one.second, 2).await[0];
        let filter = KeyFilter { api_key_id: Some(id), description: None };
        for (account, workspace, expected) in [(one.account, one.second, 1), (one.account, one.first, 0), (two.account, two.second, 0)] {
            let permit = permit!(test, test.root(account), ListApiKeys on workspace);
            let page = test.store.list_api_keys(&permit, &filter, KeyOrder::OldestFirst, &all()).await.unwrap();
            assert_eq!(page.rows.len(), expected);
        }
        let permit = permit!(test, test.root(two.account), ListAllApiKeys on WholeAccount);
        let page = test.store.list_all_api_keys(&permit, &filter, KeyOrder::OldestFirst, &all()).await.unwrap();
        assert_eq!(page.rows, []);
    }

    /// A cursor that nobody gave out is nonsense, not a fault.
    async fn a_made_up_cursor_is_harmless(test) {
        let (one, _) = test.two_homes().await;
        create(test, one.account, one.second, 2).await;
        for after in ["x", ".", "9999999999999999999999.1", "-1.", "1.2.3", "' OR 1=1 --"] {
            let cursor = Cursor { after: after.to_owned(), limit: 10 };
            for order in [KeyOrder::OldestFirst, KeyOrder::NewestFirst] {
                page(test, one.account, one.second, order, &cursor).await;
            }
        }
    }
}
