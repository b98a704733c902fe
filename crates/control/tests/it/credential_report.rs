//! What nobody causes without the permission for a credential report.

use bailey_control::{Control, Parts, Recorder};
use bailey_domain::clock::Fixed;

use crate::logins::RIGHT;
use crate::world::{root, world};

#[tokio::test]
async fn who_may_make_no_credential_report_causes_nothing_to_be_written() {
    let world = world().await;
    let owner = root(&world);
    world.hire("bob").await;
    let session = world.sign_in("bob", RIGHT, None).await.unwrap();
    let bob = world.caller(&session).await.unwrap();
    let key = world.founded.access_key_id;
    world.control.note_use(owner.account, key, "Ram", owner.now_ms);
    // Another process knows what was written, and not what was noted.
    let clock = std::sync::Arc::new(Fixed::seeded(13));
    let entropy = std::sync::Arc::<Fixed>::clone(&clock);
    let (recorder, _) = Recorder::channel();
    let elsewhere = Control::new(Parts { store: world.store.clone(), clock, entropy, recorder });
    let written = async || elsewhere.get_access_key_last_used(&owner, None, key).await.unwrap();

    let denied = world.control.generate_credential_report(&bob).await.unwrap_err();
    assert_eq!(denied.code(), "NoPermission");
    assert_eq!(written().await, None);
    world.control.generate_credential_report(&owner).await.unwrap();
    assert_eq!(written().await.map(|last| last.at_ms), Some(owner.now_ms));
}
