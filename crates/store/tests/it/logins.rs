//! Passwords, MFA devices, sessions, attempts, and what an account chose about them.

use bailey_domain::access::Principal;
use bailey_domain::login::{Duty, PasswordPolicy, SecurityPreference, SessionFacts, SignedIn};
use bailey_domain::name::{AccountAlias, MfaDeviceName};
use bailey_domain::scope::{RamScope, WholeAccount};
use bailey_domain::secret::KeyHash;
use bailey_domain::{AccountId, Caller, Entropy as _, SessionId};
use bailey_store::{LoginProfile, NewLogin};

use crate::support::{HOME, TestStore};

const HOUR: i64 = 3_600_000;

fn new(sealed_hash: Option<&str>) -> NewLogin {
    NewLogin {
        sealed_hash: sealed_hash.map(str::to_owned),
        password_reset_required: true,
        mfa_bind_required: false,
    }
}

fn device(name: &str) -> MfaDeviceName {
    MfaDeviceName::parse("VirtualMFADeviceName", name).unwrap()
}

fn scope(account: AccountId) -> RamScope {
    RamScope::user(account, "alice")
}

impl TestStore {
    async fn give_password(&self, account: AccountId, user: bailey_domain::UserId) -> LoginProfile {
        commit!(self, self.root(account), CreateLoginProfile on scope(account), |tx, permit| tx.insert_login_profile(&permit, user, "hash 1", &new(None)))
    }

    /// Signs somebody in; gives the session, and the caller that presents it.
    async fn session(
        &self,
        account: AccountId,
        principal: Principal,
        duty: Option<Duty>,
    ) -> (KeyHash, Caller) {
        let caller = self.caller(account, principal);
        let facts = self.facts(&caller, duty);
        commit!(self, caller, CreateSession on WholeAccount, |tx, permit| tx.insert_session(&permit, &facts));
        let signed_in = SignedIn { session: facts.id, mfa_present: false, duty };
        (facts.hash, Caller { session: Some(signed_in), ..caller })
    }

    fn facts(&self, caller: &Caller, duty: Option<Duty>) -> SessionFacts {
        let mut bytes = [0; 32];
        self.clock.fill(&mut bytes);
        SessionFacts {
            id: SessionId::random(&self.clock),
            hash: KeyHash::from_bytes(bytes),
            account: caller.account,
            principal: caller.principal,
            mfa_present: false,
            duty,
            created_at: caller.now_ms,
            expires_at: caller.now_ms + 6 * HOUR,
            seen_at: caller.now_ms,
        }
    }

    /// Whom the directory takes this token for.
    fn holder(&self, hash: &KeyHash) -> Option<(Principal, Option<Duty>)> {
        let found = self.store.directory().session(hash, HOME, self.now())?;
        (!found.idle).then_some((found.principal, found.signed_in.duty))
    }
}

