//! Starting, reading, stopping and losing a server process.

use std::{
    path::Path,
    process::Command,
    time::{Duration, Instant},
};

use bailey_testkit::{Launch, TemporaryDirectory};

const STAND_IN: &str = env!("CARGO_BIN_EXE_testkit-stand-in");

fn is_alive(process: u32) -> bool {
    // A killed child that nobody has waited for is a zombie (state Z in proc(5)), not alive.
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    !status.is_empty() && !status.contains("State:\tZ")
}

#[test]
fn a_server_is_ready_when_started_and_dead_when_dropped() {
    let server =
        Launch::serve(STAND_IN, Path::new("/nowhere")).environment("STAND_IN", "set").start().unwrap();
    let addresses = server.addresses();
    assert_ne!(addresses.gateway, addresses.control);
    assert_eq!(server.gateway_url(), format!("http://{}", addresses.gateway));
    assert_eq!(server.standard_output().unwrap(), "variable: set\n");
    let arguments =
        "serve --data /nowhere --gateway 127.0.0.1:0 --control 127.0.0.1:0 --admin 127.0.0.1:0 --addr-file ";
    assert!(server.standard_error().unwrap().contains(arguments));
    let process = server.process_id();
    assert!(is_alive(process));
    drop(server);
    assert!(!is_alive(process));
}

#[test]
fn a_killed_server_is_gone_at_once_and_can_be_started_again() {
    let launch = Launch::new(STAND_IN).argument("serve");
    let mut first = launch.start().unwrap();
    first.kill_hard();
    assert!(!is_alive(first.process_id()));
    assert!(first.terminate(Duration::from_secs(1)).unwrap_err().to_string().contains("gone already"));
    let mut second = launch.start().unwrap();
    let status = second.terminate(Duration::from_secs(5)).unwrap();
    // The stand-in does not handle SIGTERM (15), so it dies of it.
    assert_eq!(std::os::unix::process::ExitStatusExt::signal(&status), Some(15));
}

#[test]
fn a_server_outlives_the_thread_that_started_it() {
    let start = || Launch::new(STAND_IN).argument("serve").start().unwrap();
    let server = std::thread::spawn(start).join().unwrap();
    std::thread::sleep(Duration::from_millis(50));
    assert!(is_alive(server.process_id()));
}

#[test]
fn a_server_that_exits_is_reported_with_its_words() {
    let message = format!("{:#}", Launch::new(STAND_IN).argument("broken").start().unwrap_err());
    assert!(message.contains("cannot open the database"), "{message}");
    assert!(message.contains("exit status: 7"), "{message}");
}

#[test]
fn a_server_that_never_gets_ready_is_given_up() {
    let launch = Launch::new(STAND_IN).argument("never").ready_within(Duration::from_millis(200));
    let message = format!("{:#}", launch.start().unwrap_err());
    assert!(message.contains("not ready within 200ms"), "{message}");
}

#[test]
fn a_missing_binary_is_named() {
    let message = format!("{:#}", Launch::new("/nowhere/bailey").start().unwrap_err());
    assert!(message.contains("there is no binary `/nowhere/bailey`"), "{message}");
}

/// Started by the test below in a process of its own.
#[test]
fn a_server_that_is_never_dropped() {
    let server = Launch::new(STAND_IN).argument("serve").start().unwrap();
    assert!(is_alive(server.process_id()));
    if std::env::var_os("TELL_PROCESS").is_some() {
        println!("process: {}.", server.process_id());
        std::mem::forget(server);
        // As a killed test does: nothing is dropped.
        std::process::abort();
    }
}

#[test]
fn a_server_goes_when_its_starter_is_lost() {
    let left_behind = TemporaryDirectory::new("lost").unwrap();
    let output = Command::new(std::env::current_exe().unwrap())
        .env("TMPDIR", left_behind.path())
        .args(["--exact", "process::a_server_that_is_never_dropped", "--nocapture"])
        .env("TELL_PROCESS", "yes")
        .output()
        .unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let process = said.split_once("process: ").unwrap().1.split_once('.').unwrap().0.parse().unwrap();
    let deadline = Instant::now() + Duration::from_secs(10);
    while is_alive(process) && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert!(!is_alive(process));
}
