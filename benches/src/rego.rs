//! The same questions to `regorus`, with everything that can be made ahead made ahead: the compiled program, the inputs, the
//! compiled globs. In two forms: a program per user, which no server would keep for a million of them, and as it is meant to
//! be used, one program whose data are the users, the groups and the policies as they are written.

use std::collections::HashMap;

use anyhow::Context as _;
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::{Engine, Rc, Value};
use serde_json::{Map, json};

use crate::policies::all_actions;
use crate::population::Population;
use crate::questions::{Answer, Question};

/// What is asked for: a number, so that an answer costs no text.
const DECISION: &str = "data.bench.decision";
/// An explicit Deny prevails; the numbers are those of [`Answer`].
const HEAD: &str = "package bench\n\
    default decision := 1\n\
    decision := 2 if deny\n\
    else := 0 if allow\n";
/// Rules that never hold: somebody may have no others of a kind.
const TAIL: &str = "allow if { false }\n\
    deny if { false }\n";

/// One program for all users: it finds a user's policies, its own and its groups', in the data.
const SHARED: &str = r#"package bench
default decision := 1
decision := 2 if deny
else := 0 if allow

policies contains name if some name in data.users[input.user].policies
policies contains name if {
    some group in data.users[input.user].groups
    some name in data.groups[group]
}
allow if {
    some name in policies
    some statement in data.policies[name].allow
    holds(statement)
}
deny if {
    some name in policies
    some statement in data.policies[name].deny
    holds(statement)
}
holds(statement) if {
    some action in statement.actions
    matches(action, input.lower_action)
    matches(statement.resource, input.resource)
    fits(statement)
}
matches(pattern, text) if pattern == "*"
matches(pattern, text) if pattern == text
matches(pattern, text) if { contains(pattern, "*"); glob.match(pattern, null, text) }
fits(statement) if statement.network == ""
fits(statement) if {
    statement.network != ""
    net.cidr_contains(statement.network, input.address) == statement.inside
}
"#;

/// One virtual machine that answers for all users, from policies as they are written.
#[derive(Debug)]
pub struct SharedRego(RegoVM);

impl SharedRego {
    /// Prepares all users that the questions are about.
    pub fn prepare(population: &Population, questions: &[Question]) -> anyhow::Result<Self> {
        let (mut users, mut groups, mut policies) = (Map::new(), Map::new(), Map::new());
        let mut names = |places: &[u32]| -> Vec<String> {
            for &place in places {
                let entry = policies.entry(place.to_string());
                entry.or_insert_with(|| population.policies[place as usize].rego_data());
            }
            places.iter().map(u32::to_string).collect()
        };
        for question in questions {
            let user = question.user as usize;
            let member_of = population.user_groups[user];
            for group in member_of {
                let attached = names(&population.group_policies[group as usize]);
                groups.insert(group.to_string(), json!(attached));
            }
            let own = names(&population.user_policies[user]);
            let member_of = member_of.map(|group| group.to_string());
            users.insert(user.to_string(), json!({ "policies": own, "groups": member_of }));
        }
        let data = json!({ "users": users, "groups": groups, "policies": policies });
        let mut machine = machine(SHARED.to_owned())?;
        machine.set_data(Value::from_json_str(&data.to_string())?)?;
        Ok(Self(machine))
    }

    /// Asks.
    pub fn ask(&mut self, input: &Value) -> anyhow::Result<Answer> {
        decision(&mut self.0, input)
    }
}

/// Virtual machines by the place of their user. One keeps its registers between questions.
#[derive(Debug)]
pub struct Rego {
    machines: HashMap<u32, RegoVM>,
}

impl Rego {
    /// Prepares all users that the questions are about.
    pub fn prepare(population: &Population, questions: &[Question]) -> anyhow::Result<Self> {
        regorus::cache::configure(regorus::cache::Config { glob: 1 << 16, ..Default::default() });
        let actions = all_actions();
        let mut machines = HashMap::new();
        for question in questions {
            if machines.contains_key(&question.user) {
                continue;
            }
            let mut text = HEAD.to_owned();
            text.extend(population.policies_of(question.user).map(|policy| policy.rego(&actions)));
            text += TAIL;
            machines.insert(question.user, machine(text)?);
        }
        Ok(Self { machines })
    }

    /// The question as Rego takes it.
    pub fn input(question: &Question) -> anyhow::Result<Value> {
        let input = json!({
            "user": question.user.to_string(),
            "action": question.asked.action(),
            "lower_action": question.asked.action().to_ascii_lowercase(),
            "resource": question.resource(),
            "address": question.caller.source_ip,
        });
        Value::from_json_str(&input.to_string())
    }

    /// Asks.
    pub fn ask(&mut self, user: u32, input: &Value) -> anyhow::Result<Answer> {
        let machine = self.machines.get_mut(&user).context("a user that was not prepared")?;
        decision(machine, input)
    }
}

fn decision(machine: &mut RegoVM, input: &Value) -> anyhow::Result<Answer> {
    machine.set_input(input.clone());
    let decision = machine.execute_entry_point_by_index(0)?.as_u8()?;
    Answer::ALL.get(usize::from(decision)).copied().context("a decision that is none")
}

fn machine(text: String) -> anyhow::Result<RegoVM> {
    let mut engine = Engine::new();
    engine.add_policy("bench.rego".to_owned(), text.clone()).with_context(|| format!("no Rego: {text}"))?;
    let policy = engine.compile_with_entrypoint(&Rc::from(DECISION))?;
    let program = Compiler::compile_from_policy(&policy, &[DECISION])?;
    let mut machine = RegoVM::new();
    machine.load_program(program);
    Ok(machine)
}
