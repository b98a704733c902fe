//! Custom policies as administrators write them, in the four languages that are compared.

use std::fmt::Write as _;

use bailey_domain::AccountId;
use bailey_domain::WorkspaceId;
use bailey_domain::operations::{FEATURE_ACTIONS, OPERATIONS};
use bailey_policy::Glob;
use serde_json::{Value, json};

use crate::random::Random;

/// One statement.
#[derive(Clone, Debug)]
pub struct Statement {
    /// Whether it refuses.
    pub denies: bool,
    /// Actions, some with `*`.
    pub actions: Vec<String>,
    /// A resource, often with `*`.
    pub resource: String,
    /// An operator of addresses and its network.
    pub condition: Option<(&'static str, &'static str)>,
}

/// One policy of three statements.
#[derive(Clone, Debug)]
pub struct Document(pub [Statement; 3]);

const GLOBS: &[&str] = &[
    "modelstudio:List*",
    "modelstudio:Get*",
    "modelstudio:*ApiKey*",
    "modelstudio:*Model*",
    "modelstudio:*Workspace*",
    "sfm:List*",
    "sfm:Get*",
    "sfm:*Index*",
    "sfm:*Memory*",
    "ram:Get*",
    "ram:List*",
    "ram:*Policy*",
];

const DENIED: &[&str] = &[
    "modelstudio:Delete*",
    "modelstudio:Update*",
    "modelstudio:*ApiKey",
    "modelstudio:Create*",
    "ram:*Policy*",
];

/// Every action that the product knows.
pub fn all_actions() -> Vec<&'static str> {
    let mut actions: Vec<_> =
        OPERATIONS.iter().map(|entry| entry.action).chain(FEATURE_ACTIONS.iter().copied()).collect();
    actions.sort_unstable();
    actions.dedup();
    actions
}

/// Draws policies.
#[derive(Debug)]
pub struct Author<'a> {
    /// The account that they are about.
    pub account: AccountId,
    /// Workspaces that some of them name.
    pub workspaces: &'a [WorkspaceId],
    /// From [`all_actions`].
    pub actions: &'a [&'static str],
}

impl Author<'_> {
    /// One policy: an allow list, another or one that holds only for some addresses, and sometimes a prohibition.
    pub fn document(&self, random: &mut Random) -> Document {
        let third = if random.chance(35) { self.deny(random) } else { self.allow(random) };
        Document([self.allow(random), self.allow(random), third])
    }

    fn allow(&self, random: &mut Random) -> Statement {
        let count = 2 + random.below(4);
        let actions = (0..count)
            .map(|_| if random.chance(30) { *random.pick(GLOBS) } else { *random.pick(self.actions) });
        let actions = actions.map(str::to_owned).collect();
        let condition = random
            .chance(20)
            .then(|| ("IpAddress", *random.pick(&["10.0.0.0/8", "203.0.113.0/24", "192.0.2.0/24"])));
        Statement { denies: false, actions, resource: self.resource(random), condition }
    }

    fn deny(&self, random: &mut Random) -> Statement {
        let first = if random.chance(50) { *random.pick(DENIED) } else { *random.pick(self.actions) };
        let actions = vec![first.to_owned(), (*random.pick(self.actions)).to_owned()];
        let condition = random.chance(30).then_some(("NotIpAddress", "10.0.0.0/8"));
        Statement { denies: true, actions, resource: self.resource(random), condition }
    }

    fn resource(&self, random: &mut Random) -> String {
        let account = self.account;
        match random.below(100) {
            0..55 => "*".to_owned(),
            55..75 => format!("acs:modelstudio:*:{account}:*"),
            75..85 => format!(
                "acs:*:*:{account}:workspace/llm-{}*",
                char::from(b'a' + u8::try_from(random.below(26)).expect("a letter"))
            ),
            85..95 => format!("acs:modelstudio:*:{account}:workspace/{}", random.pick(self.workspaces)),
            _ => format!("acs:ram:*:{account}:user/dev-*"),
        }
    }
}

impl Statement {
    /// Whether its actions hold this one.
    pub fn has_action(&self, action: &str) -> bool {
        self.actions.iter().any(|pattern| Glob::new(pattern).matches_ignore_ascii_case(action))
    }

    fn json(&self, resource: String, key: &str) -> Value {
        let mut statement = json!({
            "Effect": if self.denies { "Deny" } else { "Allow" },
            "Action": self.actions,
            "Resource": resource,
        });
        if let Some((operator, network)) = self.condition {
            statement["Condition"] = json!({ operator: { key: network } });
        }
        statement
    }

