//! A policy that very many hold, directly and through one group, and edits of it, each of which must count for all of them
//! at once.

use std::time::{Duration, Instant};

use anyhow::ensure;
use bailey_domain::access::Attachee;
use bailey_domain::change::{Change, PolicyType};
use bailey_domain::clock::Fixed;
use bailey_domain::directory::Directory;
use bailey_domain::id::GroupId;
use bailey_domain::name::PolicyName;

use crate::policies::Document;
use crate::population::Population;
use crate::questions::{Answer, Asked, Question, authorize, questions};
use crate::random::Random;

/// How a policy is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// Attached to each user.
    Directly,
    /// Attached to one group that all of them are in.
    ByGroup,
}

/// The action that every edit turns over.
const ABOUT: Asked = Asked::CreateWorkspace;

/// A policy and its holders.
#[derive(Debug)]
pub struct Edits<'a> {
    directory: &'a Directory,
    population: &'a Population,
    name: PolicyName,
    /// Whether the policy refuses what it is about.
    denies: bool,
    version: u64,
    random: Random,
    /// Questions of holders, and what they would be answered without the policy.
    about: Vec<(Question, Answer)>,
}

impl<'a> Edits<'a> {
    /// Puts a policy and gives it to this many users.
    pub fn prepare(
        directory: &'a Directory,
        population: &'a Population,
        held: Held,
        holders: usize,
    ) -> anyhow::Result<Self> {
        let asked = questions(population, 100, holders, &[ABOUT], 11);
        let about = asked.into_iter().map(|question| {
            let before = authorize(directory, &question);
            (question, before)
        });
        let about: Vec<_> = about.collect();
        let (account, policy_type) = (population.account, PolicyType::Custom);
        let name = PolicyName::parse("policy", &format!("edited-{held:?}"))?;
        let mut edits = Self {
            directory,
            population,
            name,
            denies: false,
            version: 0,
            random: Random::seeded(12),
            about,
        };
        edits.apply_next()?;
        let attached =
            |to| Change::Attached { account, to, policy_type, policy: edits.name.clone(), workspace: None };
        let users = (0..holders).map(|place| population.users[place * (population.users.len() / holders)]);
        let changes: Vec<_> = match held {
            Held::Directly => users.map(|user| attached(Attachee::User(user))).collect(),
            Held::ByGroup => {
                let group = GroupId::random(&Fixed::seeded(13));
                let members = users.map(|user| Change::GroupMember { group, user });
                [Change::Group { account, group }, attached(Attachee::Group(group))]
                    .into_iter()
                    .chain(members)
                    .collect()
            }
        };
        directory.apply(directory.revision() + 1, changes)?;
        Ok(edits)
    }

    /// Applies one more edit as a revision of its own: another document of three statements, which allows what the one
    /// before refused. Says how long it took.
    pub fn apply_next(&mut self) -> anyhow::Result<Duration> {
        self.denies = !self.denies;
        self.version += 1;
        let Document(mut statements) = self.random.pick(&self.population.policies).clone();
        statements.iter_mut().for_each(|statement| statement.denies = false);
        let first = &mut statements[0];
        (first.denies, first.condition) = (self.denies, None);
        (first.actions, first.resource) = (vec![ABOUT.action().to_owned()], "*".to_owned());
        let change = vec![Change::Policy {
            account: self.population.account,
            name: self.name.clone(),
            version: self.version,
            document: Document(statements).ram(),
        }];
        let revision = self.directory.revision() + 1;
        let started = Instant::now();
        self.directory.apply(revision, change)?;
        Ok(started.elapsed())
    }

    /// Asks on behalf of some holders whether the last edit counts.
    pub fn check(&self) -> anyhow::Result<()> {
        for (question, before) in &self.about {
            let refused = self.denies || *before == Answer::ExplicitDeny;
            let expected = if refused { Answer::ExplicitDeny } else { Answer::Allow };
            let answer = authorize(self.directory, question);
            ensure!(answer == expected, "{answer:?} and not {expected:?} after an edit: {question:?}");
        }
        Ok(())
    }
}
