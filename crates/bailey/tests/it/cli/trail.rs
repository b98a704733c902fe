//! The audit trail from the command line: lists, exports, and the proof that nobody touched it.

use std::fs;
use std::time::Duration;

use serde_json::Value;

use super::shell::Shell;

#[test]
fn the_trail_is_listed_exported_and_verified() {
    let shell = Shell::root();
    shell.hire("alice");
    for number in 0..25 {
        shell.run(&format!("workspace create W{number}")).ending(0);
    }
    shell.run("workspace create Mine --profile alice").ending(3);

    let exported = shell.run("audit export").ending(0).output;
    let records: Vec<Value> = exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let sequences: Vec<_> = records.iter().map(|record| record["sequence"].as_u64().unwrap()).collect();
    assert_eq!(sequences, (1..=records.len() as u64).collect::<Vec<_>>());
    assert_eq!(shell.run("audit verify").ending(0).output, format!("intact: {} records\n", records.len()));

    let listed = |line: &str| shell.json(&format!("audit list {line}"))["records"].as_array().unwrap().len();
    assert_eq!(listed("--action CreateWorkspace --outcome allow"), 25, "lists follow the pages");
    assert_eq!(listed("--action CreateWorkspace --outcome deny --actor alice"), 1);
    assert_eq!(listed("--limit 3"), 3);
    assert_eq!(listed("--to 2020-01-01T00:00:00Z"), 0);
    let table = shell.run("audit list --limit 2").ending(0);
    assert!(table.output.starts_with("WHEN") && table.output.lines().count() == 3, "{table:?}");
    assert!(table.errors.contains("there is more"), "{table:?}");
    // Only managers read it.
    shell.run("audit list --profile alice").ending(3);
}

#[test]
fn an_edited_record_is_a_difference() {
    let mut shell = Shell::root();
    shell.run("workspace create Genuine-Name").ending(0);
    shell.run("audit verify").ending(0);
    assert!(shell.server().terminate(Duration::from_secs(30)).unwrap().success());

    // Somebody edits the database file, everywhere alike.
    let file = shell.path("data").join("bailey.db");
    let (genuine, forged) = (b"Genuine-Name", b"Forgery-Name");
    let mut bytes = fs::read(&file).unwrap();
    let places: Vec<_> =
        (0..bytes.len() - genuine.len()).filter(|at| bytes[*at..].starts_with(genuine)).collect();
    assert!(places.len() > 1, "the name is in the workspace and in its record");
    for at in places {
        bytes[at..at + forged.len()].copy_from_slice(forged);
    }
    fs::write(&file, bytes).unwrap();

    shell.restart();
    assert!(shell.run("workspace list").ending(0).output.contains("Forgery-Name"));
    let broken = shell.run("audit verify").ending(8);
    assert!(broken.output.starts_with("broken at record "), "{broken:?}");
}
