//! A decision point that a file describes: entities, actions and rules about attributes. It lets foreign test suites run
//! without touching what the account allows.
//!
//! `docs/authzen.md` describes the format.

use std::fmt;

use serde::Deserialize;
use serde_json::Value;

use super::Sought;
use super::request::{Action, Entity, Evaluation, Members};
use super::rule::{Facts, Rule};
use super::search::Asked;

/// The longest name of a tenant.
const LONGEST_NAME: usize = 64;
/// Words that begin other paths.
const TAKEN: [&str; 4] = ["access", "authz", "modelstudio", ".well-known"];

/// A tenant of its own: its entities, its actions, its rules.
#[derive(Debug)]
pub struct Fixture {
    pub(crate) name: String,
    /// Whether it answers without a credential.
    pub(crate) anonymous: bool,
    subjects: Vec<Known>,
    resources: Vec<Known>,
    actions: Vec<String>,
    rules: Vec<Rule>,
}

/// Why a file is no fixture.
#[derive(Debug)]
pub struct BadFixture(String);

impl fmt::Display for BadFixture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadFixture {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    /// Where it comes from, for people.
    #[serde(default, rename = "about")]
    _about: String,
    #[serde(default)]
    anonymous: bool,
    subjects: Vec<Known>,
    resources: Vec<Known>,
    actions: Vec<String>,
    rules: Vec<Rule>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    #[serde(rename = "type")]
    kind: String,
    id: String,
    #[serde(default)]
    properties: Members,
}

impl Fixture {
    /// Reads a file's text. The name becomes part of paths.
    pub fn parse(name: &str, text: &str) -> Result<Self, BadFixture> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let fits = (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(plain);
        if !fits || TAKEN.contains(&name) || name.starts_with("llm-") {
            return Err(BadFixture(format!(
                "`{name}` is no tenant's name: 1 to {LONGEST_NAME} small letters, digits and hyphens, and no word that begins another path"
            )));
        }
        let file: File = serde_json::from_str(text).map_err(|error| BadFixture(error.to_string()))?;
        for rule in &file.rules {
            rule.check().map_err(BadFixture)?;
        }
        Ok(Self {
            name: name.to_owned(),
            anonymous: file.anonymous,
            subjects: file.subjects,
            resources: file.resources,
            actions: file.actions,
            rules: file.rules,
        })
    }

    /// Decides: a rule that forbids wins, then one that permits, and nothing is a no.
    pub(crate) fn decide(&self, asked: &Evaluation<'_>) -> bool {
        let facts = Facts {
            asked,
            of_subject: known(&self.subjects, &asked.subject),
            of_resource: known(&self.resources, &asked.resource),
        };
        let applies =
            |permits: bool| self.rules.iter().any(|rule| rule.permits() == permits && rule.applies(&facts));
        !applies(false) && applies(true)
    }

    /// One page of a search. A position is a place in the file.
    pub(crate) fn search(
        &self,
        asked: &Asked<'_>,
        after: &str,
        limit: usize,
    ) -> (Vec<Value>, Option<String>) {
        let about = asked.about;
        let (subject, resource) = (about.subject, about.resource);
        let found: Vec<&str> = match asked.sought {
            Sought::Subjects => ids(&self.subjects, subject.kind)
                .filter(|id| self.decide(&Evaluation { subject: Entity { id, ..subject }, ..about }))
                .collect(),
            Sought::Resources => ids(&self.resources, resource.kind)
                .filter(|id| self.decide(&Evaluation { resource: Entity { id, ..resource }, ..about }))
                .collect(),
            Sought::Actions => (self.actions.iter().map(String::as_str))
                .filter(|name| {
                    self.decide(&Evaluation { action: Action { name, properties: None }, ..about })
                })
                .collect(),
        };
        let start: usize = after.parse().unwrap_or(0);
        let end = start.saturating_add(limit).min(found.len());
        let page = found.get(start..end).unwrap_or_default().iter().map(|id| asked.shown(id)).collect();
        (page, (end < found.len()).then(|| end.to_string()))
    }
}

/// The ids of those of a type.
fn ids<'k>(list: &'k [Known], kind: &'k str) -> impl Iterator<Item = &'k str> {
    list.iter().filter(move |known| known.kind == kind).map(|known| known.id.as_str())
}

/// What the file knows of an entity of the request.
fn known<'k>(list: &'k [Known], asked: &Entity<'_>) -> Option<&'k Members> {
    let found = list.iter().find(|known| known.kind == asked.kind && known.id == asked.id);
    found.map(|known| &known.properties)
}

#[cfg(test)]
mod tests {
    use super::super::request::Source;
    use super::*;
    use serde_json::json;

    const FILE: &str = r#"{
        "subjects": [{ "type": "user", "id": "alice", "properties": { "team": "red" } }, { "type": "user", "id": "bob" }],
        "resources": [{ "type": "file", "id": "1", "properties": { "team": "red" } }],
        "actions": ["read", "write"],
        "rules": [
            { "effect": "permit", "actions": ["read"], "when": [{ "attribute": "subject.id", "in": ["alice", "bob"] }] },
            { "effect": "permit", "when": [{ "attribute": "subject.properties.team", "same_as": "resource.properties.team" }] },
            { "effect": "forbid", "when": [{ "attribute": "resource.properties.locked", "is": true }] }
        ]
    }"#;

    fn decide(subject: &Value, action: &str, resource: &Value) -> bool {
        let request = json!({ "subject": subject, "action": { "name": action }, "resource": resource });
        Fixture::parse("t", FILE).unwrap().decide(&Evaluation::read(Source::of(&request)).unwrap())
    }

    #[test]
    fn a_no_wins_over_a_yes_and_properties_of_the_request_over_those_of_the_file() {
        let user = |id: &str| json!({ "type": "user", "id": id });
        let file = |properties: Value| json!({ "type": "file", "id": "1", "properties": properties });
        let plain = file(json!({}));
        assert!(decide(&user("alice"), "write", &plain));
        assert!(decide(&user("bob"), "read", &plain));
        assert!(!decide(&user("bob"), "write", &plain));
        assert!(!decide(&user("alice"), "write", &file(json!({ "locked": true }))));
        assert!(!decide(&user("alice"), "write", &file(json!({ "team": "blue" }))));
        assert!(!decide(&user("carol"), "read", &plain));
        // Two attributes that nobody knows are not the same.
        assert!(!decide(&user("carol"), "write", &json!({ "type": "file", "id": "9" })));
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        for name in ["", "Upper", "access", "llm-x", "a/b"] {
            assert!(Fixture::parse(name, FILE).is_err(), "{name}");
        }
        for (good, bad) in [
            ("subject.id", "subject.name"),
            (r#""is": true"#, r#""is": true, "in": []"#),
            (r#""permit""#, r#""allow""#),
            (r#""actions": ["read"],"#, r#""action": "read","#),
        ] {
            assert!(Fixture::parse("t", &FILE.replace(good, bad)).is_err(), "{bad}");
        }
    }
}
