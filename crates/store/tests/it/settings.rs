//! The account's settings.

use bailey_domain::Reason;
use bailey_domain::scope::WholeAccount;
use bailey_domain::settings::Settings;

use crate::world::MODEL;

cases! {
    async fn settings_count_at_once_and_for_their_account(test) {
        let (one, two) = test.two_homes().await;
        let keys = [
            test.create_key(&test.root(one.account), one.default, "").await,
            test.create_key(&test.root(two.account), two.default, "").await,
        ];
        assert_eq!(test.store.directory().settings(one.account), Some(Settings::default()));
        let settings = Settings { default_workspace_restricted: true, quota_users: 7, ..Settings::default() };
        commit!(test, test.root(one.account), UpdateSettings on WholeAccount, |tx, permit| tx.update_settings(&permit, &settings));
        assert_eq!(test.store.directory().settings(one.account), Some(settings));
        assert_eq!(test.store.directory().settings(two.account), Some(Settings::default()));
        assert_eq!(test.admit(&keys[0].1, MODEL), Err(Reason::ModelNotGranted));
        assert_eq!(test.admit(&keys[1].1, MODEL), Ok(()));
        assert_eq!(test.admit(&one.key.1, MODEL), Ok(()));
    }
}
