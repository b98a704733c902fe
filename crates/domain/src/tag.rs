//! Tags: keys with values that people put on RAM roles and custom policies, to find them by. Policies in the extended
//! language may ask for those of the role that acts, and then a tag gives what they say.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::id::AccountId;
use crate::name::{PolicyName, RoleName, bad_characters, text};
use crate::scope::RamScope;

/// Tags that one resource holds, and that one call names, at most (RAM).
pub const MOST_TAGS: usize = 20;
/// Resources that one call names at most (RAM).
pub const MOST_RESOURCES: usize = 50;
/// Characters of a key or value at most (RAM).
const LONGEST: usize = 128;
/// How keys of the vendor's own begin.
const RESERVED: [&str; 2] = ["aliyun", "acs:"];

/// A tag's key: 1 to 128 characters that neither begin like the vendor's own nor hold a URL (RAM).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TagKey(Box<str>);

impl TagKey {
    /// Checks length and form.
    pub fn parse(key: &str) -> Result<Self, Error> {
        plain("TagKey", key, 1)?;
        let lower = key.to_lowercase();
        if RESERVED.iter().any(|reserved| lower.starts_with(reserved)) {
            return Err(bad_characters("TagKey", "what does not begin with `aliyun` or `acs:`"));
        }
        Ok(Self(key.into()))
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The condition key by which policies ask for the caller's tag.
    pub fn in_policies(&self) -> String {
        format!("acs:PrincipalTag/{}", self.0)
    }
}

/// A tag's value: up to 128 characters without a URL.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TagValue(Box<str>);

impl TagValue {
    /// Checks length and form.
    pub fn parse(value: &str) -> Result<Self, Error> {
        plain("TagValue", value, 0)?;
        Ok(Self(value.into()))
    }

    /// The value.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn plain(field: &str, given: &str, low: usize) -> Result<(), Error> {
    text(field, given, low, LONGEST)?;
    let lower = given.to_lowercase();
    if given.contains(['\n', '\t']) || lower.contains("http://") || lower.contains("https://") {
        return Err(bad_characters(field, "one line without `http://` and `https://`"));
    }
    Ok(())
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Tag {
    /// Its key; upper and lower case differ.
    pub key: TagKey,
    /// Its value; may be empty.
    pub value: TagValue,
}

impl Tag {
    /// Checks both parts.
    pub fn parse(key: &str, value: &str) -> Result<Self, Error> {
        Ok(Self { key: TagKey::parse(key)?, value: TagValue::parse(value)? })
    }
}

/// A tag that is looked for: with any value where none is named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagFilter {
    /// Its key.
    pub key: TagKey,
    /// Its value.
    pub value: Option<TagValue>,
}

impl TagFilter {
    /// Whether a tag is the one looked for.
    pub fn takes(&self, tag: &Tag) -> bool {
        self.key == tag.key && self.value.as_ref().is_none_or(|value| *value == tag.value)
    }

    /// Whether all that is looked for is there.
    pub fn all_in(filters: &[Self], tags: &[Tag]) -> bool {
        filters.iter().all(|filter| tags.iter().any(|tag| filter.takes(tag)))
    }
}

/// How many keys one call names, each of them once.
pub fn check_keys<'k>(keys: impl ExactSizeIterator<Item = &'k TagKey>) -> Result<(), Error> {
    let count = keys.len();
    if count > MOST_TAGS {
        return Err(Error::invalid(
            "InvalidParameter.Tag.Count",
            format!("The parameter - \"Tag\" names {count} tags. Allowed: {MOST_TAGS} in one call."),
        ));
    }
    let distinct: BTreeSet<_> = keys.collect();
    if distinct.len() < count {
        return Err(Error::invalid(
            "Duplicate.TagKey",
            "The parameter - \"Tag\" contains a key twice. Name each key once.",
        ));
    }
    Ok(())
}

/// What kinds of things hold tags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taggable {
    /// RAM roles.
    Role,
    /// Custom policies.
    Policy,
}

impl Taggable {
    /// Reads RAM's word for it.
    pub fn parse(word: &str) -> Result<Self, Error> {
        match word {
            "role" => Ok(Self::Role),
            "policy" => Ok(Self::Policy),
            _ => Err(Error::invalid(
                "InvalidParameter.ResourceType",
                "The parameter - \"ResourceType\" must be role or policy.",
            )),
        }
    }

    /// RAM's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Policy => "policy",
        }
    }

    /// There is none of the name.
    pub fn absent(self) -> Error {
        Error::absent(match self {
            Self::Role => "Role",
            Self::Policy => "Policy",
        })
    }

    /// What policies call it; `*` is all of them.
    pub fn scope(self, account: AccountId, name: &str) -> RamScope {
        match self {
            Self::Role => RamScope::role(account, name),
            Self::Policy => RamScope::policy(account, name),
        }
    }
}

/// A thing that tags are put on: its kind and its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tagged {
    /// Its kind.
    pub kind: Taggable,
    name: Box<str>,
    folded: Box<str>,
}

