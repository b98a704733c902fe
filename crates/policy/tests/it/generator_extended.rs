//! Turns generated policies and requests into ones of the extended language, and makes trust policies and layers.

use serde_json::{Map, Value as Json, json};

use crate::generator::{Fact, Question, Seed, WORDS, document, question};

const SETS: [&str; 3] = ["", "ForAnyValue:", "ForAllValues:"];
const VARIABLES: [&str; 6] = [
    "acs:PrincipalTag/team",
    "acs:principaltag/TEAM",
    "acs:SourceVpc",
    "acs:SourceIp",
    "x:Absent",
    "x:Names",
];
const ESCAPES: [&str; 3] = ["${*}", "${?}", "${$}"];
pub(crate) const PRINCIPALS: [(&str, &str); 9] = [
    ("RAM", "acs:ram::1:user/alice"),
    ("RAM", "acs:ram::1:user/Bob"),
    ("RAM", "acs:ram::1:role/adminrole"),
    ("RAM", "acs:ram::2:user/alice"),
    ("RAM", "acs:ram::1:root"),
    ("Service", "ecs.aliyuncs.com"),
    ("Service", "fc.aliyuncs.com"),
    ("Federated", "acs:ram::1:saml-provider/Corp"),
    ("Federated", "acs:ram::1:oidc-provider/Corp"),
];
pub(crate) const TRUST_ACTIONS: [&str; 4] =
    ["sts:AssumeRole", "sts:AssumeRoleWithOIDC", "STS:assumeRoleWithSaml", "sts:SetSourceIdentity"];

/// A policy of the extended language.
pub(crate) fn extended_document(seed: &mut Seed, deny: usize) -> Json {
    let mut document = document(seed, deny);
    document["Version"] = "1-extended".into();
    let statements = match &mut document["Statement"] {
        Json::Array(list) => list.iter_mut().collect(),
        single => vec![single],
    };
    for statement in statements {
        if seed.percent(35) {
            statement["Resource"] = resource(seed);
        }
        extend_conditions(seed, statement);
    }
    document
}

/// A resource with a variable that often matches.
fn resource(seed: &mut Seed) -> Json {
    let variable = seed.pick(&["x:Name", "acs:PrincipalTag/team", "x:Absent", "x:Names"]);
    let head = seed.pick(&["acs:ram:*:1:user/", "acs:ram::1:", "acs:sfm:*:1:index/", "acs:?am:*:*:*"]);
    let tail = seed.pick(&["", "", "*", "?", "${*}"]);
    let one = Json::from(format!("{head}${{{variable}}}{tail}"));
    match seed.below(3) {
        0 => json!([one, "acs:ram:*:1:role/*"]),
        _ => one,
    }
}

fn extend_conditions(seed: &mut Seed, statement: &mut Json) {
    let mut wide = Map::new();
    if let Some(operators) = statement.get("Condition").and_then(Json::as_object) {
        for (operator, keys) in operators {
            let set = seed.pick(&SETS);
            let if_exists = if seed.percent(25) { "IfExists" } else { "" };
            let mut keys = keys.clone();
            if operator.starts_with("String") {
                for values in keys.as_object_mut().unwrap().values_mut() {
                    vary(seed, values);
                }
            }
            wide.insert(format!("{set}{operator}{if_exists}"), keys);
        }
    }
    if seed.percent(15) {
        let key = seed.pick(&["acs:PrincipalTag/team", "acs:SourceVpc", "x:Absent", "x:Names"]);
        wide.insert("Null".into(), json!({ key: seed.pick(&["true", "false"]) }));
    }
    if seed.percent(20) {
        let keys = json!({ "acs:PrincipalTag/team": seed.pick(&WORDS), "x:Names": ["dev", "prod"] });
        wide.insert(format!("{}StringLike", seed.pick(&SETS)), keys);
    }
    if !wide.is_empty() {
        statement["Condition"] = Json::Object(wide);
    }
}

/// Puts a variable or an escape into some of the values.
fn vary(seed: &mut Seed, values: &mut Json) {
    let list = match values {
        Json::Array(list) => list.iter_mut().collect(),
        single => vec![single],
    };
    for value in list {
        let text = value.as_str().unwrap().to_owned();
        match seed.below(5) {
            0 => *value = format!("${{{}}}", seed.pick(&VARIABLES)).into(),
            1 => *value = format!("{}*${{{}}}", text, seed.pick(&VARIABLES)).into(),
            2 => *value = format!("{text}{}", seed.pick(&ESCAPES)).into(),
            _ => {}
        }
    }
}

