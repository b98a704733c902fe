//! Makes policies and requests from a seed: odd wildcards, changed case, missing keys, values of the wrong kind, both
//! spellings of RAM ARNs, drawn from small pools so that patterns and requests meet often.

use std::net::IpAddr;

use bailey_policy::{ActionCatalogue, Context, Policy, Value};
use serde_json::{Map, Value as Json, json};

pub(crate) const KNOWN: [&str; 9] = [
    "ram:CreateUser",
    "ram:GetUser",
    "ram:ListUsers",
    "ram:DeleteUser",
    "sfm:CreateIndex",
    "sfm:ListIndices",
    "modelstudio:GetWorkspace",
    "modelstudio:CreateWorkspace",
    "sts:AssumeRole",
];
const UNKNOWN: [&str; 3] = ["ecs:RunInstances", "ram:Get", "sfm:Ünknown"];
const RESOURCES: [&str; 15] = [
    "*",
    "acs:ram:*:1:user/alice",
    "acs:ram::1:user/alice",
    "acs:ram::1:user/Bob",
    "acs:ram::1:role/AdminRole",
    "acs:ram:*:1:role/adminrole",
    "acs:ram:*:system:policy/ReadOnly",
    "acs:ram:cn-x:1:group/g",
    "acs:ram::1:mfa/Device",
    "acs:ram:*:1:mfa/device",
    "acs:ram::1:assumed-role/adminrole/s",
    "acs:ram:*:1:*",
    "acs:sfm:cn-beijing:1:index/a/b",
    "acs:sfm:cn-beijing:1:index/ü:漢",
    "acs:oss:*:*:bucket/key",
];
const TEXT_OPERATORS: [&str; 6] = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
];
const RELATIONS: [&str; 6] =
    ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"];
const TEXT_KEYS: [&str; 3] = ["acs:RequestTag/env", "acs:SourceVpc", "acs:PrincipalARN"];
pub(crate) const WORDS: [&str; 6] = ["dev", "Dev", "prod", "vpc-1", "größe", "GRÖSSE"];
const NUMBERS: [&str; 6] = ["5", "-5", "5.0", "10", "0.25", "100"];
const TIMES: [&str; 5] = [
    "2026-01-01T00:00:00Z",
    "2026-01-01T08:00:00+08:00",
    "2026-06-30T12:30:00Z",
    "1999-12-31T23:59:59-01:30",
    "2026-06-30T12:30:00.5Z",
];
const MOMENTS: [i64; 4] = [1_767_225_600_000, 1_782_822_600_000, 1_782_822_600_500, 946_688_399_000];
const NETWORKS: [&str; 7] = [
    "192.0.2.1",
    "192.0.2.0/24",
    "192.0.2.9/25",
    "0.0.0.0/0",
    "2001:db8::/33",
    "::ffff:192.0.2.0/121",
    "::1",
];
const ADDRESSES: [&str; 6] =
    ["192.0.2.1", "192.0.2.200", "198.51.100.1", "2001:db8::5", "::ffff:192.0.2.1", "2001:db8:8000::1"];

/// SplitMix64: good enough, and the same everywhere.
pub(crate) struct Seed(pub(crate) u64);

impl Seed {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }

    pub(crate) fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    pub(crate) fn pick<'a, T: ?Sized>(&mut self, list: &[&'a T]) -> &'a T {
        list[self.below(list.len())]
    }

    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for end in (1..list.len()).rev() {
            list.swap(end, self.below(end + 1));
        }
    }
}

/// A value of a condition key, owned.
#[derive(Clone, Debug)]
pub(crate) enum Fact {
    Text(String),
    Ip(IpAddr),
    Time(i64),
    Bool(bool),
    Number(String),
    Texts(Vec<&'static str>),
}

/// A request, owned.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    pub(crate) action: String,
    pub(crate) resource: String,
    pub(crate) facts: Vec<(String, Fact)>,
}

impl Question {
    /// The same request, made by whoever made the other one.
    pub(crate) fn of_somebody_else(&self, other: Self) -> Self {
        let personal = |(key, _): &(String, Fact)| key.to_ascii_lowercase().starts_with("acs:principal");
        let mut question = self.clone();
        question.facts.retain(|fact| !personal(fact));
        question.facts.extend(other.facts.into_iter().filter(personal));
        question
    }

    pub(crate) fn entries(&self) -> Vec<(&str, Value<'_>)> {
        self.facts.iter().map(|(key, fact)| (key.as_str(), fact.value())).collect()
    }