impl Tagged {
    /// Reads the name by the rule of its kind.
    pub fn parse(kind: Taggable, name: &str) -> Result<Self, Error> {
        Ok(match kind {
            Taggable::Role => Self::from(&RoleName::parse("ResourceNames", name)?),
            Taggable::Policy => Self::from(&PolicyName::parse("ResourceNames", name)?),
        })
    }

    /// Reads the names of one call: 1 to 50 of them; one that stands twice counts once.
    pub fn parse_all(kind: Taggable, names: &[String]) -> Result<Vec<Self>, Error> {
        if names.is_empty() || names.len() > MOST_RESOURCES {
            return Err(too_many("ResourceNames", MOST_RESOURCES));
        }
        let mut all: Vec<Self> = Vec::with_capacity(names.len());
        for name in names {
            let one = Self::parse(kind, name)?;
            if !all.iter().any(|other| other.folded == one.folded) {
                all.push(one);
            }
        }
        Ok(all)
    }

    /// Its name as given.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its name without regard to case.
    pub fn folded(&self) -> &str {
        &self.folded
    }
}

fn too_many(field: &str, most: usize) -> Error {
    Error::invalid(
        format!("InvalidParameter.{field}"),
        format!("The parameter - \"{field}\" must name 1 to {most} in one call."),
    )
}

impl From<&RoleName> for Tagged {
    fn from(name: &RoleName) -> Self {
        Self { kind: Taggable::Role, name: name.as_str().into(), folded: name.folded().into() }
    }
}

impl From<&PolicyName> for Tagged {
    fn from(name: &PolicyName) -> Self {
        Self { kind: Taggable::Policy, name: name.as_str().into(), folded: name.folded().into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_values_follow_rams_rules() {
        let long = "x".repeat(128);
        for (key, value) in
            [("team", ""), ("Kosten stelle", &*long), (&*long, "研发"), ("my-aliyun", "acs:x")]
        {
            assert_eq!(Tag::parse(key, value).unwrap().key.as_str(), key);
        }
        let longer = "x".repeat(129);
        for (key, value, code) in [
            ("", "v", "InvalidParameter.TagKey.Length"),
            (&*longer, "v", "InvalidParameter.TagKey.Length"),
            ("aliyun:x", "v", "InvalidParameter.TagKey.InvalidChars"),
            ("ACS:x", "v", "InvalidParameter.TagKey.InvalidChars"),
            ("a http://b", "v", "InvalidParameter.TagKey.InvalidChars"),
            ("a\u{7}", "v", "InvalidParameter.TagKey.InvalidChars"),
            ("k", &*longer, "InvalidParameter.TagValue.Length"),
            ("k", "HTTPS://b", "InvalidParameter.TagValue.InvalidChars"),
            ("k", "two\nlines", "InvalidParameter.TagValue.InvalidChars"),
        ] {
            assert_eq!(Tag::parse(key, value).unwrap_err().code(), code, "{key} {value}");
        }
    }

    #[test]
    fn a_call_names_a_key_once_and_not_too_many() {
        let keys =
            |count: usize| (0..count).map(|n| TagKey::parse(&n.to_string()).unwrap()).collect::<Vec<_>>();
        check_keys(keys(MOST_TAGS).iter()).unwrap();
        let error = check_keys(keys(MOST_TAGS + 1).iter()).unwrap_err();
        assert_eq!(error.code(), "InvalidParameter.Tag.Count");
        let twice = [TagKey::parse("a").unwrap(), TagKey::parse("a").unwrap()];
        assert_eq!(check_keys(twice.iter()).unwrap_err().code(), "Duplicate.TagKey");
    }

    #[test]
    fn a_name_that_stands_twice_counts_once() {
        let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        let all = Tagged::parse_all(Taggable::Role, &names(&["One", "oNE", "two"])).unwrap();
        assert_eq!(all.iter().map(Tagged::name).collect::<Vec<_>>(), ["One", "two"]);
        for wrong in [names(&[]), vec!["r".to_owned(); MOST_RESOURCES + 1]] {
            let error = Tagged::parse_all(Taggable::Role, &wrong).unwrap_err();
            assert_eq!(error.code(), "InvalidParameter.ResourceNames");
        }
        let error = Tagged::parse_all(Taggable::Policy, &names(&["a_b"])).unwrap_err();
        assert_eq!(error.code(), "InvalidParameter.ResourceNames.InvalidChars");
    }

    #[test]
    fn a_filter_without_a_value_takes_any() {
        let tags = [Tag::parse("team", "red").unwrap(), Tag::parse("stage", "").unwrap()];
        let filter = |key: &str, value: Option<&str>| TagFilter {
            key: TagKey::parse(key).unwrap(),
            value: value.map(|value| TagValue::parse(value).unwrap()),
        };
        assert!(TagFilter::all_in(&[filter("team", None), filter("stage", Some(""))], &tags));
        assert!(TagFilter::all_in(&[], &[]));
        for wrong in [filter("team", Some("blue")), filter("Team", None), filter("team", Some(""))] {
            assert!(!TagFilter::all_in(&[filter("stage", None), wrong], &tags));
        }
    }
}
