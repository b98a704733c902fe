//! Searches: every candidate of the account is asked about, a bounded number of them for each page.

use bailey_domain::access::Principal;
use bailey_domain::decision::Outcome;
use bailey_domain::directory::Wanted;
use bailey_domain::operations::{FEATURE_ACTIONS, OPERATIONS, SearchAccess};
use bailey_domain::page::PAGES;
use bailey_domain::scope::{Person, ScopeKind};
use bailey_domain::{ApiKeyId, Caller, Error, Permit, UserId, WorkspaceId};
use bailey_store::{Cursor, Page, Searches};

use crate::authzen::{
    Entity, Given, MANAGE_ALL, MODEL_CALL, PAGE_ACTIONS, Resource, WHOLE, Whom, management,
};
use crate::control::Control;

/// How many candidates one page looks at. A page may be empty and still have a next one.
const LOOKED_AT: u32 = 500;
/// Where root stands among users: before every id, all of which begin with another digit.
const ROOT_FIRST: &str = "0";

/// What is searched for; the other two are given.
#[derive(Clone, Debug)]
pub enum Search {
    /// Who may do the action on the resource.
    Subjects {
        /// Their type.
        kind: String,
        /// The action.
        action: String,
        /// The resource.
        resource: Resource,
    },
    /// On what the subject may do the action.
    Resources {
        /// The subject.
        subject: Entity,
        /// The action.
        action: String,
        /// Their type, and the workspace that they are in; the id counts for nothing.
        resource: Resource,
    },
    /// What the subject may do on the resource.
    Actions {
        /// The subject.
        subject: Entity,
        /// The resource.
        resource: Resource,
    },
}

/// What a page has found: ids, or names of actions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matches {
    /// In the order of the candidates.
    pub found: Vec<String>,
    /// The last candidate that was looked at, when there are more.
    pub next: Option<String>,
}

/// Candidates, and whether there are more behind them.
pub(crate) struct Candidates<T> {
    list: Vec<(String, T)>,
    more: bool,
}

impl<T> Candidates<T> {
    fn of(page: Page<T>, key: impl Fn(&T) -> String) -> Self {
        let list = page.rows.into_iter().map(|row| (key(&row), row)).collect();
        Self { list, more: page.next.is_some() }
    }

    /// Those behind `after`, in the order given, that are held whole.
    fn behind(after: &str, names: impl IntoIterator<Item = T>) -> Self
    where
        T: ToString,
    {
        let mut list: Vec<(String, T)> = names.into_iter().map(|name| (name.to_string(), name)).collect();
        if !after.is_empty() {
            let start = list.iter().position(|(key, _)| key == after).map_or(list.len(), |place| place + 1);
            list.drain(..start);
        }
        Self { list, more: false }
    }

    /// Asks about each until enough are found.
    pub(crate) fn sift(
        self,
        after: &str,
        limit: usize,
        mut allowed: impl FnMut(&T) -> bool,
        shown: impl Fn(&T) -> String,
    ) -> Matches {
        let mut last = after.to_owned();
        let mut found = Vec::new();
        for (key, candidate) in self.list {
            if found.len() >= limit {
                return Matches { found, next: Some(last) };
            }
            if allowed(&candidate) {
                found.push(shown(&candidate));
            }
            last = key;
        }
        Matches { found, next: self.more.then_some(last) }
    }
}

impl Control {
    /// One page of a search, behind the candidate `after`.
    pub async fn search_access(
        &self,
        caller: &Caller,
        search: &Search,
        given: &Given,
        after: &str,
        limit: usize,
    ) -> Result<Matches, Error> {
        match search {
            Search::Subjects { kind, action, resource } => {
                let permit = self.permit::<SearchAccess>(caller, Person(None), &resource.entity.id).await?;
                let allowed = |whom| self.may(caller, Some(whom), action, resource, given);
                match kind.as_str() {
                    "user" => Ok(self.user_candidates(&permit, after).await?.sift(
                        after,
                        limit,
                        |principal| allowed(Whom::Person(*principal)),
                        ToString::to_string,
                    )),
                    "api_key" => Ok(self.key_candidates(&permit, after).await?.sift(
                        after,
                        limit,
                        |id| self.key_of(caller.account, *id).is_some_and(allowed),
                        ToString::to_string,
                    )),
                    _ => Ok(Matches { found: Vec::new(), next: None }),
                }
            }
            Search::Resources { subject, action, resource } => {
                let (whom, permit) = self.asked_about::<SearchAccess>(caller, subject).await?;
                let with = |id: &str| Resource {
                    entity: Entity { kind: resource.entity.kind.clone(), id: id.to_owned() },
                    workspace: resource.workspace.clone(),
                };
                let candidates =
                    self.resource_candidates(caller, &permit, &resource.entity.kind, after).await?;
                Ok(candidates.sift(
                    after,
                    limit,
                    |id| self.may(caller, whom, action, &with(id), given),
                    Clone::clone,
                ))
            }
            Search::Actions { subject, resource } => {
                let (whom, _) = self.asked_about::<SearchAccess>(caller, subject).await?;
                let actions = Candidates::behind(after, actions_on(&resource.entity.kind));
                Ok(actions.sift(
                    after,
                    limit,
                    |action| self.may(caller, whom, action, resource, given),
                    ToString::to_string,
                ))
            }
        }
    }

