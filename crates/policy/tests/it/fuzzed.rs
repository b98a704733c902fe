//! The fuzz targets on every machine: their seeds, their seeds damaged, and any bytes.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use crate::entries;
use crate::generator::{Seed, document};
use crate::generator_extended::{extended_document, trust_document};

type Entry = fn(&[u8]);

const TARGETS: [(&str, Entry); 4] = [
    ("policy", entries::policy),
    ("pattern", entries::pattern),
    ("condition", entries::condition),
    ("trust", entries::trust),
];

/// The seeds of a target.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target);
    let files = fs::read_dir(folder).unwrap();
    let seeds: Vec<_> = files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
    assert!(!seeds.is_empty());
    seeds
}

#[test]
fn every_seed_keeps_the_laws() {
    for (name, entry) in TARGETS {
        for seed in seeds(name) {
            entry(&seed);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]

    #[test]
    fn damaged_seeds_keep_the_laws(at: prop::sample::Index, bytes in prop::collection::vec(any::<u8>(), 1..4), cut: bool) {
        for (name, entry) in TARGETS {
            for mut seed in seeds(name) {
                let at = at.index(seed.len());
                seed.splice(at..if cut { seed.len() } else { at + 1 }, bytes.iter().copied());
                entry(&seed);
            }
        }
    }

    #[test]
    fn generated_documents_keep_the_laws(start: u64, resource in "[a-z:*/${}]{0,20}") {
        let mut seed = Seed(start);
        let extended = seed.percent(70);
        let document = match extended {
            true => extended_document(&mut seed, 30),
            false => document(&mut seed, 30),
        };
        entries::policy(format!("{document}\n--\nacs:ram::1:{resource}").as_bytes());
        let statements = document["Statement"].as_array().map_or(&document["Statement"], |list| &list[0]);
        if let Some(condition) = statements.get("Condition") {
            entries::condition(format!("{condition}\n--\n{resource}").as_bytes());
        }
        let trusted = trust_document(&mut seed, 30, extended);
        entries::trust(format!("{trusted}\n--\nacs:ram::1:user/alice").as_bytes());
        entries::trust(format!("{trusted}\n--\nacs:ram:*:1:role/{resource}").as_bytes());
    }

    #[test]
    fn patterns_keep_the_laws(pattern in "[aAü*?:$]{0,12}", text in "[aAü:*?]{0,24}") {
        entries::pattern(format!("{pattern}\n--\n{text}").as_bytes());
    }
}