cases! {
    async fn a_password_is_given_changed_and_taken(test) {
        let (one, two) = test.two_homes().await;
        let alice = Principal::User(one.alice);
        let profile = test.give_password(one.account, one.alice).await;
        assert_eq!((profile.principal, profile.password_reset_required), (alice, true));
        assert!(!serde_json::to_string(&profile).unwrap().contains("hash 1"));
        test.give_password(two.account, two.alice).await;
        let find = async |account| test.store.find_login_profile(account, alice).await.unwrap();
        assert_eq!(find(one.account).await, Some(profile.clone()));
        assert_eq!(find(two.account).await, None);
        let error = refused!(test, test.root(one.account), CreateLoginProfile on scope(one.account), |tx, permit| tx.insert_login_profile(&permit, one.alice, "x", &new(None)));
        assert_eq!(error.code(), "EntityAlreadyExists.User.LoginProfile");
        let error = refused!(test, test.root(one.account), CreateLoginProfile on scope(one.account), |tx, permit| tx.insert_login_profile(&permit, two.alice, "x", &new(None)));
        assert_eq!(error.code(), "EntityNotExist.User");

        let (session, _) = test.session(one.account, alice, None).await;
        let (of_root, _) = test.session(one.account, Principal::Root, None).await;
        let (abroad, _) = test.session(two.account, Principal::User(two.alice), None).await;
        // Only what must be done is changed: the hash and its age stay.
        let kept = commit!(test, test.root(one.account), UpdateLoginProfile on scope(one.account), |tx, permit| tx.update_login_profile(&permit, &profile, &new(None)));
        assert_eq!((kept.sealed_hash.as_str(), kept.changed_at), ("hash 1", profile.changed_at));
        assert_eq!(test.holder(&session), None, "a changed profile ends sessions");
        let changed = commit!(test, test.root(one.account), UpdateLoginProfile on scope(one.account), |tx, permit| tx.update_login_profile(&permit, &kept, &new(Some("hash 2"))));
        assert!(changed.changed_at > profile.changed_at);
        let former = async |most| test.store.former_passwords(one.account, alice, most).await.unwrap();
        assert_eq!(former(5).await, ["hash 1"]);

        let (session, _) = test.session(one.account, alice, None).await;
        commit!(test, test.root(one.account), DeleteLoginProfile on scope(one.account), |tx, permit| tx.delete_login_profile(&permit, &changed));
        assert_eq!(test.holder(&session), None);
        assert_eq!(find(one.account).await, None);
        // What was a password stays one: deleting the profile forgets nothing.
        assert_eq!(former(5).await, ["hash 2", "hash 1"]);
        assert_eq!(former(1).await, ["hash 2"]);
        assert_eq!(test.store.former_passwords(two.account, Principal::User(two.alice), 5).await.unwrap(), [""; 0]);
        assert_eq!(test.holder(&of_root), Some((Principal::Root, None)));
        assert_eq!(test.holder(&abroad), Some((Principal::User(two.alice), None)));
    }

    async fn changing_ones_own_password_keeps_the_session_at_hand(test) {
        let home = test.home().await;
        let alice = Principal::User(home.alice);
        let profile = test.give_password(home.account, home.alice).await;
        let (kept, caller) = test.session(home.account, alice, Some(Duty::ChangePassword)).await;
        let (other, _) = test.session(home.account, alice, None).await;
        let own = scope(home.account).about(Some(home.alice));
        let changed = commit!(test, caller, ChangePassword on own, |tx, permit| tx.change_password(&permit, &profile, "hash 2", Some(Duty::BindMfaDevice)));
        assert!(!changed.password_reset_required);
        assert_eq!(test.holder(&kept), Some((alice, Some(Duty::BindMfaDevice))));
        assert_eq!(test.holder(&other), None);
        let bob = test.give_password(home.account, home.bob).await;
        let root = test.root(home.account);
        let error = refused!(test, root, ChangePassword on scope(home.account), |tx, permit| tx.change_password(&permit, &bob, "x", None));
        assert_eq!(error.code(), "InternalError");
    }

    async fn root_has_a_password_of_its_own(test) {
        let (one, two) = test.two_homes().await;
        let put = async |hash| commit!(test, test.root(one.account), UpdateRootLogin on WholeAccount, |tx, permit| tx.put_root_password(&permit, hash));
        put("hash 1").await;
        let (session, _) = test.session(one.account, Principal::Root, None).await;
        put("hash 2").await;
        assert_eq!(test.holder(&session), None);
        let (session, caller) = test.session(one.account, Principal::Root, None).await;
        commit!(test, caller, UpdateRootLogin on WholeAccount, |tx, permit| tx.put_root_password(&permit, "hash 3"));
        assert!(test.holder(&session).is_some(), "the session that changed it goes on");
        assert_eq!(test.store.former_passwords(one.account, Principal::Root, 9).await.unwrap(), ["hash 2", "hash 1"]);
        assert_eq!(test.store.find_login_profile(two.account, Principal::Root).await.unwrap(), None);
    }

    async fn a_session_ends_by_a_call_by_time_and_by_too_many(test) {
        let (one, two) = test.two_homes().await;
        let alice = Principal::User(one.alice);
        let (first, caller) = test.session(one.account, alice, None).await;
        assert_eq!(test.holder(&first), Some((alice, None)));
        assert!(commit!(test, caller, DeleteSession on WholeAccount, |tx, permit| tx.delete_session(&permit)));
        assert_eq!(test.holder(&first), None);
        let nobodys = test.user(one.account, one.alice);
        assert!(!commit!(test, nobodys, DeleteSession on WholeAccount, |tx, permit| tx.delete_session(&permit)));

        let mut hashes = Vec::new();
        for _ in 0..21 {
            hashes.push(test.session(one.account, alice, None).await.0);
        }
        assert_eq!(test.holder(&hashes[0]), None, "the oldest ends for the twenty-first");
        assert!(hashes[1..].iter().all(|hash| test.holder(hash).is_some()));
        let (bobs, _) = test.session(one.account, Principal::User(one.bob), None).await;
        test.session(two.account, Principal::User(two.alice), None).await;

        // Idle for half an hour; then, cleared away by the next sign-in.
        test.clock.advance_ms(HOUR / 2);
        assert_eq!(test.holder(&bobs), None);
        assert_eq!(test.store.directory().count_sessions(), 22);
        test.clock.advance_ms(HOUR / 2);
        let (fresh, _) = test.session(one.account, alice, None).await;
        assert_eq!(test.store.directory().count_sessions(), 2, "the other account's own is not touched");
        assert!(test.holder(&fresh).is_some());
        assert_eq!(test.store.session_seen_at(one.account, SessionId::random(&test.clock)).await.unwrap(), None);
    }

    async fn a_use_that_was_written_down_counts_elsewhere_and_after_a_restart(test) {
        let (one, two) = test.two_homes().await;
        let alice = Principal::User(one.alice);
        let (hash, caller) = test.session(one.account, alice, None).await;
        let id = caller.session.unwrap().session;
        let presented = || test.store.directory().session(&hash, HOME, test.now()).unwrap();
        assert!(!presented().write, "it was written when it was made");
        test.clock.advance_ms(HOUR / 3);
        assert!(presented().write && !presented().write, "once a minute, and the first time that it is due");
        let seen = test.now();
        test.store.record_session_seen(one.account, id, seen).await.unwrap();
        test.store.record_session_seen(two.account, id, seen + 5).await.unwrap();
        test.store.record_session_seen(one.account, id, seen - 5).await.unwrap();
        assert_eq!(test.store.session_seen_at(one.account, id).await.unwrap(), Some(seen));
        assert_eq!(test.store.session_seen_at(two.account, id).await.unwrap(), None);
        test.clock.advance_ms(HOUR / 3);
        let after_restart = test.second().await;
        assert!(!after_restart.directory().session(&hash, HOME, test.now()).unwrap().idle);
        test.clock.advance_ms(HOUR / 3);
        test.clock.advance_ms(HOUR / 3);
        let elsewhere = || after_restart.directory().session(&hash, HOME, test.now()).unwrap().idle;
        assert!(elsewhere());
        after_restart.directory().session_seen(id, test.now());
        assert!(!elsewhere());
        after_restart.close().await;
    }

    async fn attempts_are_counted_by_name_and_hour(test) {
        let (one, two) = test.two_homes().await;
        let (name, other) = (KeyHash::from_bytes([1; 32]), KeyHash::from_bytes([2; 32]));
        let count = async |account, name| test.store.count_attempt(account, &name, test.now()).await.unwrap();
        for wanted in 1..=3 {
            assert_eq!(count(one.account, name).await, wanted);
        }
        assert_eq!((count(one.account, other).await, count(two.account, name).await), (1, 1));
        test.clock.advance_ms(HOUR - 100_000);
        assert_eq!(count(one.account, name).await, 4, "the hour began with the first");
        test.clock.advance_ms(100_000);
        assert_eq!(count(one.account, name).await, 1);
        let alice = test.user(one.account, one.alice);
        commit!(test, alice, CreateSession on WholeAccount, |tx, permit| tx.clear_attempts(&permit, &name));
        assert_eq!(count(one.account, name).await, 1);
        assert_eq!(count(one.account, name).await, 2);
        let uncount = async |account, name| test.store.uncount_attempt(account, &name).await.unwrap();
        uncount(one.account, name).await;
        uncount(two.account, name).await;
        assert_eq!(count(one.account, name).await, 2);
        test.clock.advance_ms(HOUR / 2);
        assert_eq!(count(one.account, KeyHash::from_bytes([3; 32])).await, 1);
        uncount(one.account, KeyHash::from_bytes([3; 32])).await;
        uncount(one.account, KeyHash::from_bytes([3; 32])).await;
        test.clock.advance_ms(HOUR / 2);
        assert_eq!(count(one.account, KeyHash::from_bytes([3; 32])).await, 1);
        test.clock.advance_ms(HOUR / 2);
        assert_eq!(count(one.account, KeyHash::from_bytes([3; 32])).await, 2, "its hour began anew");
        let all = futures_util::future::join_all((0..20).map(|_| count(two.account, other))).await;
        let mut all: Vec<_> = all.into_iter().collect();
        all.sort_unstable();
        assert_eq!(all, (1..=20).collect::<Vec<_>>(), "of twenty at once each is counted");
    }

    async fn a_device_is_bound_to_one_and_its_codes_count_once(test) {
        let (one, two) = test.two_homes().await;
        let phone = device("Phone");
        let root = test.root(one.account);
        for account in [one.account, two.account] {
            commit!(test, test.root(account), CreateVirtualMFADevice on RamScope::mfa_devices(account), |tx, permit| tx.insert_mfa_device(&permit, &phone, "sealed seed"));
        }
        let error = refused!(test, root, CreateVirtualMFADevice on RamScope::mfa_devices(one.account), |tx, permit| tx.insert_mfa_device(&permit, &device("phone"), "x"));
        assert_eq!(error.code(), "EntityAlreadyExists.VirtualMFADevice");
        let alice = Principal::User(one.alice);
        let (duty, _) = test.session(one.account, alice, Some(Duty::BindMfaDevice)).await;
        let bind = async |user| commit!(test, test.root(one.account), BindMFADevice on scope(one.account), |tx, permit| tx.bind_mfa_device(&permit, &phone, user, 100));
        let bound = bind(one.alice).await;
        assert_eq!((bound.owner, bound.used_step, bound.name.as_str()), (Some(alice), 100, "Phone"));
        assert!(!serde_json::to_string(&bound).unwrap().contains("sealed seed"));
        assert_eq!(test.holder(&duty), Some((alice, None)), "whoever had to bind one has done so");
        let error = refused!(test, root, BindMFADevice on scope(one.account), |tx, permit| tx.bind_mfa_device(&permit, &phone, one.bob, 100));
        assert_eq!(error.code(), "EntityAlreadyExists.VirtualMFADevice.User");
        commit!(test, root, CreateVirtualMFADevice on RamScope::mfa_devices(one.account), |tx, permit| tx.insert_mfa_device(&permit, &device("tablet"), "x"));
        let error = refused!(test, root, BindMFADevice on scope(one.account), |tx, permit| tx.bind_mfa_device(&permit, &device("tablet"), one.alice, 100));
        assert_eq!(error.code(), "EntityAlreadyExists.User.MFADevice");
        let error = refused!(test, root, BindMFADevice on scope(one.account), |tx, permit| tx.bind_mfa_device(&permit, &device("tablet"), two.alice, 100));
        assert_eq!(error.code(), "EntityNotExist.User");
        let error = refused!(test, root, DeleteVirtualMFADevice on RamScope::mfa_devices(one.account), |tx, permit| tx.delete_mfa_device(&permit, &phone));
        assert_eq!(error.code(), "EntityNotExist.VirtualMFADevice");

        let use_step = async |step| commit!(test, test.user(one.account, one.alice), CreateSession on WholeAccount, |tx, permit| tx.use_mfa_step(&permit, step));
        let mut used = Vec::new();
        for step in [100, 101, 101, 99, 102] {
            used.push(use_step(step).await);
        }
        assert_eq!(used, [false, true, false, false, true]);
        let at_once = futures_util::future::join_all((0..10).map(|_| use_step(103))).await;
        assert_eq!(at_once.iter().filter(|used| **used).count(), 1);

        let list = async |account| {
            let permit = permit!(test, test.root(account), ListVirtualMFADevices on RamScope::mfa_devices(account));
            let listed = test.store.list_mfa_devices(&permit).await.unwrap();
            listed.into_iter().map(|listed| (listed.device.name, listed.user.map(|user| user.0))).collect::<Vec<_>>()
        };
        assert_eq!(list(one.account).await, [("Phone".to_owned(), Some("alice".to_owned())), ("tablet".to_owned(), None)]);
        assert_eq!(list(two.account).await, [("Phone".to_owned(), None)]);
        assert_eq!(test.store.find_mfa_device_of(two.account, alice).await.unwrap(), None);

        // Oneself, it ends nothing; somebody else, it ends the sessions.
        let (session, caller) = test.session(one.account, alice, None).await;
        let own = scope(one.account).about(Some(one.alice));
        commit!(test, caller, UnbindMFADevice on own, |tx, permit| tx.unbind_mfa_device(&permit, one.alice));
        assert!(test.holder(&session).is_some());
        let error = refused!(test, root, UnbindMFADevice on scope(one.account), |tx, permit| tx.unbind_mfa_device(&permit, one.alice));
        assert_eq!(error.code(), "EntityNotExist.User.MFADevice");
        let again = bind(one.alice).await;
        assert_eq!(again.owner, Some(alice));
        commit!(test, root, UnbindMFADevice on scope(one.account), |tx, permit| tx.unbind_mfa_device(&permit, one.alice));
        assert_eq!(test.holder(&session), None);
        commit!(test, root, DeleteVirtualMFADevice on RamScope::mfa_devices(one.account), |tx, permit| tx.delete_mfa_device(&permit, &phone));
        let mut tx = test.store.write().await.unwrap();
        assert_eq!(tx.count_mfa_devices(one.account).await.unwrap(), 1);
        assert_eq!(tx.count_spare_mfa_devices(one.account, Principal::Root).await.unwrap(), 1);
        assert_eq!(tx.count_spare_mfa_devices(one.account, alice).await.unwrap(), 0);
        assert_eq!(tx.count_mfa_devices(two.account).await.unwrap(), 1);
        tx.abandon().await.unwrap();
    }

    async fn an_account_chooses_for_itself_and_an_alias_is_one_accounts(test) {
        let (one, two) = test.two_homes().await;
        let alias = AccountAlias::parse("AccountAlias", "example").unwrap();
        let whole = RamScope::account;
        commit!(test, test.root(one.account), SetAccountAlias on whole(one.account), |tx, permit| tx.put_account_alias(&permit, &alias));
        let error = refused!(test, test.root(two.account), SetAccountAlias on whole(two.account), |tx, permit| tx.put_account_alias(&permit, &alias));
        assert_eq!(error.code(), "EntityAlreadyExists.AccountAlias");
        let named = async |name: &str| test.store.find_account_named(name).await.unwrap();
        assert_eq!(named("example").await, Some(one.account));
        assert_eq!(named(&two.account.to_string()).await, Some(two.account));
        assert_eq!(named("nowhere").await, None);
        // In logon names it is in the directory of the writer, of who follows the feed, and of who loads.
        let follower = test.second().await;
        let known = async |expected: Option<&AccountAlias>| {
            follower.catch_up().await.unwrap();
            let loaded = test.second().await;
            for directory in [test.store.directory(), follower.directory(), loaded.directory()] {
                assert_eq!(directory.account_alias(one.account).as_ref(), expected);
                assert_eq!(directory.account_alias(two.account), None);
            }
        };
        known(Some(&alias)).await;

        let policy = PasswordPolicy { minimum_length: 20, ..PasswordPolicy::default() };
        commit!(test, test.root(one.account), SetPasswordPolicy on whole(one.account), |tx, permit| tx.put_password_policy(&permit, &policy));
        let preference = SecurityPreference { session_hours: 1, ..SecurityPreference::default() };
        commit!(test, test.root(one.account), SetSecurityPreference on whole(one.account), |tx, permit| tx.put_security_preference(&permit, &preference));
        assert_eq!(test.store.find_account_alias(one.account).await.unwrap().as_deref(), Some("example"));
        assert_eq!(test.store.find_password_policy(one.account).await.unwrap(), policy);
        assert_eq!(test.store.find_password_policy(two.account).await.unwrap(), PasswordPolicy::default());
        let of = |account| test.store.directory().security_preference(account).unwrap();
        assert_eq!((of(one.account), of(two.account)), (preference, SecurityPreference::default()));
        commit!(test, test.root(one.account), ClearAccountAlias on whole(one.account), |tx, permit| tx.clear_account_alias(&permit));
        assert_eq!(named("example").await, None);
        known(None).await;
        assert_eq!(test.store.find_password_policy(one.account).await.unwrap(), policy, "and nothing else is cleared");
    }

    /// A shorter life and narrower networks count for the sessions that there are.
    async fn a_preference_counts_at_once(test) {
        let (one, two) = test.two_homes().await;
        let sessions = [
            test.session(one.account, Principal::User(one.alice), None).await.0,
            test.session(one.account, Principal::Root, None).await.0,
            test.session(two.account, Principal::User(two.alice), None).await.0,
        ];
        let set = async |preference| commit!(test, test.root(one.account), SetSecurityPreference on RamScope::account(one.account), |tx, permit| tx.put_security_preference(&permit, &preference));
        let networks = SecurityPreference::parse_networks("LoginNetworkMasks", "203.0.113.0/24").unwrap();
        set(SecurityPreference { networks, ..SecurityPreference::default() }).await;
        let alive = || sessions.each_ref().map(|hash| test.holder(hash).is_some());
        assert_eq!(alive(), [false, true, true], "root is not one of the account's users");
        set(SecurityPreference { session_hours: 1, ..SecurityPreference::default() }).await;
        for _ in 0..3 {
            test.clock.advance_ms(HOUR / 3);
            alive();
        }
        assert_eq!(alive(), [false, false, true]);
    }

    async fn a_session_is_made_for_oneself_only(test) {
        let (one, two) = test.two_homes().await;
        let alice = test.user(one.account, one.alice);
        for (account, principal) in [(one.account, Principal::User(one.bob)), (one.account, Principal::Root), (two.account, Principal::User(one.alice))] {
            let facts = test.facts(&test.caller(account, principal), None);
            let error = refused!(test, alice, CreateSession on WholeAccount, |tx, permit| tx.insert_session(&permit, &facts));
            assert_eq!(error.code(), "InternalError");
        }
    }

    /// Deleting is refused before while somebody may sign in; whatever is left goes with the user all the same.
    async fn a_deleted_user_leaves_no_session(test) {
        let home = test.home().await;
        let alice = Principal::User(home.alice);
        test.give_password(home.account, home.alice).await;
        let (session, _) = test.session(home.account, alice, None).await;
        commit!(test, test.root(home.account), DeleteUser on scope(home.account), |tx, permit| tx.delete_user(&permit, home.alice));
        assert_eq!(test.holder(&session), None);
        assert_eq!(test.store.directory().count_sessions(), 0);
        assert_eq!(test.store.find_login_profile(home.account, alice).await.unwrap(), None);
    }

    /// An attempt that failed is recorded with nobody as its actor.
    async fn a_failed_sign_in_is_audited(test) {
        let (one, two) = test.two_homes().await;
        let mut chain = bailey_domain::decision::Chain::default();
        chain.note(bailey_domain::decision::Check::SignIn, false);
        let nobody = test.root(one.account);
        test.store.record_failed_sign_in(&nobody, "alice", &chain).await.unwrap();
        let mut raw = test.raw().await;
        let row = "SELECT actor || ' ' || operation || ' ' || outcome || ' ' || reason || ' ' || target || ' ' || account_id FROM audit_records ORDER BY revision DESC LIMIT 1";
        assert_eq!(raw.texts(row).await, [format!("nobody CreateSession deny sign_in_failed alice {}", one.account)]);
        assert_eq!(test.store.verify_account(two.account).await.unwrap().unwrap() + 1, test.store.verify_account(one.account).await.unwrap().unwrap());
    }
}
