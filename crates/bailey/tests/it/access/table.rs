//! Reads the tables of expectations.

use std::collections::BTreeMap;

/// The callers of the columns, in their order.
pub(crate) const CALLERS: [&str; 13] = [
    "root", "manager", "both", "reader", "ram", "admin", "perm", "keys", "plain", "known", "other", "denied",
    "abroad",
];

/// What a caller is to get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cell {
    /// 200.
    Done,
    /// 403 NoPermission.
    Denied,
    /// 403 Workspace.AccessDenied.
    Outside,
    /// 404 EntityNotExist.
    Absent,
    /// 400 NotSupport.Account, or NotSupport.ServiceLinkedRole.
    Unsupported,
    /// The question makes no sense.
    NotAsked,
}

impl Cell {
    fn parse(text: &str) -> Self {
        match text {
            "+" => Self::Done,
            "-" => Self::Denied,
            "x" => Self::Outside,
            "0" => Self::Absent,
            "!" => Self::Unsupported,
            "." => Self::NotAsked,
            _ => panic!("`{text}` is no cell"),
        }
    }
}

/// One row: an operation on a thing, by every caller.
#[derive(Debug)]
pub(crate) struct Row {
    pub(crate) operation: &'static str,
    pub(crate) thing: &'static str,
    pub(crate) cells: Vec<Cell>,
}

/// `expected.txt`.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) rows: Vec<Row>,
    /// What each credential that is not good gets: status and code.
    pub(crate) credentials: BTreeMap<&'static str, (u16, &'static str)>,
}

impl Table {
    pub(crate) fn read() -> Self {
        let mut table = Self { rows: Vec::new(), credentials: BTreeMap::new() };
        let mut header = Vec::new();
        for line in include_str!("expected.txt").lines() {
            let words: Vec<&str> = line.split_whitespace().collect();
            match words[..] {
                ["#", "thing", ..] => header = words[2..].to_vec(),
                [] | ["#", ..] => {}
                ["*", credential, status, code] => {
                    let known = table.credentials.insert(credential, (status.parse().unwrap(), code));
                    assert!(known.is_none(), "{credential} stands twice");
                }
                [operation, thing, ..] => {
                    let cells: Vec<_> = words[2..].iter().map(|word| Cell::parse(word)).collect();
                    assert_eq!(cells.len(), CALLERS.len(), "{line}");
                    assert!(table.row(operation, thing).is_none(), "{operation} {thing} stands twice");
                    table.rows.push(Row { operation, thing, cells });
                }
                _ => panic!("`{line}` is no row"),
            }
        }
        assert_eq!(header, CALLERS, "the heading names the callers in the order of the columns");
        table
    }

    pub(crate) fn row(&self, operation: &str, thing: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.operation == operation && row.thing == thing)
    }

    /// The rows of an operation, in their order.
    pub(crate) fn of(&self, operation: &str) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.operation == operation)
    }
}

/// One row of `expected_gateway.txt`: a kind of key, and what it gets on chat, embeddings, the list of models, one
/// model of it and a temporary key: the status, then `error.code`, then the reason in the header, each where there is one.
#[derive(Debug)]
pub(crate) struct KeyRow {
    pub(crate) key: &'static str,
    pub(crate) answers: [&'static str; 5],
}

/// `expected_gateway.txt`.
pub(crate) fn key_rows() -> Vec<KeyRow> {
    let lines = include_str!("expected_gateway.txt").lines();
    let rows = lines.map(|line| line.split_whitespace().collect::<Vec<_>>());
    rows.filter(|words| words.first().is_some_and(|first| *first != "#"))
        .map(|words| KeyRow { key: words[0], answers: words[1..].try_into().unwrap() })
        .collect()
}
