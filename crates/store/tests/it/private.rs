//! A copy of one account: it decides as the account does, has nothing of others, and changes nothing of anybody.

use bailey_domain::change::{Change, PolicyType};
use bailey_domain::directory::Asked;
use bailey_domain::scope::WholeAccount;
use bailey_domain::{AccountId, Directory, Principal, UserId};

use crate::support::TestStore;
use crate::world::{allow, policy_name};

impl TestStore {
    async fn private(&self, account: AccountId) -> Directory {
        let permit = permit!(self, self.root(account), SimulateAccess on WholeAccount);
        self.store.private_directory(&permit).await.unwrap()
    }
}

fn may_create(test: &TestStore, directory: &Directory, account: AccountId, user: UserId) -> bool {
    let asked = Asked { action: Some("modelstudio:CreateWorkspace"), ..Asked::about(Principal::User(user)) };
    directory.explain(&test.root(account), &asked).reason.is_none()
}

cases! {
    async fn a_copy_has_one_account_and_nothing_of_the_other(test) {
        let (one, two) = test.two_homes().await;
        let real = test.store.directory();
        for (home, other) in [(&one, &two), (&two, &one)] {
            let copy = test.private(home.account).await;
            let (whole, own) = (real.census(), copy.census());
            assert_eq!((own.users * 2, own.workspaces * 2, own.members * 2, own.keys * 2), (whole.users, whole.workspaces, whole.members, whole.keys));
            assert_eq!(copy.revision(), real.revision());
            assert!(copy.knows(home.account, Principal::User(home.alice)) && copy.has_workspace(home.account, home.first));
            assert!(!copy.knows(other.account, Principal::Root) && !copy.knows(other.account, Principal::User(other.alice)));
            assert!(!copy.has_workspace(other.account, other.first));
            assert_eq!(copy.model_names(home.account), real.model_names(home.account));
            assert_eq!(copy.seat_epoch(home.first, home.alice), real.seat_epoch(home.first, home.alice));
            assert!(copy.key_owner(home.account, home.key.0).is_some() && copy.key_owner(other.account, other.key.0).is_none());
        }
    }

    async fn what_is_tried_in_a_copy_stays_there(test) {
        let (one, two) = test.two_homes().await;
        for home in [&one, &two] {
            test.create_policy(home.account, "mine", &allow("modelstudio:*")).await;
        }
        let copy = test.private(one.account).await;
        assert!(!may_create(test, &copy, one.account, one.alice));
        let (custom, policy) = (PolicyType::Custom, policy_name("mine"));
        assert!(copy.has_policy(one.account, custom, &policy));
        assert!(!copy.is_attached(one.account, custom, &policy, one.alice.into(), None));
        copy.load([Change::Attached { account: one.account, to: one.alice.into(), policy_type: custom, policy: policy.clone(), workspace: None }]).unwrap();
        assert!(may_create(test, &copy, one.account, one.alice));
        assert!(copy.is_attached(one.account, custom, &policy, one.alice.into(), None));
        let real = test.store.directory();
        assert!(!may_create(test, real, one.account, one.alice) && !may_create(test, real, two.account, two.alice));
        assert!(!may_create(test, &test.private(one.account).await, one.account, one.alice));
    }
}
