//! What is refused ends with the exit code that says how, names the request, and can be explained.

use super::shell::Shell;

#[test]
fn every_kind_of_refusal_has_its_exit_code() {
    let shell = Shell::root();
    let workspace = shell.workspace("Research");
    shell.hire("alice");

    // 2: what was typed makes no sense, to clap or to the server.
    for line in [
        "",
        "workspace make",
        "limit update m",
        "ram-user get a/b",
        "settings update nothing=1",
        "usage get --from yesterday",
    ] {
        assert_eq!(shell.run(line).exit, Some(2), "bailey {line}");
    }
    shell.run("member get alice --workspace ..").ending(2);
    shell.run("policy create P --document /nonexistent").ending(2);
    // 3: denied. A foreign workspace and an absent one look alike.
    let denied = shell.run("workspace create Mine --profile alice").ending(3);
    assert!(denied.errors.contains("(NoPermission)") && denied.errors.contains("hint: "), "{denied:?}");
    let foreign = shell.run(&format!("member list -w {workspace} --profile alice")).ending(3);
    let absent = shell.run("member list -w llm-zzzzzzzzzzzzzzzz --profile alice").ending(3);
    assert_eq!(foreign.errors.lines().next(), absent.errors.lines().next());
    // 5: not found.
    for line in [
        "ram-user get nobody",
        "key get 404",
        "policy get Nothing",
        "provider test nothing",
        "model delete nothing",
    ] {
        let absent = shell.run(line).ending(5);
        assert!(absent.errors.contains("EntityNotExist."), "{line}: {absent:?}");
    }
    assert!(shell.run("policy get AliyunBailianFullAccess").ending(5).errors.contains("--type system"));
    // 6: conflict, also where the vendor's API answers 200.
    shell.run("ram-user create alice").ending(6);
    shell.run("workspace create Research").ending(6);
    shell.run(&format!("key create -w {workspace}")).ending(0);
    let kept = shell.run(&format!("workspace delete {workspace}")).ending(6);
    assert!(kept.output.is_empty() && kept.errors.contains("API keys"), "{kept:?}");
    // 1: no server.
    let away = shell.run("workspace list --endpoint http://127.0.0.1:1").ending(1);
    assert!(away.errors.contains("hint: `bailey doctor`"), "{away:?}");
}

#[test]
fn a_refusal_is_explained_to_whoever_met_it() {
    let shell = Shell::root();
    shell.hire("alice");
    let refused = shell.run("workspace create Mine --profile alice").ending(3).request_id();
    for profile in ["default", "alice"] {
        let told = shell.run(&format!("explain {refused} --profile {profile}")).ending(0).output;
        assert!(told.starts_with("denied: implicit_deny\n"), "{told}");
        assert!(
            told.contains("fail  policy") && told.contains("because") && told.contains("who can"),
            "{told}"
        );
        assert!(told.contains(&refused), "{told}");
    }
    shell.hire("bob");
    shell.run(&format!("explain {refused} --profile bob")).ending(3);
    shell.run("explain 00000000-0000-4000-8000-000000000000").ending(5);
}

#[test]
fn questions_are_answered_before_anything_is_tried() {
    let shell = Shell::root();
    let workspace = shell.workspace("Research");
    shell.hire("alice");
    shell.run("user add alice").ending(0);
    shell.run(&format!("member add alice -w {workspace} --page prompts")).ending(0);

    shell.run("can-i CreateWorkspace").ending(0);
    assert!(shell.run("can-i CreateWorkspace --profile alice").ending(3).output.starts_with("denied: "));
    shell.run(&format!("can-i --page prompts -w {workspace} --profile alice")).ending(0);
    shell.run(&format!("can-i --page administrator -w {workspace} --profile alice")).ending(3);
    let asked = shell.json(&format!("explain --subject user:alice --page prompts -w {workspace}"));
    assert_eq!(asked["decision"]["outcome"], "allow");

    shell.run("provider create demo --dialect demo").ending(0);
    shell.run("model put qwen-plus --route demo").ending(0);
    let key = shell.json(&format!("key create -w {workspace} --access-ip 10.0.0.0/8"))["apiKey"]["apiKeyId"]
        .as_str()
        .unwrap()
        .to_owned();
    let ask = |rest: &str| {
        shell.run(&format!("explain --subject key:{key} --model qwen-plus {rest}")).ending(0).output
    };
    let denied = ask("--source-ip 10.1.1.1");
    assert!(denied.starts_with("denied: model_not_granted\n"), "{denied}");
    assert!(denied.contains("(`bailey model update-permissions`)"), "the fix names the command: {denied}");
    shell.run(&format!("model update-permissions qwen-plus -w {workspace} --inference true")).ending(0);
    assert!(ask("--source-ip 10.1.1.1").starts_with("allowed\n"));
    assert!(ask("--source-ip 11.1.1.1").starts_with("denied: ip_not_allowed\n"));
    // Other people's questions are not one's own.
    shell.run("explain --subject user:root --action sfm:CreateIndex --profile alice").ending(3);
}
