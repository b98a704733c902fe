//! Tags of RAM roles and custom policies.

use std::collections::HashMap;

use bailey_domain::change::Change;
use bailey_domain::id::RoleId;
use bailey_domain::operations::{
    CreatePolicy, CreateRole, ListTagResources, Operation, TagResources, UntagResources,
};
use bailey_domain::tag::{Tag, TagFilter, TagKey, TagValue, Taggable, Tagged};
use bailey_domain::{AccountId, Error, Permit};

use crate::connection::{on, reading};
use crate::error::{database, stored};
use crate::store::Store;
use crate::tx::Tx;

/// A row with its tags, in the order of their keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithTags<T> {
    /// What holds them.
    pub row: T,
    /// Its tags.
    pub tags: Vec<Tag>,
}

/// The operations that put tags on something: on what is there, or on what they make.
pub trait PutsTags: Operation {}
impl PutsTags for TagResources {}
impl PutsTags for CreateRole {}
impl PutsTags for CreatePolicy {}

/// One SQL text for the tables of one kind: the parts stand around the table's name.
macro_rules! of_kind {
    ($kind:expr, $before:literal, tags, $after:literal) => {
        match $kind {
            Taggable::Role => concat!($before, "role_tags", $after),
            Taggable::Policy => concat!($before, "policy_tags", $after),
        }
    };
    ($kind:expr, $before:literal, things, $between:literal, tags, $after:literal) => {
        match $kind {
            Taggable::Role => concat!($before, "roles", $between, "role_tags", $after),
            Taggable::Policy => concat!($before, "policies", $between, "policy_tags", $after),
        }
    };
}

fn tag(key: &str, value: &str) -> Result<Tag, Error> {
    Ok(Tag {
        key: stored(TagKey::parse(key), "tag_key")?,
        value: stored(TagValue::parse(value), "tag_value")?,
    })
}

impl Store {
    /// Every thing of one kind by name, with its tags.
    pub async fn list_tags(
        &self,
        permit: &Permit<ListTagResources>,
        kind: Taggable,
    ) -> Result<Vec<WithTags<String>>, Error> {
        let sql = of_kind!(
            kind,
            "SELECT r.name, t.tag_key, t.tag_value FROM ",
            things,
            " r LEFT JOIN ",
            tags,
            " t ON t.account_id = r.account_id AND t.folded_name = r.folded_name
            WHERE r.account_id = $1 ORDER BY r.folded_name, t.tag_key"
        );
        let rows: Vec<(String, Option<String>, Option<String>)> =
            reading!(self.pools, pool => sqlx::query_as(sql)
            .bind(permit.caller().account.to_string()).fetch_all(pool).await)
            .map_err(database)?;
        let mut all: Vec<WithTags<String>> = Vec::new();
        for (name, key, value) in rows {
            if all.last().is_none_or(|last| last.row != name) {
                all.push(WithTags { row: name, tags: Vec::new() });
            }
            if let (Some(last), Some(key), Some(value)) = (all.last_mut(), key, value) {
                last.tags.push(tag(&key, &value)?);
            }
        }
        Ok(all)
    }

    /// Puts their tags beside rows that are in the order of their names, and keeps those that hold what is looked for.
    pub(crate) async fn with_tags<T>(
        &self,
        account: AccountId,
        kind: Taggable,
        rows: Vec<T>,
        folded: impl Fn(&T) -> String,
        wanted: &[TagFilter],
    ) -> Result<Vec<WithTags<T>>, Error> {
        let (Some(first), Some(last)) = (rows.first().map(&folded), rows.last().map(&folded)) else {
            return Ok(Vec::new());
        };
        let sql = of_kind!(
            kind,
            "SELECT folded_name, tag_key, tag_value FROM ",
            tags,
            " WHERE account_id = $1 AND folded_name >= $2 AND folded_name <= $3 ORDER BY folded_name, tag_key"
        );
        let found: Vec<(String, String, String)> = reading!(self.pools, pool => sqlx::query_as(sql)
            .bind(account.to_string()).bind(first).bind(last).fetch_all(pool).await)
        .map_err(database)?;
        let mut by_name: HashMap<String, Vec<Tag>> = HashMap::new();
        for (name, key, value) in found {
            by_name.entry(name).or_default().push(tag(&key, &value)?);
        }
        let tagged = rows.into_iter().map(|row| {
            let tags = by_name.remove(&folded(&row)).unwrap_or_default();
            WithTags { row, tags }
        });
        Ok(tagged.filter(|row| TagFilter::all_in(wanted, &row.tags)).collect())
    }
}

