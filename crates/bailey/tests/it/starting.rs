//! What stops `bailey serve` stops it before anything has happened.

use std::fs;

use bailey_testkit::{Launch, TemporaryDirectory};

#[test]
fn a_broken_fixture_stops_the_start_before_an_account_is_founded() {
    let directory = TemporaryDirectory::new("starting").unwrap();
    let (data, fixtures) = (directory.join("data"), directory.join("fixtures"));
    fs::create_dir(&fixtures).unwrap();
    fs::write(fixtures.join("broken.json"), "{").unwrap();
    let launch = Launch::serve(Launch::built_binary().unwrap(), &data);
    let error = launch.environment("BAILEY__AUTHZEN_FIXTURES", &fixtures).start().unwrap_err();
    let told = format!("{error:#}");
    assert!(told.contains("broken.json is no fixture of AuthZEN"), "{told}");
    assert!(!data.exists(), "there is no data directory, and so no account: {told}");
}
