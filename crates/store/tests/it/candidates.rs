//! What searches look among: ids of one account, in their order, a bounded number at a time.

use std::fmt::Debug;

use bailey_domain::operations::SearchAccess;
use bailey_domain::scope::Person;
use bailey_domain::{Error, Permit};
use bailey_store::{Cursor, Page};

use crate::support::TestStore;

/// All rows in pages of one.
async fn in_pages<T: Debug>(page: impl AsyncFn(Cursor) -> Result<Page<T>, Error>) -> Vec<T> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let read = page(Cursor { after, limit: 1 }).await.unwrap();
        assert!(read.rows.len() <= 1);
        all.extend(read.rows);
        match read.next {
            Some(next) => after = next,
            None => return all,
        }
    }
}

fn permit(test: &TestStore, account: bailey_domain::AccountId) -> Permit<SearchAccess> {
    test.store.directory().authorize::<SearchAccess>(&test.root(account), Person(None)).unwrap()
}

cases! {
    async fn candidates_are_the_accounts_own_each_once(test) {
        let (one, two) = test.two_homes().await;
        for home in [&one, &two] {
            let permit = permit(test, home.account);
            let workspaces = in_pages(async |cursor| test.store.list_workspace_ids(&permit, &cursor).await).await;
            let mut expected = vec![home.default, home.first, home.second];
            expected.sort_by_key(ToString::to_string);
            assert_eq!(workspaces, expected);
            let keys = in_pages(async |cursor| test.store.list_api_key_ids(&permit, &cursor).await).await;
            assert_eq!(keys, [home.key.0]);
            let users = in_pages(async |cursor| test.store.list_user_ids(&permit, &cursor).await).await;
            let mut expected = vec![home.alice, home.bob];
            expected.sort_by_key(ToString::to_string);
            assert_eq!(users, expected);
            let role = test.create_role(home.account, "operator").await;
            let roles = in_pages(async |cursor| test.store.list_role_ids(&permit, &cursor).await).await;
            assert_eq!(roles, [role]);
        }
    }
}
