//! The nouns of credentials: last uses, network policies, service credentials, the recycle bin, the report.

use std::time::Duration;

use serde_json::json;

use super::shell::Shell;
use crate::world::id_of;

#[test]
fn a_last_use_outlives_the_process() {
    let mut shell = Shell::root();
    shell.run("ram-user create bob").ending(0);
    let idle = id_of(&shell.json("access-key create --user bob"), "/AccessKey/AccessKeyId");
    shell.hire("alice");
    shell.run("whoami --profile alice").ending(0);
    let used = id_of(&shell.json("access-key list --user alice"), "/AccessKeys/AccessKey/0/AccessKeyId");
    let last = |shell: &Shell| {
        shell.json(&format!("access-key last-used {used} --user alice"))["AccessKeyLastUsed"].clone()
    };
    let before = last(&shell);
    assert!(before["LastUsedDate"].as_str().is_some_and(|date| date.ends_with('Z')), "{before}");
    let never = shell.json(&format!("access-key last-used {idle} --user bob"));
    assert_eq!(never["AccessKeyLastUsed"], json!({}));
    shell.run(&format!("access-key last-used {idle} --user alice")).ending(5);
    assert!(shell.server().terminate(Duration::from_secs(30)).unwrap().success());
    shell.restart();
    assert_eq!(last(&shell), before);
    shell.run("credential-report generate").ending(0);
    let report = shell.run("credential-report get").ending(0).output;
    let rows: Vec<Vec<&str>> = report.lines().map(|line| line.split(',').collect()).collect();
    let place = rows[0].iter().position(|column| *column == "access_key_1_last_used").unwrap();
    let names: Vec<_> = rows.iter().map(|row| row[0].split('@').next().unwrap()).collect();
    assert_eq!(names, ["user", "<root>", "alice", "bob"]);
    assert_eq!((rows[2][place], rows[3][place]), (before["LastUsedDate"].as_str().unwrap(), "-"));
}

#[test]
fn network_policies_are_lists_of_addresses() {
    let shell = Shell::root();
    shell.run("ram-user create alice").ending(0);
    let key = id_of(&shell.json("access-key create --user alice"), "/AccessKey/AccessKeyId");
    assert_eq!(
        shell.run(&format!("access-key policy get {key} --user alice")).ending(0).output,
        "everywhere\n"
    );
    let set = format!("access-key policy set {key} --user alice --address 10.0.0.0/8 --address 192.0.2.1");
    assert_eq!(shell.run(&set).ending(0).output, "10.0.0.0/8\n192.0.2.1\n");
    assert_eq!(
        shell.run(&format!("access-key policy get {key} --user alice")).ending(0).output,
        "10.0.0.0/8\n192.0.2.1\n"
    );
    // The address that this comes from is not among them.
    assert!(
        shell
            .run("access-key policy set-for-account --address 10.0.0.0/8")
            .ending(6)
            .errors
            .contains("127.0.0.1")
    );
    shell.run("access-key policy set-for-account --address 127.0.0.0/8 --address ::1").ending(0);
    assert_eq!(shell.run("access-key policy get-for-account").ending(0).output, "127.0.0.0/8\n::1\n");
    assert_eq!(shell.run("access-key policy set-for-account").ending(0).output, "everywhere\n");
    let summary = &shell.json("account summary")["SummaryMap"];
    assert_eq!((&summary["Users"], &summary["IPItemsPerAKPolicyQuota"]), (&json!(1), &json!(50)));
    assert!(shell.run("ram-user list-basic").ending(0).output.contains("alice@"));
}

#[test]
fn service_credentials_and_the_recycle_bin() {
    let shell = Shell::root();
    let made = shell.json("ram-user create alice");
    let user = id_of(&made, "/User/UserId");
    let created = shell.run("service-credential create ci --user alice --age-days 30").ending(0);
    assert!(
        created.output.contains("ServiceCredentialSecret") && created.errors.contains("this once"),
        "{created:?}"
    );
    for name in ["two", "three"] {
        shell.run(&format!("service-credential create {name} --user alice --service bailian")).ending(0);
    }
    let listed = shell.json("service-credential list --all");
    assert_eq!(listed["ServiceCredentials"].as_array().unwrap().len(), 3);
    let limited = shell.run("service-credential list --user alice --limit 2").ending(0);
    assert!(limited.errors.contains("there is more"), "{limited:?}");
    let id = id_of(&listed, "/ServiceCredentials/0/ServiceCredentialId");
    shell
        .run(&format!("service-credential update {id} --user alice --status inactive --new-name off"))
        .ending(0);
    let one = &shell.json(&format!("service-credential get {id} --user alice"))["ServiceCredential"];
    assert_eq!((&one["Status"], &one["ServiceCredentialName"]), (&json!("Inactive"), &json!("off")));
    shell.run(&format!("service-credential delete {id} --user alice")).ending(0);
    shell.run(&format!("service-credential get {id} --user alice")).ending(5);

    shell.run("settings update recycleBin=true").ending(0);
    let key = id_of(&shell.json("access-key create --user alice"), "/AccessKey/AccessKeyId");
    shell.run(&format!("access-key delete {key} --user alice")).ending(0);
    shell.run("ram-user delete alice").ending(0);
    assert!(shell.run("recycle-bin list-users --name alice").ending(0).output.contains(&user));
    let listed = shell.json(&format!("recycle-bin list-access-keys --user-id {user}"));
    assert_eq!(id_of(&listed, "/AccessKeys/AccessKey/0/AccessKeyId"), key);
    assert_eq!(shell.json(&format!("recycle-bin get-access-key {key}"))["AccessKey"]["UserRecycled"], true);
    shell.run(&format!("recycle-bin restore-access-key {key} --user-id {user}")).ending(6);
    shell.run(&format!("recycle-bin restore-user {user}")).ending(0);
    shell.run(&format!("recycle-bin get-user {user}")).ending(5);
    assert_eq!(shell.json("service-credential list --all")["ServiceCredentials"], json!([]));
    shell.run(&format!("recycle-bin restore-access-key {key} --user-id {user}")).ending(0);
    let keys = shell.json("access-key list --user alice");
    assert_eq!(keys["AccessKeys"]["AccessKey"][0]["Status"], "Inactive");
    shell.run(&format!("access-key delete {key} --user alice")).ending(0);
    shell.run(&format!("recycle-bin delete-access-key {key} --user-id {user}")).ending(0);
    shell.run("ram-user delete alice").ending(0);
    shell.run(&format!("recycle-bin delete-user {user}")).ending(0);
    shell.run(&format!("recycle-bin restore-user {user}")).ending(5);
}
