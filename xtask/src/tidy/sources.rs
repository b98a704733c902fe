//! What may not stand in a source file.
//!
//! Patterns are put together from halves, so that this file does not break its own rules.

use std::sync::LazyLock;

use regex::Regex;

use super::{Problem, source::Source};

struct Ban {
    pattern: Regex,
    applies: fn(&Source) -> bool,
    /// Also in test code?
    in_tests: bool,
    message: &'static str,
}

static BANS: LazyLock<Vec<Ban>> = LazyLock::new(|| {
    let ban = |pattern: &str, applies: fn(&Source) -> bool, in_tests, message| Ban {
        pattern: Regex::new(pattern).expect("the pattern is a constant"),
        applies,
        in_tests,
        message,
    };
    vec![
        ban(
            concat!(r"\b(?:to", r"do|unimple", r"mented)!\s*[(\[{]"),
            Source::is_rust,
            true,
            "unfinished code",
        ),
        ban(
            concat!(r"#\[ig", r"nore\b"),
            Source::is_rust,
            true,
            "a test that does not run; make it run, or remove it",
        ),
        ban(concat!(r"\bdb", r"g!\s*\("), Source::is_rust, true, "left over from debugging"),
        ban(
            concat!(r"pytest\.mark\.(?:sk", r"ip|xf", r"ail)"),
            is_python,
            true,
            "a test that does not run; make it run, or remove it",
        ),
        ban(
            concat!(r"\bs", r"k-[A-Za-z0-9_-]{21,}"),
            |_| true,
            false,
            "looks like an API key; build test keys in test code",
        ),
        ban(concat!(r"(?:^|[^\w.\-/])/(?:wo", r"rk|ro", r"ot)/"), |_| true, true, "a path of one machine"),
    ]
});