impl Tx {
    /// The tags of one thing, in the order of their keys. Refuses one that is not the account's.
    pub async fn tags_of(&mut self, account: AccountId, of: &Tagged) -> Result<Vec<Tag>, Error> {
        let sql = of_kind!(
            of.kind,
            "SELECT t.tag_key, t.tag_value FROM ",
            things,
            " r LEFT JOIN ",
            tags,
            " t ON t.account_id = r.account_id AND t.folded_name = r.folded_name
            WHERE r.account_id = $1 AND r.folded_name = $2 ORDER BY t.tag_key"
        );
        let rows: Vec<(Option<String>, Option<String>)> = on!(self.connection, conn => sqlx::query_as(sql)
            .bind(account.to_string()).bind(of.folded()).fetch_all(conn).await)
        .map_err(database)?;
        if rows.is_empty() {
            return Err(of.kind.absent());
        }
        let pairs = rows.iter().filter_map(|(key, value)| key.as_deref().zip(value.as_deref()));
        pairs.map(|(key, value)| tag(key, value)).collect()
    }

    /// Puts tags on a thing of the account; a key that is there gets the new value. Gives all of its tags then.
    pub async fn put_tags<O: PutsTags>(
        &mut self,
        permit: &Permit<O>,
        of: &Tagged,
        tags: &[Tag],
    ) -> Result<Vec<Tag>, Error> {
        let account = permit.caller().account;
        let sql = of_kind!(
            of.kind,
            "INSERT INTO ",
            tags,
            " (account_id, folded_name, tag_key, tag_value) VALUES ($1, $2, $3, $4)
            ON CONFLICT (account_id, folded_name, tag_key) DO UPDATE SET tag_value = excluded.tag_value"
        );
        for tag in tags {
            on!(self.connection, conn => sqlx::query(sql)
                .bind(account.to_string()).bind(of.folded()).bind(tag.key.as_str()).bind(tag.value.as_str())
                .execute(conn).await.map(drop))
            .map_err(|error| match &error {
                sqlx::Error::Database(inner) if inner.is_foreign_key_violation() => of.kind.absent(),
                _ => database(error),
            })?;
        }
        if let Some(role) = self.role_tagged(account, of).await? {
            tags.iter().for_each(|tag| self.note(Change::RoleTag { role, tag: tag.clone() }));
        }
        self.tags_of(account, of).await
    }

    /// The role that tags are on, since policies may ask for them; nothing asks for those of policies.
    async fn role_tagged(&mut self, account: AccountId, of: &Tagged) -> Result<Option<RoleId>, Error> {
        const SQL: &str = "SELECT role_id FROM roles WHERE account_id = $1 AND folded_name = $2";
        if of.kind != Taggable::Role {
            return Ok(None);
        }
        let role: Option<(String,)> = on!(self.connection, conn => sqlx::query_as(SQL)
            .bind(account.to_string()).bind(of.folded()).fetch_optional(conn).await)
        .map_err(database)?;
        role.map(|(role,)| stored(role.parse(), "role_id")).transpose()
    }

    /// Takes tags off a thing of the account. A key that is not there is no error. Gives the tags that stay.
    pub async fn delete_tags(
        &mut self,
        permit: &Permit<UntagResources>,
        of: &Tagged,
        keys: &[TagKey],
    ) -> Result<Vec<Tag>, Error> {
        let account = permit.caller().account;
        let sql = of_kind!(
            of.kind,
            "DELETE FROM ",
            tags,
            " WHERE account_id = $1 AND folded_name = $2 AND tag_key = $3"
        );
        for key in keys {
            on!(self.connection, conn => sqlx::query(sql)
                .bind(account.to_string()).bind(of.folded()).bind(key.as_str()).execute(conn).await.map(drop))
            .map_err(database)?;
        }
        if let Some(role) = self.role_tagged(account, of).await? {
            keys.iter().for_each(|key| self.note(Change::RoleTagGone { role, key: key.clone() }));
        }
        self.tags_of(account, of).await
    }
}
