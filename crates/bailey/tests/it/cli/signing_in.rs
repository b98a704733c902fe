//! Credentials, profiles, the way to the server, and the commands that need none of them.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::process::{Command, Stdio};

use super::shell::{Shell, finish};
use crate::world::{Call, Client, id_of, run};

#[test]
fn signing_in_is_checked_kept_and_forgotten() {
    let shell = Shell::new();
    let (id, secret) = (shell.own("accessKeyId"), shell.own("accessKeySecret"));
    let profiles = shell.path("config").join("profiles.toml");

    let refused = shell.run("whoami").ending(4);
    assert!(refused.errors.contains("hint: `bailey login"), "{refused:?}");
    shell.with_input(&format!("login --access-key-id {id}"), "wrong-secret").ending(4);
    shell.with_input("login --access-key-id LTAInobody0000000000000", &secret).ending(4);
    shell.with_input(&format!("login --access-key-id {id}"), "\n").ending(2);
    assert!(!profiles.exists(), "what was not accepted is not kept");

    let done = shell.with_input(&format!("login --access-key-id {id}"), &format!("{secret}\n")).ending(0);
    assert!(done.output.is_empty() && !done.errors.contains(&secret), "{done:?}");
    assert_eq!(fs::metadata(&profiles).unwrap().permissions().mode() & 0o777, 0o600);
    let me = shell.json("whoami");
    assert_eq!(
        (me["IdentityType"].as_str(), me["AccountId"].as_str()),
        (Some("Account"), Some(shell.own("accountId").as_str()))
    );

    let from_file = shell.file("secret", &secret);
    shell
        .run(&format!("login --profile second --access-key-id {id} --access-key-secret-file {from_file}"))
        .ending(0);
    shell.run("whoami --profile second").ending(0);
    shell.run("logout --profile second").ending(0);
    shell.run("whoami --profile second").ending(4);
    shell.run("whoami").ending(0);

    fs::set_permissions(&profiles, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(shell.run("whoami").ending(1).errors.contains("chmod 600"));
}

#[test]
fn a_password_makes_a_session_that_logging_out_ends() {
    let shell = Shell::root();
    let password = shell.file("password", "Correct-horse-1");
    let next = shell.file("next", "Battery-staple-2");
    shell.run("ram-user create alice").ending(0);
    shell
        .run(&format!("login-profile create alice --password-file {password} --password-reset-required true"))
        .ending(0);
    let account = shell.own("accountId");
    shell.run("account set-alias example").ending(0);
    shell.run("account set-password-policy --max-attempts 9").ending(0);

    let wrong = shell.with_input("login --profile alice --user alice --password-stdin", "wrong\n").ending(4);
    assert!(wrong.errors.contains("SignInFailed"), "{wrong:?}");
    shell.run("whoami --profile alice").ending(4);
    let done = shell
        .with_input("login --profile alice --user ALICE@example --password-stdin", "Correct-horse-1\n")
        .ending(0);
    assert!(done.errors.contains("bailey login-profile change-password"), "{done:?}");
    assert!(!done.errors.contains("Correct-horse-1"), "{done:?}");
    let profiles = fs::read_to_string(shell.path("config").join("profiles.toml")).unwrap();
    let token = profiles.split('"').find(|text| text.starts_with("bs-")).unwrap().to_owned();
    assert!(!done.errors.contains(&token) && !profiles.contains("Correct-horse-1"));
    assert_eq!(shell.json("whoami --profile alice")["Arn"], format!("acs:ram::{account}:user/alice"));

    let early = shell.run("ram-user list --profile alice").ending(3);
    assert!(early.errors.contains("login-profile change-password"), "{early:?}");
    shell
        .run(&format!(
            "login-profile change-password --old-password-file {password} --new-password-file {next} --profile alice"
        ))
        .ending(0);
    shell.run("whoami --profile alice").ending(0);
    // The session is sent again after it has ended, from a copy of the profiles.
    shell.run("logout --profile alice").ending(0);
    shell.run("whoami --profile alice").ending(4);
    fs::write(shell.path("config").join("profiles.toml"), profiles).unwrap();
    shell.run("whoami --profile alice").ending(4);
    shell.run("logout --profile alice").ending(0);
    shell.run("whoami").ending(0);

    let made = shell.run("mfa create alices-phone").ending(0);
    assert!(made.output.contains("Base32StringSeed") && !made.output.contains("QRCodePNG"), "{made:?}");
    assert!(shell.run("mfa list").ending(0).output.contains("mfa/alices-phone"));
    shell.run("mfa get --user alice").ending(5);
    shell.run(&format!("mfa delete acs:ram::{account}:mfa/alices-phone")).ending(0);
    assert!(shell.run("account get-security-preference").ending(0).output.contains("LoginSessionDuration"));

    shell.run(&format!("account update-root-login --password-file {next}")).ending(0);
    shell.with_input("login --profile owner --user root --password-stdin", "Battery-staple-2").ending(0);
    assert_eq!(shell.json("whoami --profile owner")["IdentityType"], "Account");
    shell.run("login-profile delete alice").ending(0);
    shell.with_input("login --user alice --password-stdin", "Battery-staple-2").ending(4);
}

#[test]
fn the_environment_wins_over_the_profile() {
    let shell = Shell::root();
    let mut command = shell.command("whoami");
    command.env("BAILEY_ACCESS_KEY_ID", shell.own("accessKeyId")).env("BAILEY_ACCESS_KEY_SECRET", "wrong");
    assert_eq!(finish(command, "").exit, Some(4));
    let mut command = shell.command("whoami");
    command.env("BAILEY_ACCESS_KEY_ID", shell.own("accessKeyId"));
    assert_eq!(finish(command, "").exit, Some(2));
    let mut command = shell.command("whoami");
    command.env("BAILEY_ENDPOINT", "http://127.0.0.1:1");
    assert_eq!(finish(command, "").exit, Some(1));
    let mut command = shell.command("whoami");
    command.env_remove("BAILEY_ENDPOINT");
    assert_eq!(finish(command, "").exit, Some(0), "the profile knows its endpoint");
}

#[test]
fn the_doctor_finds_what_does_not_work() {
    let mut shell = Shell::new();
    let admin = format!("http://{}", shell.server().addresses().admin);
    let sick = shell.run("doctor").ending(1);
    assert!(
        sick.output.contains("fail  credentials") && sick.output.contains("next: `bailey login"),
        "{sick:?}"
    );
    let (id, secret) = (shell.own("accessKeyId"), shell.own("accessKeySecret"));
    shell.with_input(&format!("login --access-key-id {id}"), &secret).ending(0);
    let well = shell.run(&format!("doctor --admin {admin}")).ending(0);
    for check in ["profile", "endpoint", "version", "clock", "credentials", "providers", "health"] {
        assert!(well.output.contains(&format!("ok  {check}")), "{check}: {well:?}");
    }
    let other = shell.run(&format!("doctor --endpoint {admin}")).ending(1);
    assert!(other.output.contains("no control listener"), "{other:?}");
    let dead = shell.json_of_doctor("--endpoint http://127.0.0.1:1");
    assert_eq!(dead["checks"][1]["state"], "fail");
}

#[test]
fn the_doctor_names_providers_that_keep_failing() {
    let mut shell = Shell::root();
    shell
        .run("provider create dead --dialect openai --base-url http://127.0.0.1:1/v1 --allow-private")
        .ending(0);
    shell.run("model put lost --route dead").ending(0);
    assert!(shell.run("doctor").ending(0).output.contains("1 known, none keeps failing"));
    let workspace = shell.own("defaultWorkspaceId");
    let key = id_of(&shell.json(&format!("key create --workspace {workspace}")), "/apiKey/apiKeyValue");
    let gateway = shell.server().addresses().gateway;
    run(async {
        for _ in 0..5 {
            assert_eq!(Client::new(gateway).send(&Call::chat(&key, "lost", "x")).await.status, 503);
        }
    });
    let sick = shell.run("doctor").ending(1);
    assert!(sick.output.contains("fail  providers    `dead` keeps failing (unreachable)"), "{sick:?}");
    shell.hire("alice");
    let other = shell.run("doctor --profile alice").ending(0);
    assert!(!other.output.contains("providers"), "whoever may not list them is told nothing: {other:?}");
}

impl Shell {
    /// `doctor` ends with 1 and still answers in JSON.
    fn json_of_doctor(&self, options: &str) -> serde_json::Value {
        serde_json::from_str(&self.run(&format!("doctor -o json {options}")).ending(1).output).unwrap()
    }
}

#[test]
fn an_interrupted_call_ends_with_130() {
    // It accepts and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let shell = Shell::root();
    let mut command = shell.command(&format!("whoami --endpoint http://{}", silent.local_addr().unwrap()));
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    // Once it is connected, it waits for the answer and listens for the signal.
    let (_connection, _) = silent.accept().unwrap();
    let told =
        Command::new("/bin/sh").args(["-c", "kill -INT \"$0\"", &child.id().to_string()]).status().unwrap();
    assert!(told.success());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.code(), Some(130), "{}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn completions_need_no_server() {
    let shell = Shell::new();
    for name in ["bash", "zsh", "fish"] {
        let script = shell.run(&format!("completion {name} --endpoint http://127.0.0.1:1")).ending(0).output;
        assert!(
            script.contains("set-pages") && script.contains("serve"),
            "{name} does not know every command"
        );
    }
}
