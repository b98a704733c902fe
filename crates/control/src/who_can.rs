//! Who can: the account's users, roles and keys that may do something, a page at a time.

use bailey_domain::access::Principal;
use bailey_domain::decision::Outcome;
use bailey_domain::directory::Wanted;
use bailey_domain::operations::WhoCan;
use bailey_domain::page::Page as StudioPage;
use bailey_domain::scope::WholeAccount;
use bailey_domain::{ApiKeyId, Caller, Error, Permit, WorkspaceId};
use bailey_store::{Cursor, Page};

use crate::authzen::{Ask, Given, Whom};
use crate::control::Control;

/// What somebody may do, or not.
#[derive(Clone, Debug)]
pub enum Deed {
    /// Call a model in a workspace; with a key, in the key's own.
    Model(String, Option<WorkspaceId>),
    /// Change something on a page.
    Page(StudioPage, WorkspaceId),
    /// A RAM action, in a workspace or in the account, on a RAM resource or on all.
    Action(String, Option<WorkspaceId>, Option<String>),
}

/// Somebody who may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Able {
    /// `root`, `user`, `role` or `apiKey`.
    pub kind: &'static str,
    /// The id; a key's handle.
    pub id: String,
    /// How policies call it; of a key, its owner.
    pub arn: String,
}

/// What is looked among, in this order. Tokens name it.
const SHELVES: [&str; 3] = ["user", "role", "apiKey"];

impl Control {
    /// One page of those who may. A page looks at a bounded number of candidates of each kind, so it may be short, or empty,
    /// and still have a next one.
    pub async fn who_can(&self, caller: &Caller, deed: &Deed, cursor: &Cursor) -> Result<Page<Able>, Error> {
        let permit = self.permit::<WhoCan>(caller, WholeAccount, "").await?;
        let ask = match deed.clone() {
            Deed::Model(model, workspace) => Ask::Model(model, workspace),
            Deed::Page(page, workspace) => Ask::Page(page, workspace),
            Deed::Action(action, workspace, resource) => {
                Ask::Action(action, workspace, resource.into_iter().collect())
            }
        };
        let (first, mut after) = cursor.after.split_once('/').unwrap_or((SHELVES[0], ""));
        let limit = usize::try_from(cursor.limit).map_err(Error::internal)?;
        let mut rows = Vec::new();
        let shelves = SHELVES.iter().skip_while(|shelf| **shelf != first);
        // Keys open nothing but models (rule 6).
        for shelf in shelves.filter(|shelf| **shelf != "apiKey" || matches!(ask, Ask::Model(..))) {
            if rows.len() == limit {
                return Ok(Page { rows, next: Some(format!("{shelf}/")), total: None });
            }
            let (found, next) = self.able(caller, &permit, &ask, shelf, after, limit - rows.len()).await?;
            rows.extend(found);
            if let Some(next) = next {
                return Ok(Page { rows, next: Some(format!("{shelf}/{next}")), total: None });
            }
            after = "";
        }
        Ok(Page { rows, next: None, total: None })
    }

    /// Those of one kind, behind the candidate `after`.
    async fn able(
        &self,
        caller: &Caller,
        permit: &Permit<WhoCan>,
        ask: &Ask,
        shelf: &str,
        after: &str,
        limit: usize,
    ) -> Result<(Vec<Able>, Option<String>), Error> {
        let may = |whom| {
            let decision = self.decide_ask(caller, whom, ask, &Given::default(), Wanted::Answer);
            decision.outcome == Outcome::Allow
        };
        let person = |principal: &Principal| may(Whom::Person(*principal));
        if shelf == "apiKey" {
            let key = |id: &ApiKeyId| self.key_of(caller.account, *id).is_some_and(may);
            let found =
                self.key_candidates(permit, after).await?.sift(after, limit, key, ToString::to_string);
            let able = found.found.into_iter().filter_map(|id| self.able_key(caller, id)).collect();
            return Ok((able, found.next));
        }
        let candidates = match shelf {
            "role" => self.role_candidates(permit, after).await?,
            _ => self.user_candidates(permit, after).await?,
        };
        let mut able = Vec::new();
        let found = candidates.sift(
            after,
            limit,
            |principal| {
                let allowed = person(principal);
                if allowed {
                    able.push(self.able_person(*principal));
                }
                allowed
            },
            ToString::to_string,
        );
        Ok((able, found.next))
    }

    fn able_person(&self, principal: Principal) -> Able {
        let (kind, id) = match principal {
            Principal::Root => ("root", "root".to_owned()),
            Principal::User(user) => ("user", user.to_string()),
            Principal::Role(role) => ("role", role.to_string()),
            Principal::Federated(provider) => ("oidcProvider", provider.to_string()),
        };
        Able { kind, id, arn: self.directory().name_of(principal) }
    }

    /// A key that may; `None` when it has gone since.
    fn able_key(&self, caller: &Caller, id: String) -> Option<Able> {
        let owner = self.directory().key_owner(caller.account, id.parse().ok()?)?;
        Some(Able { kind: "apiKey", id, arn: self.directory().name_of(owner) })
    }
}