    /// In Cedar: globs of actions spelt out, since Cedar has none; the resource as text beside the request.
    fn cedar(&self, actions: &[&str], text: &mut String) {
        let named: Vec<String> = actions
            .iter()
            .filter(|action| self.has_action(action))
            .map(|action| format!("Action::\"{action}\""))
            .collect();
        let effect = if self.denies { "forbid" } else { "permit" };
        let mut tests = Vec::new();
        if self.resource != "*" {
            tests.push(format!("context.resource like \"{}\"", self.resource));
        }
        if let Some((operator, network)) = self.condition {
            let negation = if operator == "NotIpAddress" { "!" } else { "" };
            tests.push(format!("{negation}context.address.isInRange(ip(\"{network}\"))"));
        }
        let when =
            if tests.is_empty() { String::new() } else { format!(" when {{ {} }}", tests.join(" && ")) };
        writeln!(text, "{effect}(principal, action in [{}], resource){when};", named.join(", "))
            .expect("memory takes it");
    }

    /// In Rego, as one rule: globs of actions spelt out as for Cedar, which is quicker than a glob each.
    fn rego(&self, actions: &[&str], text: &mut String) {
        let named: Vec<&str> = actions.iter().copied().filter(|action| self.has_action(action)).collect();
        let effect = if self.denies { "deny" } else { "allow" };
        // One in a line: regorus reads no lines of more than 1,024 columns.
        let mut tests = vec![format!("input.action in {{\"{}\"}}", named.join("\",\n\""))];
        if self.resource != "*" {
            tests.push(format!("glob.match(\"{}\", null, input.resource)", self.resource));
        }
        if let Some((operator, network)) = self.condition {
            let negation = if operator == "NotIpAddress" { "not " } else { "" };
            tests.push(format!("{negation}net.cidr_contains(\"{network}\", input.address)"));
        }
        writeln!(text, "{effect} if {{ {} }}", tests.join("; ")).expect("memory takes it");
    }

    /// As data of a Rego program. Actions are in small letters, since RAM's do not care.
    fn rego_data(&self) -> Value {
        let actions: Vec<_> = self.actions.iter().map(|action| action.to_ascii_lowercase()).collect();
        let (operator, network) = self.condition.unwrap_or_default();
        json!({
            "actions": actions,
            "resource": self.resource,
            "network": network,
            "inside": operator != "NotIpAddress",
        })
    }
}

impl Document {
    /// As RAM reads it.
    pub fn ram(&self) -> String {
        let statements: Vec<_> = self
            .0
            .iter()
            .map(|statement| statement.json(statement.resource.clone(), "acs:SourceIp"))
            .collect();
        json!({ "Version": "1", "Statement": statements }).to_string()
    }

    /// As Cedar reads it.
    pub fn cedar(&self, actions: &[&str]) -> String {
        let mut text = String::new();
        for statement in &self.0 {
            statement.cedar(actions, &mut text);
        }
        text
    }

    /// As Rego reads it: rules called `allow` and `deny`.
    pub fn rego(&self, actions: &[&str]) -> String {
        let mut text = String::new();
        for statement in &self.0 {
            statement.rego(actions, &mut text);
        }
        text
    }

    /// As data of a Rego program: statements by their effect.
    pub fn rego_data(&self) -> Value {
        let of = |denies| -> Vec<_> {
            self.0.iter().filter(|statement| statement.denies == denies).map(Statement::rego_data).collect()
        };
        json!({ "allow": of(false), "deny": of(true) })
    }

    /// As AWS IAM would read it.
    pub fn iam(&self, account: AccountId) -> String {
        let statements: Vec<_> = self
            .0
            .iter()
            .map(|statement| statement.json(iam_name(&statement.resource, account), "aws:SourceIp"))
            .collect();
        json!({ "Version": "2012-10-17", "Statement": statements }).to_string()
    }
}

/// A RAM resource as AWS would name it: accounts there have twelve digits, and a service is never a pattern.
pub fn iam_name(resource: &str, account: AccountId) -> String {
    if resource == "*" {
        return resource.to_owned();
    }
    resource
        .replace("acs:*:", "acs:modelstudio:")
        .replace(&format!(":*:{account}:"), "::123456789012:")
        .replacen("acs:", "arn:acs:", 1)
}
