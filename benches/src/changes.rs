//! A steady stream of changes to a filled directory, each of them undone by a later one.

use std::time::{Duration, Instant};

use bailey_domain::change::{Change, PolicyType};
use bailey_domain::directory::Directory;
use bailey_domain::model::Grant;

use crate::population::{Population, SEATS};
use crate::random::Random;

/// The kinds, in the order in which they are applied.
pub const KINDS: &[&str] = &[
    "key removed",
    "key put",
    "key switched off",
    "key switched on",
    "member removed",
    "member added",
    "policy detached",
    "policy attached",
    "policy changed",
    "grant withdrawn",
    "grant given",
];

/// Applies changes one revision at a time.
#[derive(Debug)]
pub struct Changer<'a> {
    directory: &'a Directory,
    population: &'a Population,
    random: Random,
    next: usize,
    /// What the changes of one round are about: key, user, seat, policy, workspace.
    about: [usize; 5],
}

impl<'a> Changer<'a> {
    /// For a directory that holds the population.
    pub fn new(directory: &'a Directory, population: &'a Population) -> Self {
        Self { directory, population, random: Random::seeded(9), next: 0, about: [0; 5] }
    }

    /// Applies one more change as a revision of its own. Gives the place of its kind and how long it took.
    pub fn apply_next(&mut self) -> anyhow::Result<(usize, Duration)> {
        let kind = self.next % KINDS.len();
        if kind == 0 {
            let people = self.population;
            let mut below = |end| self.random.below(end);
            self.about = [
                below(people.keys.len()),
                below(people.users.len()),
                below(SEATS),
                below(people.policies.len()),
                below(people.workspaces.len()),
            ];
        }
        self.next += 1;
        let change = vec![self.change(kind)];
        let revision = self.directory.revision() + 1;
        let started = Instant::now();
        self.directory.apply(revision, change)?;
        Ok((kind, started.elapsed()))
    }

    fn change(&self, kind: usize) -> Change {
        let [key, user, seat, policy, workspace] = self.about;
        let people = self.population;
        let account = people.account;
        let attachment = || people.attachment(user);
        let grant = |inference: bool| Change::Granted {
            account,
            workspace: people.workspaces[workspace],
            model: people.models[0].clone(),
            grant: Grant { inference, ..Grant::default() },
        };
        let switched = |disabled: bool| {
            people.key_change(&crate::population::Key { disabled, ..people.keys[key].clone() })
        };
        match kind {
            0 => Change::KeyGone { key: people.keys[key].id },
            1 => people.key_change(&people.keys[key]),
            2 => switched(true),
            3 => switched(people.keys[key].disabled),
            4 => Change::MemberGone {
                workspace: people.workspaces[people.seats[user][seat].0 as usize],
                user: people.users[user],
            },
            5 => people.seat_change(user, seat),
            6 => {
                let (to, policy) = attachment();
                Change::Detached { account, to, policy_type: PolicyType::Custom, policy, workspace: None }
            }
            7 => {
                let (to, policy) = attachment();
                Change::Attached { account, to, policy_type: PolicyType::Custom, policy, workspace: None }
            }
            8 => people.policy_change(policy),
            9 => grant(false),
            _ => grant(people.grants[workspace] & 1 == 1),
        }
    }
}
