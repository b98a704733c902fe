//! Revocation is complete when it is acknowledged: no request that started after the acknowledgement is accepted, and
//! no open stream says another word.
//!
//! Each kind of switch is thrown many times while [`hammer::CLIENTS`] clients call without a pause. A
//! request's start is noted before its first byte is written (or its connection made), the acknowledgement after its
//! last byte is read, both on one clock. So a request counts against the promise only when it certainly began later.

mod ground;
mod guards;
mod hammer;
mod roles;
mod rotation;
mod streams;
mod switches;

use ground::Ground;
use hammer::Hammer;
use switches::Switch;

use crate::world::run;

/// Throws one kind of switch under load, again and again.
fn thrown(switch: Switch) {
    let ground = Ground::new();
    run(async {
        let mut ground = ground.prepared().await;
        let mut hammer = Hammer::start(switch.listener(&ground));
        for round in 0..switch.rounds() {
            let armed = switch.arm(&mut ground, round).await;
            let control = ground.control.clone();
            let root = ground.account.root.clone();
            let (operation, parameters) = (armed.operation, armed.parameters);
            let throw = async move { control.call(&root, operation, parameters).await };
            let report = hammer.round(armed.make, throw).await;
            report.check(&format!("{switch:?}, round {round}"), armed.refused);
            armed.promise.check(&report.acknowledgement);
        }
        hammer.stop().await;
    });
}

macro_rules! switches {
    ($($test:ident $switch:ident;)*) => {
        $(
            #[test]
            fn $test() {
                thrown(Switch::$switch);
            }
        )*

        #[test]
        fn every_switch_is_thrown() {
            assert_eq!(Switch::ALL, [$(Switch::$switch),*]);
        }
    };
}

switches! {
    remove_member RemoveMember;
    disable_api_key DisableApiKey;
    delete_api_key DeleteApiKey;
    update_model_permissions UpdateModelPermissions;
    remove_user RemoveUser;
    delete_user DeleteUser;
    detach_policy_from_user DetachPolicyFromUser;
    update_access_key UpdateAccessKey;
    delete_access_key DeleteAccessKey;
    reset_api_key ResetApiKey;
    narrow_api_key NarrowApiKey;
    delete_model DeleteModel;
    restrict_default_workspace RestrictDefaultWorkspace;
    attach_a_deny AttachDeny;
    narrow_policy NarrowPolicy;
    remove_user_from_group RemoveUserFromGroup;
    detach_policy_from_group DetachPolicyFromGroup;
    delete_login_profile DeleteLoginProfile;
    update_login_profile UpdateLoginProfile;
    take_page TakePage;
    take_seat TakeSeat;
    narrow_access_key NarrowAccessKey;
    delete_service_credential DeleteServiceCredential;
    put_a_permission_boundary PutPermissionBoundary;
    attach_a_control_policy AttachControlPolicy;
    detach_policy_from_role DetachPolicyFromRole;
    narrow_trust NarrowTrust;
    delete_role DeleteRole;
    detach_policy_for_workspace DetachPolicyForWorkspace;
    attach_a_deny_for_workspace AttachDenyForWorkspace;
}
