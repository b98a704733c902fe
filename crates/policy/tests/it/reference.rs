//! A second evaluator, written from the description of the language alone: regular expressions instead of the
//! crate's matcher, no bits, no shortcuts. Slow on purpose.

use regex::Regex;
use serde_json::Value as Json;

use crate::generator::Question;
use crate::reference_condition::{Answer, Condition};

/// Who decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Outcome {
    Allow,
    Deny,
    /// A Deny that applies only because of an error.
    DenyByError,
    Nothing,
}

/// What one statement does to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Applies {
    No,
    Yes,
    /// As yes for a Deny and no for an Allow.
    Error,
}

pub(crate) struct Statement {
    pub(crate) deny: bool,
    inverted: bool,
    actions: Vec<Regex>,
    resources: Vec<Pattern>,
    conditions: Vec<Condition>,
}

/// A pattern for names: with case, and in lower case.
pub(crate) struct Pattern {
    exact: Regex,
    lower: Regex,
}

impl Pattern {
    pub(crate) fn new(text: &str) -> Self {
        Self { exact: glob(text), lower: glob(&text.to_ascii_lowercase()) }
    }

    pub(crate) fn matches(&self, name: &str) -> bool {
        let fold = ignores_case(name);
        spellings(name).iter().any(|name| {
            if fold { self.lower.is_match(&name.to_ascii_lowercase()) } else { self.exact.is_match(name) }
        })
    }
}

/// A glob as an anchored regular expression.
pub(crate) fn glob(pattern: &str) -> Regex {
    let mut expression = String::from(r"(?s)\A");
    for letter in pattern.chars() {
        match letter {
            '*' => expression.push_str(".*"),
            '?' => expression.push('.'),
            _ => expression.push_str(&regex::escape(letter.encode_utf8(&mut [0; 4]))),
        }
    }
    expression.push_str(r"\z");
    Regex::new(&expression).unwrap()
}

/// All ways to write a name: RAM ARNs have an empty region or `*`.
pub(crate) fn spellings(name: &str) -> Vec<String> {
    let parts: Vec<&str> = name.splitn(4, ':').collect();
    match parts[..] {
        ["acs", "ram", "" | "*", rest] => vec![format!("acs:ram::{rest}"), format!("acs:ram:*:{rest}")],
        _ => vec![name.to_owned()],
    }
}

/// Whether the case of a name does not count.
pub(crate) fn ignores_case(name: &str) -> bool {
    let parts: Vec<&str> = name.splitn(5, ':').collect();
    let kinds = ["user", "group", "role", "policy", "assumed-role"];
    match parts[..] {
        ["acs", "ram", _, _, relative] => {
            relative.split_once('/').is_some_and(|(kind, _)| kinds.contains(&kind))
        }
        _ => false,
    }
}

fn list(json: &Json) -> Vec<&Json> {
    match json {
        Json::Array(items) => items.iter().collect(),
        single => vec![single],
    }
}

/// Reads a valid document.
pub(crate) fn read(document: &Json) -> Vec<Statement> {
    list(&document["Statement"]).into_iter().map(statement).collect()
}

fn statement(json: &Json) -> Statement {
    let inverted = json.get("NotAction").is_some();
    let actions = list(&json[if inverted { "NotAction" } else { "Action" }]);
    let mut conditions = Vec::new();
    for (operator, keys) in json.get("Condition").and_then(Json::as_object).into_iter().flatten() {
        for (key, values) in keys.as_object().unwrap() {
            let values = list(values).into_iter().map(|value| match value {
                Json::String(text) => text.clone(),
                other => other.to_string(),
            });
            conditions.push(Condition::new(operator, key, values.collect()));
        }
    }
    Statement {
        deny: json["Effect"] == "Deny",
        inverted,
        actions: actions.iter().map(|one| glob(&one.as_str().unwrap().to_ascii_lowercase())).collect(),
        resources: list(&json["Resource"]).iter().map(|one| Pattern::new(one.as_str().unwrap())).collect(),
        conditions,
    }
}

impl Statement {
    pub(crate) fn applies(&self, question: &Question) -> Applies {
        let action = question.action.to_ascii_lowercase();
        let listed = self.actions.iter().any(|pattern| pattern.is_match(&action));
        if listed == self.inverted
            || !self.resources.iter().any(|pattern| pattern.matches(&question.resource))
        {
            return Applies::No;
        }
        let answers: Vec<Answer> = self.conditions.iter().map(|one| one.answer(question)).collect();
        if answers.contains(&Answer::No) {
            Applies::No
        } else if answers.contains(&Answer::Error) {
            Applies::Error
        } else {
            Applies::Yes
        }
    }
}

/// The decision over all statements of all policies.
pub(crate) fn decide<'s>(
    statements: impl IntoIterator<Item = &'s Statement>,
    question: &Question,
) -> Outcome {
    let (mut allowed, mut denied, mut broken) = (false, false, false);
    for statement in statements {
        match (statement.applies(question), statement.deny) {
            (Applies::Yes, true) => denied = true,
            (Applies::Error, true) => broken = true,
            (Applies::Yes, false) => allowed = true,
            (Applies::Error, false) | (Applies::No, _) => {}
        }
    }
    match (denied, broken, allowed) {
        (true, _, _) => Outcome::Deny,
        (_, true, _) => Outcome::DenyByError,
        (_, _, true) => Outcome::Allow,
        _ => Outcome::Nothing,
    }
}