    /// Asks the crate.
    pub(crate) fn ask<'p>(
        &self,
        catalogue: &ActionCatalogue,
        policies: impl IntoIterator<Item = &'p Policy>,
    ) -> bailey_policy::Verdict {
        let entries = self.entries();
        let context = Context::new(&entries);
        let action = catalogue.resolve(&self.action);
        let request = bailey_policy::Request { action: &action, resource: &self.resource, context: &context };
        bailey_policy::evaluate(policies, &request)
    }
}

impl Fact {
    fn value(&self) -> Value<'_> {
        match self {
            Self::Text(text) => Value::Text(text),
            Self::Ip(address) => Value::Ip(*address),
            Self::Time(time) => Value::Time(*time),
            Self::Bool(yes) => Value::Bool(*yes),
            Self::Number(number) => Value::Number(number.parse().unwrap()),
            Self::Texts(texts) => Value::Texts(texts),
        }
    }
}

pub(crate) fn catalogue() -> ActionCatalogue {
    ActionCatalogue::new(KNOWN).unwrap()
}

/// A policy document of one to three statements; `deny` of a hundred are Deny.
pub(crate) fn document(seed: &mut Seed, deny: usize) -> Json {
    let count = 1 + seed.below(3);
    let statements: Vec<Json> = (0..count).map(|_| statement(seed, deny)).collect();
    json!({ "Version": "1", "Statement": single_or_list(seed, statements) })
}

fn statement(seed: &mut Seed, deny: usize) -> Json {
    let effect = if seed.percent(deny) { "Deny" } else { "Allow" };
    let element = if seed.percent(20) { "NotAction" } else { "Action" };
    let mut members = Map::new();
    members.insert("Effect".into(), effect.into());
    let count = 1 + seed.below(3);
    let actions = (0..count).map(|_| action_pattern(seed).into()).collect();
    members.insert(element.into(), single_or_list(seed, actions));
    let count = 1 + seed.below(2);
    let resources = (0..count).map(|_| resource_pattern(seed).into()).collect();
    members.insert("Resource".into(), single_or_list(seed, resources));
    if seed.percent(45) {
        members.insert("Condition".into(), condition(seed));
    }
    Json::Object(members)
}

fn action_pattern(seed: &mut Seed) -> String {
    if seed.percent(15) {
        return "*".into();
    }
    let name = if seed.percent(85) { seed.pick(&KNOWN) } else { seed.pick(&UNKNOWN) };
    let pattern = mangle(seed, name);
    if pattern.contains([':', '*']) { pattern } else { name.into() }
}

fn resource_pattern(seed: &mut Seed) -> String {
    if seed.percent(35) {
        return "*".into();
    }
    let name = seed.pick(&RESOURCES);
    let pattern = mangle(seed, name);
    let head: Vec<char> = pattern.chars().take(4).collect();
    let run = head.iter().position(|letter| *letter == '*').unwrap_or(4);
    let fits = run < 4 || head.len() == 4;
    let possible =
        head[..run.min(head.len())].iter().zip("acs:".chars()).all(|(own, real)| *own == '?' || *own == real);
    if fits && possible { pattern } else { name.into() }
}

/// Puts wildcards and other case into a text.
fn mangle(seed: &mut Seed, text: &str) -> String {
    let mut letters: Vec<char> = text.chars().collect();
    for _ in 0..seed.below(3) {
        let at = seed.below(letters.len());
        match seed.below(6) {
            0 => letters.splice(at.., ['*']).for_each(drop),
            1 => letters[at] = '?',
            2 => letters.insert(at, '*'),
            3 => letters.splice(..=at, ['*']).for_each(drop),
            4 => letters.insert(at, '?'),
            _ => flip(&mut letters[at..]),
        }
    }
    letters.into_iter().collect()
}

fn flip(letters: &mut [char]) {
    for letter in letters {
        *letter = if letter.is_ascii_uppercase() {
            letter.to_ascii_lowercase()
        } else {
            letter.to_ascii_uppercase()
        };
    }
}

