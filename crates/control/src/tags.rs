//! Tags of RAM roles and custom policies.

use bailey_domain::operations::{ListTagResources, TagResources, UntagResources};
use bailey_domain::scope::RamScope;
use bailey_domain::tag::{MOST_TAGS, Tag, TagFilter, TagKey, Taggable, Tagged, check_keys};
use bailey_domain::{AccountId, Caller, Error};
use bailey_store::{Cursor, Page, PutsTags, Record, Tx};
use serde_json::{Value, json};

use crate::control::Control;

/// One tag of one thing.
#[derive(Clone, Debug)]
pub struct TagOf {
    /// The thing's name.
    pub name: String,
    /// The tag.
    pub tag: Tag,
}

/// What is looked for among tags.
#[derive(Clone, Debug)]
pub struct TagQuestion {
    /// The kind of things.
    pub kind: Taggable,
    /// Only these; `None` is all of the kind.
    pub of: Option<Vec<Tagged>>,
    /// Only things that hold all of these, and of their tags only these; empty is all.
    pub wanted: Vec<TagFilter>,
}

impl Control {
    /// Puts tags on roles or policies: on all of them or on none. Where policies ask for them, what they give or take is
    /// so before the answer.
    pub async fn tag_resources(&self, caller: &Caller, of: &[Tagged], tags: &[Tag]) -> Result<(), Error> {
        check_keys(tags.iter().map(|tag| &tag.key))?;
        let target = names(of);
        let scope = scope(caller.account, of);
        let (mut tx, permit) = self.begin::<TagResources>(caller, scope.clone(), &target).await?;
        if of.iter().any(|one| one.kind == Taggable::Role) {
            let keys = tags.iter().map(|tag| &tag.key);
            let may = self.directory().may_tag_roles::<TagResources>(caller, &scope, keys);
            (tx, ()) = self.unless_refused(tx, may, &target).await?;
        }
        let before = tags_of_all(&mut tx, caller.account, of).await?;
        let mut after = Vec::new();
        for one in of {
            after.push(put_tags(&mut tx, &permit, one, tags).await?);
        }
        let (before, after) = (recorded(of, &before), recorded(of, &after));
        tx.commit(permit, Record { target, before, after }).await?;
        Ok(())
    }

    /// Takes tags off roles or policies; `None` takes all of them.
    pub async fn untag_resources(
        &self,
        caller: &Caller,
        of: &[Tagged],
        keys: Option<&[TagKey]>,
    ) -> Result<(), Error> {
        check_keys(keys.unwrap_or_default().iter())?;
        let target = names(of);
        let scope = scope(caller.account, of);
        let (mut tx, permit) = self.begin::<UntagResources>(caller, scope.clone(), &target).await?;
        let before = tags_of_all(&mut tx, caller.account, of).await?;
        if of.iter().any(|one| one.kind == Taggable::Role) {
            let held = before.iter().flatten().map(|tag| &tag.key);
            let going = held.filter(|held| keys.is_none_or(|keys| keys.contains(held)));
            let may = self.directory().may_tag_roles::<UntagResources>(caller, &scope, going);
            (tx, ()) = self.unless_refused(tx, may, &target).await?;
        }
        let mut after = Vec::new();
        for (one, held) in of.iter().zip(&before) {
            let all: Vec<TagKey> = held.iter().map(|tag| tag.key.clone()).collect();
            after.push(tx.delete_tags(&permit, one, keys.unwrap_or(&all)).await?);
        }
        let (before, after) = (recorded(of, &before), recorded(of, &after));
        tx.commit(permit, Record { target, before, after }).await?;
        Ok(())
    }

    /// Lists tags by the name of what they are on, then by key.
    pub async fn list_tag_resources(
        &self,
        caller: &Caller,
        question: &TagQuestion,
        cursor: &Cursor,
    ) -> Result<Page<TagOf>, Error> {
        check_keys(question.wanted.iter().map(|wanted| &wanted.key))?;
        let named = question.of.as_deref();
        let scope = match named {
            Some(of) => scope(caller.account, of),
            None => question.kind.scope(caller.account, "*"),
        };
        let target = names(named.unwrap_or_default());
        let permit = self.permit::<ListTagResources>(caller, scope, &target).await?;
        let all = self.store.list_tags(&permit, question.kind).await?;
        let is = |one: &Tagged, name: &str| one.folded() == name.to_lowercase();
        if let Some(of) = named
            && !of.iter().all(|one| all.iter().any(|thing| is(one, &thing.row)))
        {
            return Err(question.kind.absent());
        }
        let limit = usize::try_from(cursor.limit).map_err(Error::internal)?;
        let rows = all
            .into_iter()
            .filter(|thing| named.is_none_or(|of| of.iter().any(|one| is(one, &thing.row))))
            .filter(|thing| TagFilter::all_in(&question.wanted, &thing.tags))
            .flat_map(|thing| thing.tags.into_iter().map(move |tag| TagOf { name: thing.row.clone(), tag }))
            .filter(|row| {
                question.wanted.is_empty() || question.wanted.iter().any(|wanted| wanted.takes(&row.tag))
            });
        // No name holds `/`, so what stands before the first one is the name.
        let after = cursor.after.split_once('/');
        let mut rows: Vec<TagOf> = rows
            .filter(|row| {
                after
                    .is_none_or(|(name, key)| (&*row.name.to_lowercase(), row.tag.key.as_str()) > (name, key))
            })
            .take(limit + 1)
            .collect();
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more);
        let next = next.map(|last| format!("{}/{}", last.name.to_lowercase(), last.tag.key.as_str()));
        Ok(Page { rows, next, total: None })
    }
}

/// Puts tags on one thing, which holds no more than it may. Gives all of its tags then.
pub(crate) async fn put_tags<O: PutsTags>(
    tx: &mut Tx,
    permit: &bailey_domain::Permit<O>,
    of: &Tagged,
    tags: &[Tag],
) -> Result<Vec<Tag>, Error> {
    let held = tx.put_tags(permit, of, tags).await?;
    if held.len() > MOST_TAGS {
        return Err(Error::Conflict {
            code: "LimitExceeded.Tag".into(),
            message: format!(
                "The count of tags beyond the current limits. `{}` would hold more than {MOST_TAGS}: remove one first.",
                of.name()
            ),
        });
    }
    Ok(held)
}

fn names(of: &[Tagged]) -> String {
    of.iter().map(Tagged::name).collect::<Vec<_>>().join(" ")
}

/// All of them, which policies must allow one by one.
fn scope(account: AccountId, of: &[Tagged]) -> RamScope {
    let scopes = of.iter().map(|one| one.kind.scope(account, one.name()));
    scopes.reduce(RamScope::and).unwrap_or_else(|| RamScope::account(account))
}

async fn tags_of_all(tx: &mut Tx, account: AccountId, of: &[Tagged]) -> Result<Vec<Vec<Tag>>, Error> {
    let mut all = Vec::new();
    for one in of {
        all.push(tx.tags_of(account, one).await?);
    }
    Ok(all)
}

/// The tags of each by its name, for the audit record.
fn recorded(of: &[Tagged], tags: &[Vec<Tag>]) -> Value {
    of.iter().zip(tags).map(|(one, tags)| (one.name().to_owned(), json!(tags))).collect()
}
