//! What there is to say about a document, and where.

use serde::Serialize;

use crate::json::Json;
use crate::lint::place::{Place, offset};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The document is refused.
    Error,
    /// It does not do what it seems to do, or more than is wise.
    Warning,
    /// It could be said in a clearer way.
    Note,
}

macro_rules! rules {
    ($($name:ident = $text:literal, $severity:ident, $about:literal;)+) => {
        /// What a finding is about.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Rule { $(#[doc = $about] $name,)+ }

        impl Rule {
            /// Every rule.
            pub const ALL: &'static [Self] = &[$(Self::$name,)+];

            /// Its name, for people to look up and to leave out.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)+ }
            }

            /// How bad it is when it finds something.
            pub fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)+ }
            }

            /// What it finds, in one sentence.
            pub fn about(self) -> &'static str {
                match self { $(Self::$name => $about,)+ }
            }
        }
    };
}

rules! {
    Invalid = "invalid", Error, "The document is not what the language wants.";
    Unreachable = "unreachable", Warning, "A Deny of the same policy takes away all that this Allow gives.";
    Redundant = "redundant", Note, "Another part of the policy says this already.";
    UnknownAction = "unknown-action", Warning, "No such action is known here.";
    NoSuchActions = "no-such-actions", Note, "A pattern matches no action that is known here.";
    BroadGrant = "broad-grant", Warning, "Whoever has this can give themselves everything.";
    AllowNotAction = "allow-not-action", Warning, "An Allow of everything but a list grows with every new action.";
    ForeignResource = "foreign-resource", Warning, "Action and resource belong to different services.";
    WrongAccount = "wrong-account", Warning, "The resource belongs to another account or to none.";
    ShortResource = "short-resource", Warning, "The resource has too few parts to match anything.";
    LiteralWildcard = "literal-wildcard", Warning, "The operator takes a wildcard for an ordinary character.";
    LiteralVariable = "literal-variable", Warning, "The standard language takes a variable for ordinary text.";
    WrongOperator = "wrong-operator", Warning, "The operator compares another kind of value than the key has.";
    UnknownKey = "unknown-key", Warning, "No request has a condition key of this name.";
    AnyAddress = "any-address", Warning, "The condition is about all addresses.";
    NoAddress = "no-address", Warning, "No request comes from this address.";
    HostBits = "host-bits", Note, "The address block begins before the address that is written.";
    VacuousForAll = "vacuous-for-all", Warning, "The condition of an Allow is met by a request without the key.";
    EmptyCondition = "empty-condition", Note, "The condition says nothing.";
    ForeignTrust = "foreign-trust", Warning, "Everybody of another account may take the role.";
}

/// One piece of advice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is about.
    pub rule: Rule,
    /// Where it stands, as a JSON pointer (RFC 6901); empty for the whole document.
    pub pointer: String,
    /// The line, from 1.
    pub line: usize,
    /// The character in the line, from 1.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub fix: Option<String>,
}

/// The findings so far.
pub(crate) struct Findings<'d> {
    document: &'d str,
    found: Vec<(usize, Finding)>,
}

impl<'d> Findings<'d> {
    pub(crate) fn new(document: &'d str) -> Self {
        Self { document, found: Vec::new() }
    }

    /// Reads the document; what is no JSON is a finding.
    pub(crate) fn read(&mut self, document: &str) -> Option<Json> {
        Json::parse(document)
            .map_err(|error| {
                let start: usize =
                    document.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
                let at = (start + error.column().saturating_sub(1)).min(document.len());
                self.add_at(
                    at,
                    Rule::Invalid,
                    String::new(),
                    format!("this is not valid JSON: {error}"),
                    None,
                );
            })
            .ok()
    }

    pub(crate) fn add(&mut self, rule: Rule, place: &Place, message: String, fix: Option<String>) {
        self.add_at(offset(self.document, place), rule, place.pointer(), message, fix);
    }

    fn add_at(&mut self, at: usize, rule: Rule, pointer: String, message: String, fix: Option<String>) {
        let before = String::from_utf8_lossy(&self.document.as_bytes()[..at]);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = 1 + before.matches('\n').count();
        let column = 1 + before[line_start..].chars().count();
        let severity = rule.severity();
        self.found.push((at, Finding { severity, rule, pointer, line, column, message, fix }));
    }

    /// In the order of the document.
    pub(crate) fn sorted(mut self) -> Vec<Finding> {
        self.found.sort_by_key(|(at, _)| *at);
        self.found.into_iter().map(|(_, finding)| finding).collect()
    }
}