fn condition(seed: &mut Seed) -> Json {
    let mut operators = Map::new();
    for _ in 0..1 + seed.below(2) {
        let (operator, key, values): (String, &str, Vec<Json>) = match seed.below(10) {
            0..4 => {
                let operator = seed.pick(&TEXT_OPERATORS);
                let key = if seed.percent(90) { seed.pick(&TEXT_KEYS) } else { "acs:SourceIp" };
                let values = some(seed, |seed| {
                    let text =
                        if key == "acs:PrincipalARN" { seed.pick(&RESOURCES) } else { seed.pick(&WORDS) };
                    if seed.percent(40) { mangle(seed, text).into() } else { text.into() }
                });
                (operator.into(), key, values)
            }
            4..6 => {
                let values = some(seed, |seed| match seed.below(8) {
                    0 => json!(5),
                    1 => json!(0.25),
                    _ => seed.pick(&NUMBERS).into(),
                });
                (format!("Numeric{}", seed.pick(&RELATIONS)), "sfm:Size", values)
            }
            6 => {
                let values = some(seed, |seed| seed.pick(&TIMES).into());
                (format!("Date{}", seed.pick(&RELATIONS)), "acs:CurrentTime", values)
            }
            7 => {
                let values = some(seed, |seed| match seed.below(4) {
                    0 => json!(true),
                    1 => "False".into(),
                    other => (if other == 2 { "true" } else { "false" }).into(),
                });
                ("Bool".into(), seed.pick(&["acs:MFAPresent", "acs:SecureTransport"]), values)
            }
            _ => {
                let values = some(seed, |seed| seed.pick(&NETWORKS).into());
                (seed.pick(&["IpAddress", "NotIpAddress"]).into(), "acs:SourceIp", values)
            }
        };
        let key = if seed.percent(30) { key.to_ascii_lowercase() } else { key.into() };
        let values = single_or_list(seed, values);
        let keys = operators.entry(operator).or_insert_with(|| json!({}));
        keys.as_object_mut().unwrap().insert(key, values);
    }
    Json::Object(operators)
}

fn some(seed: &mut Seed, mut one: impl FnMut(&mut Seed) -> Json) -> Vec<Json> {
    let count = 1 + seed.below(3);
    (0..count).map(|_| one(seed)).collect()
}

fn single_or_list(seed: &mut Seed, mut list: Vec<Json>) -> Json {
    if list.len() == 1 && seed.percent(50) { list.remove(0) } else { Json::Array(list) }
}

pub(crate) fn question(seed: &mut Seed) -> Question {
    let name = if seed.percent(85) { seed.pick(&KNOWN) } else { seed.pick(&UNKNOWN) };
    let mut action: Vec<char> = name.chars().collect();
    if seed.percent(20) {
        flip(&mut action);
    }
    let resource = seed.pick(&RESOURCES);
    let resource = if seed.percent(10) { mangle(seed, resource) } else { resource.into() };
    let mut facts = Vec::new();
    let wrong = |seed: &mut Seed| match seed.below(3) {
        0 => Fact::Text("neither".into()),
        1 => Fact::Bool(true),
        _ => Fact::Text(String::new()),
    };
    for key in TEXT_KEYS {
        let text = if key == "acs:PrincipalARN" { seed.pick(&RESOURCES) } else { seed.pick(&WORDS) };
        facts.push((key, Fact::Text(text.into())));
    }
    let number: String = seed.pick(&NUMBERS).into();
    let number = if seed.percent(50) { Fact::Number(number) } else { Fact::Text(number) };
    let time = if seed.percent(70) {
        Fact::Time(MOMENTS[seed.below(MOMENTS.len())])
    } else {
        Fact::Text(seed.pick(&TIMES).into())
    };
    let address = seed.pick(&ADDRESSES);
    let address =
        if seed.percent(70) { Fact::Ip(address.parse().unwrap()) } else { Fact::Text(address.into()) };
    let yes = seed.percent(50);
    let secure = if seed.percent(70) { Fact::Bool(yes) } else { Fact::Text(yes.to_string()) };
    let mfa = Fact::Bool(seed.percent(50));
    for (key, fact) in [
        ("sfm:Size", number),
        ("acs:CurrentTime", time),
        ("acs:SourceIp", address),
        ("acs:SecureTransport", secure),
        ("acs:MFAPresent", mfa),
    ] {
        facts.push((key, if seed.percent(20) { wrong(seed) } else { fact }));
    }
    let mut kept = Vec::new();
    for (key, fact) in facts {
        if seed.percent(80) {
            let key = if seed.percent(15) { key.to_ascii_uppercase() } else { key.into() };
            kept.push((key, fact));
        }
    }
    seed.shuffle(&mut kept);
    Question { action: action.into_iter().collect(), resource, facts: kept }
}
