//! The fuzz target of API keys in requests on every machine: its seeds, its seeds damaged, and lines of the right kind.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use crate::authorization::authorization;

fn seeds() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/authorization");
    let seeds: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
    assert!(seeds.len() > 3);
    seeds
}

#[test]
fn every_seed_keeps_the_laws() {
    for seed in seeds() {
        authorization(&seed);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn damaged_seeds_keep_the_laws(at: prop::sample::Index, bytes in prop::collection::vec(any::<u8>(), 1..4), cut: bool) {
        for mut seed in seeds() {
            let at = at.index(seed.len());
            let end = if cut { seed.len() } else { (at + bytes.len()).min(seed.len()) };
            seed.splice(at..end, bytes.iter().copied());
            authorization(&seed);
        }
    }

    #[test]
    fn lines_keep_the_laws(lines in prop::collection::vec("[abc](Bearer|bearer|Basic|)[ \t]{0,2}(sk-[ab]{1,2}|st-[A-Za-z0-9_-]{98}|)[ \t\u{e9}]?", 0..5)) {
        authorization(lines.join("\n").as_bytes());
    }
}