/// Characters that a reader cannot see or that turn text around (see Unicode TR 36 on source spoofing).
fn is_invisible(character: char) -> bool {
    matches!(character, '\u{a0}' | '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202f}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Signs that prose in comments and messages uses.
const SIGNS: &str = "\u{a7}\u{b0}\u{b1}\u{b5}\u{b7}\u{d7}\u{f7}\u{2013}\u{2014}\u{2018}\u{2019}\u{201c}\u{201d}\u{2026}\u{2190}\u{2191}\u{2192}\u{2193}\u{2208}\u{2212}\u{2260}\u{2264}\u{2265}";

/// Whether shipped code may hold it: ASCII, the signs, drawings, and Chinese, in which the pages have their second name.
fn is_expected(character: char) -> bool {
    character.is_ascii()
        || SIGNS.contains(character)
        || matches!(character, '\u{2500}'..='\u{25ff}' | '\u{3000}'..='\u{303f}' | '\u{4e00}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}')
}

fn is_python(file: &Source) -> bool {
    file.extension() == "py"
}

fn is_code(file: &Source) -> bool {
    ["rs", "py", "sh", "sql", "toml"].contains(&file.extension())
}

pub(super) fn check(files: &[Source]) -> Vec<Problem> {
    files.iter().flat_map(check_one).collect()
}

fn check_one(file: &Source) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut complain = |line, message: String| problems.push(Problem::new(&file.path, line, message));
    // Written by cargo and by the Apache foundation.
    if file.extension() == "lock" || file.path == "LICENSE" {
        return problems;
    }
    for ban in BANS.iter().filter(|ban| (ban.applies)(file)) {
        let everywhere = file.lines().filter(|_| ban.in_tests);
        let shipped = file.shipped_lines().filter(|_| !ban.in_tests);
        for (number, _) in everywhere.chain(shipped).filter(|(_, line)| ban.pattern.is_match(line)) {
            complain(Some(number), ban.message.to_owned());
        }
    }
    for (number, line) in file.lines() {
        if let Some(character) = line.chars().find(|character| is_invisible(*character)) {
            complain(
                Some(number),
                format!("an invisible character, U+{:04X}; write it as an escape", u32::from(character)),
            );
        }
    }
    for (number, line) in file.shipped_lines().filter(|_| is_code(file)) {
        if let Some(character) =
            line.chars().find(|character| !is_expected(*character) && !is_invisible(*character))
        {
            complain(
                Some(number),
                format!("an unexpected character, U+{:04X}; write it as an escape", u32::from(character)),
            );
        }
    }
    if file.is_rust() && file.path.contains("src/") && !file.text.starts_with("//!") {
        complain(Some(1), "a module begins with `//!` and what it is for".to_owned());
    }
    if file.path.ends_with("src/lib.rs") {
        for statement in statements(&file.text).iter().filter(|statement| !is_declaration(statement)) {
            let start = statement.lines().next().unwrap_or_default();
            complain(
                None,
                format!("a crate's root holds documentation, `mod` and `use` only, not `{start}`"),
            );
        }
    }
    problems
}

/// What stands between semicolons, without comments and attributes.
fn statements(text: &str) -> Vec<String> {
    let is_noise = |line: &&str| ["//", "#[", "#!["].iter().any(|start| line.trim_start().starts_with(start));
    let code: Vec<&str> = text.lines().filter(|line| !is_noise(line)).collect();
    code.join("\n")
        .split(';')
        .map(|statement| statement.trim().to_owned())
        .filter(|statement| !statement.is_empty())
        .collect()
}

fn is_declaration(statement: &str) -> bool {
    static DECLARATION: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^(?:pub(?:\([a-z]+\))? )?(?:mod [a-z0-9_]+|use [^;]+)$")
            .expect("the pattern is a constant")
    });
    DECLARATION.is_match(statement)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(path: &str, text: &str) -> Vec<String> {
        let source = Source { path: path.to_owned(), text: text.to_owned() };
        check_one(&source).iter().map(ToString::to_string).collect()
    }

    fn breaks(path: &str, text: &str, with: &str) {
        let found = messages(path, text);
        assert!(found.len() == 1 && found[0].contains(with), "{path}, `{text}`: {found:?}");
    }

    fn keeps(path: &str, text: &str) {
        assert_eq!(messages(path, text), Vec::<String>::new(), "{path}, `{text}`");
    }

    #[test]
    fn unfinished_code_is_found_in_tests_too() {
        breaks("crates/a/tests/it.rs", concat!("to", "do!()"), "unfinished");
        breaks("crates/a/tests/it.rs", concat!("#[ig", "nore = \"slow\"]"), "does not run");
        breaks("crates/a/tests/it.rs", concat!("db", "g!(x)"), "debugging");
        breaks("conformance/a.py", concat!("@pytest.mark.sk", "ip"), "does not run");
        keeps("docs/a.md", concat!("to", "do!()"));
        keeps("crates/a/tests/it.rs", "// what to do!");
    }

    #[test]
    fn keys_are_found_where_they_ship() {
        let key = concat!("s", "k-0123456789abcdef0123456789abcdef");
        breaks("crates/a/src/b.rs", &format!("//! x\nlet key = \"{key}\";"), "b.rs:2: looks like an API key");
        breaks("docs/a.md", key, "looks like");
        keeps("crates/a/src/b.rs", &format!("//! x\n#[cfg(test)]\nmod tests {{\n\"{key}\"\n}}"));
        keeps("conformance/a.py", key);
        keeps("crates/a/src/b.rs", "//! a disk-and-so-on-and-so-on-and-so-on");
    }

    #[test]
    fn machine_paths_and_strange_characters_are_found() {
        breaks("scripts/a.sh", concat!("cd /wo", "rk/main"), "path of one machine");
        keeps("crates/a/src/b.rs", "//! see src/work/file and http://x/root/y");
        breaks("docs/a.md", "a\u{200b}b", "U+200B");
        breaks("crates/a/src/b.rs", "//! x\nlet a = 'é';", "U+00E9");
        keeps("crates/a/src/b.rs", "//! A – B → C\n//! 知识库");
        keeps("crates/a/tests/b.rs", "'é'");
    }

    #[test]
    fn modules_say_what_they_are_for() {
        breaks("crates/a/src/b.rs", "use x;", "begins with `//!`");
        keeps("crates/a/tests/b.rs", "use x;");
    }

    #[test]
    fn a_crate_s_root_declares_only() {
        keeps(
            "crates/a/src/lib.rs",
            "//! A crate; with docs.\n#![forbid(unsafe_code)]\n\nmod a;\n/// B.\npub mod b;\n#[cfg(test)]\nmod c_tests;\npub use a::{\n    X,\n    Y,\n};\npub(crate) use b::Z;\n",
        );
        breaks("crates/a/src/lib.rs", "//! A.\nmod a;\nfn f() { 1 }\n", "not `fn f() { 1 }`");
        breaks("crates/a/src/lib.rs", "//! A.\nmod a;\n#[cfg(test)]\nmod tests {\n}\n", "not `mod tests {`");
    }
}