    fn may(
        &self,
        caller: &Caller,
        whom: Option<Whom>,
        action: &str,
        resource: &Resource,
        given: &Given,
    ) -> bool {
        self.decide_access(caller, whom, action, resource, given, Wanted::Answer).outcome == Outcome::Allow
    }

    pub(crate) async fn user_candidates<O: Searches>(
        &self,
        permit: &Permit<O>,
        after: &str,
    ) -> Result<Candidates<Principal>, Error> {
        let cursor = Cursor { after: after.to_owned(), limit: LOOKED_AT };
        let page: Page<UserId> = self.store.list_user_ids(permit, &cursor).await?;
        let mut candidates = Candidates::of(page.map(Principal::User), ToString::to_string);
        if after.is_empty() {
            candidates.list.insert(0, (ROOT_FIRST.to_owned(), Principal::Root));
        }
        Ok(candidates)
    }

    pub(crate) async fn key_candidates<O: Searches>(
        &self,
        permit: &Permit<O>,
        after: &str,
    ) -> Result<Candidates<ApiKeyId>, Error> {
        let cursor = Cursor { after: after.to_owned(), limit: LOOKED_AT };
        Ok(Candidates::of(self.store.list_api_key_ids(permit, &cursor).await?, ToString::to_string))
    }

    pub(crate) async fn role_candidates<O: Searches>(
        &self,
        permit: &Permit<O>,
        after: &str,
    ) -> Result<Candidates<Principal>, Error> {
        let cursor = Cursor { after: after.to_owned(), limit: LOOKED_AT };
        let Candidates { list, more } =
            Candidates::of(self.store.list_role_ids(permit, &cursor).await?, ToString::to_string);
        Ok(Candidates {
            list: list.into_iter().map(|(id, role)| (id, Principal::Role(role))).collect(),
            more,
        })
    }

    async fn resource_candidates(
        &self,
        caller: &Caller,
        permit: &Permit<SearchAccess>,
        kind: &str,
        after: &str,
    ) -> Result<Candidates<String>, Error> {
        let held = |names: Vec<String>| Candidates::behind(after, names);
        Ok(match kind {
            "workspace" => {
                let cursor = Cursor { after: after.to_owned(), limit: LOOKED_AT };
                let page: Page<WorkspaceId> = self.store.list_workspace_ids(permit, &cursor).await?;
                Candidates::of(page.map(|id| id.to_string()), Clone::clone)
            }
            "model" => {
                // By name, so that a model that came or went between two pages moves no other.
                let names = self.directory().model_names(caller.account);
                let mut behind = names.iter().filter(|name| ***name > *after).map(ToString::to_string);
                let list: Vec<String> = behind.by_ref().take(LOOKED_AT as usize).collect();
                let more = behind.next().is_some();
                Candidates { list: list.into_iter().map(|name| (name.clone(), name)).collect(), more }
            }
            "page" => held(PAGES.iter().map(|entry| entry.name.to_owned()).collect()),
            "api" | "management" => held(vec![WHOLE.to_owned()]),
            _ => held(Vec::new()),
        })
    }
}

/// Every action that can be asked about a type of resource and that has a name here.
fn actions_on(kind: &str) -> Vec<&'static str> {
    let mut names: Vec<&'static str> = match kind {
        "model" => vec![MODEL_CALL],
        "page" => PAGE_ACTIONS.to_vec(),
        "api" => FEATURE_ACTIONS.to_vec(),
        "management" => std::iter::once(MANAGE_ALL).chain(management().map(|entry| entry.action)).collect(),
        "workspace" => OPERATIONS
            .iter()
            .filter(|entry| matches!(entry.scope, ScopeKind::Workspace | ScopeKind::Seat))
            .map(|entry| entry.action)
            .chain(FEATURE_ACTIONS.iter().copied())
            .collect(),
        _ => Vec::new(),
    };
    let mut seen = std::collections::HashSet::new();
    names.retain(|name| seen.insert(*name));
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(count: u32) -> Candidates<String> {
        Candidates::behind("", (0..count).map(|number| format!("{number:02}")))
    }

    #[test]
    fn a_full_page_ends_at_the_last_one_looked_at() {
        let even = |name: &String| name.parse::<u32>().unwrap() % 2 == 0;
        let page = numbers(6).sift("", 2, even, Clone::clone);
        assert_eq!(page, Matches { found: vec!["00".into(), "02".into()], next: Some("02".into()) });
        let rest = Candidates::behind("02", (0..6).map(|number| format!("{number:02}")));
        let page = rest.sift("02", 2, even, Clone::clone);
        assert_eq!(page, Matches { found: vec!["04".into()], next: None });
    }

    #[test]
    fn a_page_of_nothing_starts_where_it_stands_and_one_that_looked_enough_says_so() {
        assert_eq!(
            numbers(3).sift("", 0, |_| true, Clone::clone),
            Matches { found: vec![], next: Some(String::new()) }
        );
        let more = Candidates { more: true, ..numbers(3) };
        assert_eq!(
            more.sift("", 9, |_| false, Clone::clone),
            Matches { found: vec![], next: Some("02".into()) }
        );
        assert_eq!(numbers(0).sift("", 0, |_| true, Clone::clone).next, None);
    }
}
