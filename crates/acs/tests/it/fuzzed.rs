//! The fuzz targets of the wire on every machine: their seeds, their seeds damaged, and texts of the right kind.

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use crate::wire;

type Entry = fn(&[u8]);

const TARGETS: [(&str, Entry); 4] =
    [("acs3", wire::acs3), ("v1", wire::v1), ("form", wire::form), ("xml", wire::xml)];

/// The seeds of a target.
fn seeds(target: &str) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds").join(target);
    let files = fs::read_dir(folder).unwrap();
    let seeds: Vec<_> = files.map(|file| fs::read(file.unwrap().path()).unwrap()).collect();
    assert!(!seeds.is_empty());
    seeds
}

/// Encoded pairs, where spellings of one and the same stand beside things that look alike.
fn encoded() -> impl Strategy<Value = String> {
    let pair = "(a|b|%61|A|Format|a\\.1|)=?(x|%78|\\+|%20|%2B|%2b|%C3%A9|é|%|%zz|)";
    prop::collection::vec(pair, 0..4).prop_map(|pairs| pairs.join("&"))
}

fn plain() -> impl Strategy<Value = String> {
    prop::collection::vec("(a|b|c|é| |\\+|%|%2B)=(x|é| |\\+|~|\\*|%20|)", 0..4)
        .prop_map(|pairs| pairs.join("&"))
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
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

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
    fn signed_requests_keep_the_laws(path in "[a é+%~/.]{0,6}", query in plain(), form in plain(), other in encoded(), more in encoded()) {
        wire::acs3(format!("{path}\n--\n{query}\n--\n{form}\n--\n/{path}?{other}").as_bytes());
        wire::v1(format!("{query}\n--\n{form}\n--\n{other}\n--\n{more}").as_bytes());
    }

    #[test]
    fn parameters_keep_the_laws(query in encoded(), body in encoded(), json in "[\\[\\]{}\",:a1.]{0,12}") {
        wire::form(format!("{query}\n--\n{body}").as_bytes());
        wire::form(format!("{query}\n--\n{json}\n--\napplication/json\n--\nw%2Fx").as_bytes());
        wire::xml(json.as_bytes());
    }
}
