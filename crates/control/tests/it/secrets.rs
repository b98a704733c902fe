//! No secret shows in the `Debug` form of anything that holds one.

use bailey_control::{KeyRequest, LoginText, NewCredentialText, ProviderChange, SignIn};
use bailey_domain::Secret;
use bailey_domain::model::Dialect;
use bailey_domain::name::{MfaDeviceName, ProviderName, UserName};
use bailey_domain::service_credential::CredentialService;

use crate::world::{origin, root, world};

#[tokio::test]
async fn debug_output_shows_no_secret() {
    let world = world().await;
    let root = root(&world);
    let provider_secret = "provider-secret-4711";
    let change = ProviderChange {
        dialect: Some(Dialect::OpenAi),
        base_url: Some("https://api.example.com/v1".to_owned()),
        api_key: Some(Secret::new(provider_secret.to_owned())),
        ..ProviderChange::default()
    };
    let mut shown = vec![format!("{change:?}")];
    let name = ProviderName::parse("name", "example").unwrap();
    shown.push(format!("{:?}", world.control.create_provider(&root, name.clone(), change).await.unwrap()));
    shown.push(format!("{:?}", world.control.provider_to_test(&root, &name).await.unwrap()));
    shown.push(format!("{:?}", world.control.list_providers(&root).await.unwrap()));

    let alice = UserName::parse("UserName", "alice").unwrap();
    world.control.create_user(&root, alice.clone(), Default::default()).await.unwrap();
    let access_key = world.control.create_access_key(&root, Some(&alice)).await.unwrap();
    shown.push(format!("{access_key:?}"));
    shown.push(format!("{:?}", world.control.access_key(&access_key.key.access_key_id).unwrap().unwrap()));

    let text = LoginText {
        password: Some(Secret::new("Password-not-to-be-shown-1".to_owned())),
        ..LoginText::default()
    };
    shown.push(format!("{text:?}"));
    let profile = world.control.create_login_profile(&root, &alice, text).await.unwrap();
    shown.push(format!("{profile:?}"));
    let name = MfaDeviceName::parse("name", "device").unwrap();
    let device = world.control.create_virtual_mfa_device(&root, &name).await.unwrap();
    shown.push(format!("{device:?} {:?}", world.control.list_virtual_mfa_devices(&root).await.unwrap()));
    let sign_in = SignIn {
        user_name: "alice".to_owned(),
        password: Secret::new("Password-not-to-be-shown-1".to_owned()),
        code: None,
    };
    let session = world.control.create_session(&origin(&world), &sign_in).await.unwrap().unwrap();
    shown.push(format!("{sign_in:?} {session:?}"));

    let text =
        NewCredentialText { service: CredentialService::ModelStudio, name: "ci".to_owned(), age_days: None };
    let service = world.control.create_service_credential(&root, Some(&alice), text).await.unwrap();
    shown.push(format!("{service:?}"));

    let key = world
        .control
        .create_api_key(&root, world.founded.default_workspace, KeyRequest::default())
        .await
        .unwrap();
    shown.push(format!("{key:?}"));
    shown.push(format!("{:?}", world.founded));
    shown.push(format!("{:?} {:?} {:?}", world.control, world.store, world.master));
    shown.push(format!("{:?}", world.store.sealer()));
    shown.push(format!("{:?}", world.control.directory()));

    let shown = shown.join("\n");
    let secrets = [
        provider_secret,
        access_key.secret.reveal(),
        service.secret.reveal(),
        key.value.reveal(),
        "Password-not-to-be-shown-1",
        "$argon2id$v=19$m=19456,t=2,p=1",
        device.seed.reveal(),
        device.uri.reveal(),
        session.token.reveal(),
        world.founded.secret.reveal(),
        world.master.to_text().reveal(),
    ]
    .map(str::to_owned);
    for secret in secrets {
        assert!(secret.len() >= 20, "a secret worth looking for");
        assert!(!shown.contains(&secret), "a secret shows in Debug output");
    }
    // The form that is stored is in the directory, so the search does look at something.
    assert!(shown.contains("example"));
}
