//! The same questions to `regorus`, with everything that can be made ahead made ahead: one compiled program per user in a
//! virtual machine of its own, the inputs, the compiled globs.

use std::collections::HashMap;

use anyhow::Context as _;
use regorus::languages::rego::compiler::Compiler;
use regorus::rvm::vm::RegoVM;
use regorus::{Engine, Rc, Value};
use serde_json::json;

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
            "action": question.asked.action(),
            "resource": question.resource(),
            "address": question.caller.source_ip,
        });
        Value::from_json_str(&input.to_string())
    }

    /// Asks.
    pub fn ask(&mut self, user: u32, input: &Value) -> anyhow::Result<Answer> {
        let machine = self.machines.get_mut(&user).context("a user that was not prepared")?;
        machine.set_input(input.clone());
        let decision = machine.execute_entry_point_by_index(0)?.as_u8()?;
        Answer::ALL.get(usize::from(decision)).copied().context("a decision that is none")
    }
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
