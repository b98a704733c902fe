//! API keys, one at a time.

use bailey_domain::access::Principal;
use bailey_domain::key_auth::{KeyAuth, parse_network};
use bailey_domain::operations::CreateApiKey;
use bailey_domain::secret::KeyHash;
use bailey_domain::{ApiKeyId, Pages, Reason};
use bailey_store::NewValue;

use crate::support::TestStore;
use crate::world::MODEL;

fn auth(network: &str, models: Option<&[&str]>) -> Option<KeyAuth> {
    Some(KeyAuth {
        access_ips: vec![parse_network("accessIps", network).unwrap()],
        accessible_models: models.map(|models| models.iter().map(|model| (*model).into()).collect()),
    })
}

const DAY_MS: i64 = 86_400_000;

cases! {
    async fn a_key_belongs_to_its_creator_and_workspace(test) {
        let (one, two) = test.two_homes().await;
        let caller = test.user(one.account, one.alice);
        let mut new = test.new_key("for the batch job");
        new.auth = auth("192.0.2.0/24", Some(&[MODEL, "other"]));
        let key = commit!(test, caller, CreateApiKey on one.first, |tx, permit| tx.insert_api_key(&permit, &new));
        assert_eq!((key.workspace_id, key.workspace_name.as_str()), (one.first, "first"));
        assert_eq!((key.owner, key.owner_name.as_str()), (Principal::User(one.alice), "alice"));
        assert_eq!((key.tail.as_str(), key.description.as_str()), ("wxyz", "for the batch job"));
        assert_eq!((&key.auth, key.disabled, key.expires_at), (&new.auth, false, None));
        assert_eq!(key.created_at, caller.now_ms);
        assert_eq!(test.admit(&new.hash, MODEL), Ok(()));

        let roots = test.create_key(&test.root(one.account), one.default, "").await;
        let found = test.store.find_key(one.account, roots.0).await.unwrap().unwrap();
        assert_eq!((found.owner, found.owner_name.as_str()), (Principal::Root, "root"));
        assert_eq!(test.admit(&roots.1, MODEL), Ok(()));

        let permit = permit!(test, test.root(one.account), GetApiKey on one.first);
        assert_eq!(test.store.find_api_key(&permit, key.api_key_id).await.unwrap(), Some(key));
        assert_eq!(test.store.find_api_key(&permit, roots.0).await.unwrap(), None);
        let mut tx = test.store.write().await.unwrap();
        assert_eq!(tx.find_api_key(two.account, roots.0).await.unwrap(), None);
        assert_eq!(tx.find_api_key(one.account, ApiKeyId::random(&test.clock)).await.unwrap(), None);
        tx.abandon().await.unwrap();
    }

    async fn a_key_is_switched_off_and_on(test) {
        let (one, two) = test.two_homes().await;
        let (root, id) = (test.root(one.account), one.key.0);
        commit!(test, root, DisableApiKey on one.first, |tx, permit| tx.switch_api_key(&permit, id, true));
        assert_eq!(test.admit(&one.key.1, MODEL), Err(Reason::KeyDisabled));
        assert!(test.store.find_key(one.account, id).await.unwrap().unwrap().disabled);
        assert_eq!(test.admit(&two.key.1, MODEL), Ok(()));
        commit!(test, root, EnableApiKey on one.first, |tx, permit| tx.switch_api_key(&permit, id, false));
        assert_eq!(test.admit(&one.key.1, MODEL), Ok(()));
    }

    /// The old value dies with the answer, and a reset does not switch a key on or widen it.
    async fn a_reset_key_has_another_value(test) {
        let (one, _) = test.two_homes().await;
        let (root, id) = (test.root(one.account), one.key.0);
        let mut key = test.store.find_key(one.account, id).await.unwrap().unwrap();
        key.auth = auth("192.0.2.0/24", Some(&["other"]));
        commit!(test, root, UpdateApiKey on one.first, |tx, permit| tx.update_api_key(&permit, &key));
        let new = test.new_value(None);
        commit!(test, root, ResetApiKey on one.first, |tx, permit| tx.reset_api_key(&permit, id, &new));
        assert_eq!(test.admit(&one.key.1, MODEL), Err(Reason::KeyUnknown));
        assert_eq!(test.admit(&new.hash, MODEL), Err(Reason::ModelOutOfKeyScope));
        let found = test.store.find_key(one.account, id).await.unwrap().unwrap();
        assert_eq!((found.tail.as_str(), &found.auth, found.created_at), ("0000", &key.auth, key.created_at));
    }

    /// Both values are one key, loaded and fed alike, until the overlap ends or the value changes again.
    async fn a_key_answers_to_the_value_before_until_the_overlap_ends(test) {
        let (one, two) = test.two_homes().await;
        let (root, id) = (test.root(one.account), one.key.0);
        let end = test.now() + DAY_MS;
        let (second, third, fourth) = (test.new_value(Some(end)), test.new_value(Some(end)), test.new_value(None));
        commit!(test, root, ResetApiKey on one.first, |tx, permit| tx.reset_api_key(&permit, id, &second));
        assert_eq!(test.store.find_key(one.account, id).await.unwrap().unwrap().previous_ends_at, Some(end));
        let asked = |test: &TestStore, hashes: [KeyHash; 4]| hashes.map(|hash| test.admit(&hash, MODEL));
        let hashes = [one.key.1, second.hash, third.hash, fourth.hash];
        let unknown = Err(Reason::KeyUnknown);
        assert_eq!(asked(test, hashes), [Ok(()), Ok(()), unknown, unknown]);
        test.check().await;
        commit!(test, root, ResetApiKey on one.first, |tx, permit| tx.reset_api_key(&permit, id, &third));
        assert_eq!(asked(test, hashes), [unknown, Ok(()), Ok(()), unknown], "there are never three values");
        test.clock.advance_ms(DAY_MS);
        assert_eq!(asked(test, hashes), [unknown, Err(Reason::KeyExpired), Ok(()), unknown]);
        commit!(test, root, DisableApiKey on one.first, |tx, permit| tx.switch_api_key(&permit, id, true));
        commit!(test, root, EnableApiKey on one.first, |tx, permit| tx.switch_api_key(&permit, id, false));
        commit!(test, root, ResetApiKey on one.first, |tx, permit| tx.reset_api_key(&permit, id, &fourth));
        assert_eq!(asked(test, hashes), [unknown, unknown, unknown, Ok(())]);
        assert_eq!(test.store.find_key(one.account, id).await.unwrap().unwrap().previous_ends_at, None);
        assert_eq!(test.admit(&two.key.1, MODEL), Ok(()));
    }

    async fn a_key_expires_when_it_says(test) {
        let (one, two) = test.two_homes().await;
        let root = test.root(one.account);
        let mut new = test.new_key("for a week");
        new.expires_at = Some(test.now() + DAY_MS);
        let mut key = commit!(test, root, CreateApiKey on one.first, |tx, permit| tx.insert_api_key(&permit, &new));
        assert_eq!(key.expires_at, new.expires_at);
        assert_eq!(test.admit(&new.hash, MODEL), Ok(()));
        test.clock.advance_ms(DAY_MS);
        assert_eq!(test.admit(&new.hash, MODEL), Err(Reason::KeyExpired));
        for (expires_at, answer) in
            [(Some(test.now() + DAY_MS), Ok(())), (Some(test.now()), Err(Reason::KeyExpired)), (None, Ok(()))]
        {
            key.expires_at = expires_at;
            commit!(test, root, UpdateApiKey on one.first, |tx, permit| tx.update_api_key(&permit, &key));
            assert_eq!(test.admit(&new.hash, MODEL), answer);
            test.check().await;
        }
        assert_eq!(test.admit(&two.key.1, MODEL), Ok(()));
    }

    async fn a_key_is_narrowed_and_widened(test) {
        let (one, two) = test.two_homes().await;
        let root = test.root(one.account);
        let mut key = test.store.find_key(one.account, one.key.0).await.unwrap().unwrap();
        for (auth, answer) in [
            (auth("192.0.2.0/24", None), Ok(())),
            (auth("198.51.100.0/24", None), Err(Reason::IpNotAllowed)),
            (auth("0.0.0.0/0", Some(&["other"])), Err(Reason::ModelOutOfKeyScope)),
            (auth("0.0.0.0/0", Some(&[])), Err(Reason::ModelOutOfKeyScope)),
            (None, Ok(())),
        ] {
            (key.auth, key.description) = (auth, "new words".to_owned());
            commit!(test, root, UpdateApiKey on one.first, |tx, permit| tx.update_api_key(&permit, &key));
            assert_eq!(test.admit(&one.key.1, MODEL), answer);
            assert_eq!(test.store.find_key(one.account, one.key.0).await.unwrap().as_ref(), Some(&key));
        }
        assert_eq!(test.store.find_key(two.account, two.key.0).await.unwrap().unwrap().description, "alice's");
    }

    async fn a_deleted_key_is_gone(test) {
        let (one, two) = test.two_homes().await;
        commit!(test, test.root(one.account), DeleteApiKey on one.first, |tx, permit| tx.delete_api_key(&permit, one.key.0));
        assert_eq!(test.admit(&one.key.1, MODEL), Err(Reason::KeyUnknown));
        assert_eq!(test.store.find_key(one.account, one.key.0).await.unwrap(), None);
        assert_eq!(test.admit(&two.key.1, MODEL), Ok(()));
    }

    /// Two keys of one value would be two answers to one question.
    async fn a_value_cannot_be_used_twice(test) {
        let (one, two) = test.two_homes().await;
        let mut new = test.new_key("");
        new.hash = one.key.1;
        let caller = test.user(two.account, two.alice);
        refused!(test, caller, CreateApiKey on two.first, |tx, permit| tx.insert_api_key(&permit, &new));
        let used = NewValue { hash: one.key.1, tail: String::new(), previous_ends_at: None };
        refused!(test, test.root(two.account), ResetApiKey on two.first, |tx, permit| tx.reset_api_key(&permit, two.key.0, &used));
        assert_eq!(test.admit(&one.key.1, MODEL), Ok(()));
        assert_eq!(test.admit(&two.key.1, MODEL), Ok(()));
    }

    /// A key needs its creator's seat at the moment of creation, and dies with exactly that seat.
    async fn a_key_hangs_on_the_seat_it_was_made_under(test) {
        let (one, _) = test.two_homes().await;
        let caller = test.user(one.account, one.alice);
        test.remove_member(one.account, one.first, one.alice).await;
        assert!(test.store.directory().authorize::<CreateApiKey>(&caller, one.first).is_err());
        test.add_member(one.account, one.first, one.alice, Pages::all()).await;
        let second = test.create_key(&caller, one.first, "").await;
        test.remove_member(one.account, one.first, one.alice).await;
        test.add_member(one.account, one.first, one.alice, Pages::all()).await;
        let third = test.create_key(&caller, one.first, "").await;
        let answers = [one.key.1, second.1, third.1].map(|hash| test.admit(&hash, MODEL));
        assert_eq!(answers, [Err(Reason::OwnerNotMember), Err(Reason::OwnerNotMember), Ok(())]);
    }
}