/// A request that has tags of the principal and keys with several values.
pub(crate) fn extended_question(seed: &mut Seed) -> Question {
    let mut question = question(seed);
    let several = |seed: &mut Seed| {
        let count = seed.below(4);
        Fact::Texts((0..count).map(|_| seed.pick(&WORDS)).collect())
    };
    for (key, fact) in &mut question.facts {
        if (key.eq_ignore_ascii_case("acs:RequestTag/env") || key.eq_ignore_ascii_case("acs:SourceVpc"))
            && seed.percent(40)
        {
            *fact = several(seed);
        }
    }
    if seed.percent(75) {
        let team = seed.pick(&["dev", "prod", "*", "vpc-1", "alice", "a"]);
        question.facts.push(("acs:PrincipalTag/team".into(), Fact::Text(team.into())));
    }
    if seed.percent(75) {
        question.facts.push(("x:Name".into(), Fact::Text(seed.pick(&["alice", "BOB", "user/alice"]).into())));
    }
    if seed.percent(60) {
        question.facts.push(("x:Names".into(), several(seed)));
    }
    question
}

/// A trust policy.
pub(crate) fn trust_document(seed: &mut Seed, deny: usize, extended: bool) -> Json {
    let count = 1 + seed.below(3);
    let statements = (0..count).map(|_| {
        let source = if extended { extended_document(seed, deny) } else { document(seed, deny) };
        let source = match &source["Statement"] {
            Json::Array(list) => list[0].clone(),
            single => single.clone(),
        };
        let mut members = Map::new();
        members.insert("Effect".into(), source["Effect"].clone());
        let element = if seed.percent(15) { "NotAction" } else { "Action" };
        let action = seed.pick(&[
            "sts:AssumeRole",
            "sts:*",
            "sts:AssumeRoleWithOIDC",
            "sts:SetSource*",
            "STS:ASSUMEROLE",
        ]);
        members.insert(element.into(), action.into());
        let mut principals: Map<String, Json> = Map::new();
        for _ in 0..1 + seed.below(4) {
            let (kind, name) = PRINCIPALS[seed.below(PRINCIPALS.len())];
            let name = match (kind, seed.below(4)) {
                ("RAM" | "Federated", 0) => name.replace("ram::", "ram:*:"),
                ("RAM", 1) => name.replace("alice", "ALICE").replace("adminrole", "AdminRole"),
                _ => name.to_owned(),
            };
            principals.entry(kind).or_insert_with(|| json!([])).as_array_mut().unwrap().push(name.into());
        }
        members.insert("Principal".into(), Json::Object(principals));
        if let Some(condition) = source.get("Condition").filter(|_| seed.percent(60)) {
            members.insert("Condition".into(), condition.clone());
        }
        Json::Object(members)
    });
    let statements: Vec<Json> = statements.collect();
    json!({ "Version": if extended { "1-extended" } else { "1" }, "Statement": statements })
}

/// A document with whether it is in the extended language.
pub(crate) type Drawn = (Json, bool);

/// Every kind of policies that a decision can depend on.
pub(crate) struct Layered {
    pub(crate) control: Vec<Vec<Drawn>>,
    pub(crate) session: Option<Vec<Drawn>>,
    pub(crate) boundary: Option<Vec<Drawn>>,
    pub(crate) identity: Vec<Drawn>,
    pub(crate) group: Option<Vec<Drawn>>,
    pub(crate) trust: Option<Drawn>,
}

pub(crate) fn some_documents(seed: &mut Seed, count: usize, deny: usize) -> Vec<Drawn> {
    let one = |seed: &mut Seed| match seed.percent(50) {
        true => (extended_document(seed, deny), true),
        false => (document(seed, deny), false),
    };
    (0..count).map(|_| one(seed)).collect()
}

/// What must allow, and mostly does.
fn ceiling(seed: &mut Seed) -> Vec<Drawn> {
    let deny = seed.below(100);
    let count = 1 + seed.below(2);
    let mut documents = some_documents(seed, count, deny);
    if seed.percent(75) {
        let all = json!({"Version": "1", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}});
        documents.push((all, false));
    }
    documents
}

pub(crate) fn layered(seed: &mut Seed) -> Layered {
    let levels = if seed.percent(35) { 1 + seed.below(2) } else { 0 };
    let count = seed.below(4);
    let deny = seed.below(40);
    let extended = seed.percent(50);
    Layered {
        control: (0..levels).map(|_| ceiling(seed)).collect(),
        session: seed.percent(35).then(|| ceiling(seed)),
        boundary: seed.percent(35).then(|| ceiling(seed)),
        identity: some_documents(seed, count, deny),
        group: seed.percent(40).then(|| some_documents(seed, 1, deny)),
        trust: seed.percent(60).then(|| (trust_document(seed, deny, extended), extended)),
    }
}
