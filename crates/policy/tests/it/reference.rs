//! A second evaluator, written from the description of the language alone: regular expressions instead of the
//! crate's matcher, no bits, no shortcuts. Slow on purpose.

use regex::Regex;
use serde_json::Value as Json;

use crate::generator::Question;
use crate::reference_condition::{Answer, Condition};
use crate::reference_template::{fill, matches_name};

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
    /// Resources with variables.
    templates: Vec<String>,
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

/// Reads a valid document of the standard language.
pub(crate) fn read(document: &Json) -> Vec<Statement> {
    read_in(document, false)
}

/// Reads a valid document of either language.
pub(crate) fn read_in(document: &Json, extended: bool) -> Vec<Statement> {
    list(&document["Statement"]).into_iter().map(|json| statement(json, extended)).collect()
}

/// Reads a valid `Condition`, if there is one.
pub(crate) fn conditions(statement: &Json, extended: bool) -> Vec<Condition> {
    let mut conditions = Vec::new();
    for (operator, keys) in statement.get("Condition").and_then(Json::as_object).into_iter().flatten() {
        for (key, values) in keys.as_object().unwrap() {
            let values = list(values).into_iter().map(|value| match value {
                Json::String(text) => text.clone(),
                other => other.to_string(),
            });
            conditions.push(Condition::new(operator, key, values.collect(), extended));
        }
    }
    conditions
}

/// What all conditions of a statement come to.
pub(crate) fn all(conditions: &[Condition], question: &Question) -> Answer {
    let answers: Vec<Answer> = conditions.iter().map(|one| one.answer(question)).collect();
    [Answer::No, Answer::Error].into_iter().find(|bad| answers.contains(bad)).unwrap_or(Answer::Yes)
}

fn statement(json: &Json, extended: bool) -> Statement {
    let inverted = json.get("NotAction").is_some();
    let actions = list(&json[if inverted { "NotAction" } else { "Action" }]);
    let resources: Vec<&str> = list(&json["Resource"]).iter().map(|one| one.as_str().unwrap()).collect();
    let is_template = |text: &&&str| extended && text.contains("${");
    Statement {
        deny: json["Effect"] == "Deny",
        inverted,
        actions: actions.iter().map(|one| glob(&one.as_str().unwrap().to_ascii_lowercase())).collect(),
        resources: resources
            .iter()
            .filter(|text| !is_template(text))
            .map(|text| Pattern::new(text))
            .collect(),
        templates: resources.iter().filter(is_template).map(|text| (*text).to_owned()).collect(),
        conditions: conditions(json, extended),
    }
}

impl Statement {
    pub(crate) fn applies(&self, question: &Question) -> Applies {
        let action = question.action.to_ascii_lowercase();
        let listed = self.actions.iter().any(|pattern| pattern.is_match(&action));
        if listed == self.inverted {
            return Applies::No;
        }
        let mut reached = match self.resources.iter().any(|pattern| pattern.matches(&question.resource)) {
            true => Answer::Yes,
            false => Answer::No,
        };
        for template in &self.templates {
            match fill(template, true, question) {
                Some(pattern) if matches_name(&pattern, &question.resource) => reached = Answer::Yes,
                None if reached == Answer::No => reached = Answer::Error,
                _ => {}
            }
        }
        match (reached, all(&self.conditions, question)) {
            (Answer::No, _) | (_, Answer::No) => Applies::No,
            (Answer::Error, _) | (_, Answer::Error) => Applies::Error,
            _ => Applies::Yes,
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
