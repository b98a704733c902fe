//! Names of resources and principals, and what is special about those of RAM itself.
//!
//! RAM principals are written with an empty region (`acs:ram::1:user/alice`), RAM resources in policies with `*`
//! (`acs:ram:*:1:user/alice`); both spell the same thing. The service gives role names in ARNs back in lower case,
//! so names of users, groups, roles and policies are told apart without regard to ASCII case.

use crate::glob::{Glob, equal, matches_marked};

const RAM: &str = "acs:ram:";
const RAM_NOWHERE: &str = "acs:ram::";
const RAM_ANYWHERE: &str = "acs:ram:*:";

/// A concrete name, looked at once per evaluation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Resource<'a> {
    text: &'a str,
    /// How the same name begins and goes on with the region spelt the other way.
    other: Option<(&'static str, &'a str)>,
    /// Whether it names a user, group, role or policy.
    fold: bool,
}

impl<'a> Resource<'a> {
    pub(crate) fn new(text: &'a str) -> Self {
        let plain = Self { text, other: None, fold: false };
        let Some(own) = text.strip_prefix(RAM) else { return plain };
        let (other, rest) = match own.as_bytes() {
            [b':', ..] => (Some((RAM_ANYWHERE, &own[1..])), &own[1..]),
            [b'*', b':', ..] => (Some((RAM_NOWHERE, &own[2..])), &own[2..]),
            _ => (None, own.split_once(':').map_or("", |(_, rest)| rest)),
        };
        let relative = rest.split_once(':').map_or("", |(_, relative)| relative);
        let kind = relative.split_once('/').map_or("", |(kind, _)| kind);
        Self { text, other, fold: matches!(kind, "user" | "group" | "role" | "policy" | "assumed-role") }
    }

    /// Whether the pattern matches any spelling of this name.
    pub(crate) fn matches(&self, pattern: &Glob) -> bool {
        if self.fold { self.matches_in::<true>(pattern) } else { self.matches_in::<false>(pattern) }
    }

    fn matches_in<const FOLD: bool>(&self, pattern: &Glob) -> bool {
        pattern.matches_bytes::<FOLD>(self.text.as_bytes())
            || (self.other.is_some()
                && !is_settled(pattern)
                && self.ask_other(|other| pattern.matches_bytes::<FOLD>(other)))
    }

    /// As [`Self::matches`], for a pattern that came from a template.
    pub(crate) fn matches_marked(&self, pattern: &[u8]) -> bool {
        if self.fold { self.marked_in::<true>(pattern) } else { self.marked_in::<false>(pattern) }
    }

    fn marked_in<const FOLD: bool>(&self, pattern: &[u8]) -> bool {
        matches_marked::<FOLD>(pattern, self.text.as_bytes())
            || self.ask_other(|other| matches_marked::<FOLD>(pattern, other))
    }

    /// Whether `wanted` is one of the spellings of this name.
    pub(crate) fn equals(&self, wanted: &str) -> bool {
        if self.fold { self.equals_in::<true>(wanted) } else { self.equals_in::<false>(wanted) }
    }

    /// As [`Self::equals`], always without regard to ASCII case.
    pub(crate) fn equals_ignore_ascii_case(&self, wanted: &str) -> bool {
        self.equals_in::<true>(wanted)
    }

    fn equals_in<const FOLD: bool>(&self, wanted: &str) -> bool {
        let wanted = wanted.as_bytes();
        equal::<FOLD>(wanted, self.text.as_bytes()) || self.ask_other(|other| equal::<FOLD>(wanted, other))
    }

    /// Puts the other spelling together, if there is one, and asks about it. Allocates only for names that are much
    /// longer than RAM's can be.
    fn ask_other(&self, ask: impl FnOnce(&[u8]) -> bool) -> bool {
        let Some((start, rest)) = self.other else { return false };
        let mut buffer = [0; 256];
        let length = start.len() + rest.len();
        match buffer.get_mut(..length) {
            Some(whole) => {
                let (head, tail) = whole.split_at_mut(start.len());
                head.copy_from_slice(start.as_bytes());
                tail.copy_from_slice(rest.as_bytes());
                ask(whole)
            }
            None => ask([start, rest].concat().as_bytes()),
        }
    }
}

/// Whether a pattern matches both spellings of a name or neither: because it is about something else than RAM, or
/// because its star stands for the region, whatever that is. Most patterns are like that.
fn is_settled(pattern: &Glob) -> bool {
    match pattern.head().as_bytes().split_at_checked(RAM.len()) {
        None => false,
        Some((start, _)) if !start.eq_ignore_ascii_case(RAM.as_bytes()) => true,
        Some((_, [])) => {
            let rest = &pattern.as_str()[RAM.len()..];
            rest.strip_prefix('*').is_some_and(|rest| !rest.starts_with(['*', '?']))
        }
        Some(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Resource::new(text).matches(&Glob::new(pattern))
    }

    #[test]
    fn both_spellings_of_the_region_match_on_both_sides() {
        for pattern in
            ["acs:ram::1:user/alice", "acs:ram:*:1:user/alice", "acs:ram:?:1:user/*", "*:1:user/alice"]
        {
            for text in ["acs:ram::1:user/alice", "acs:ram:*:1:user/alice"] {
                assert!(matches(pattern, text), "{pattern} {text}");
            }
            assert!(!matches(pattern, "acs:ram::2:user/alice"), "{pattern}");
        }
        assert!(matches("acs:ram:*:1:user/alice", "acs:ram:cn-beijing:1:user/alice"));
        assert!(!matches("acs:ram::1:user/alice", "acs:ram:cn-beijing:1:user/alice"));
        assert!(!matches("acs:oss::1:bucket", "acs:oss:*:1:bucket"), "only RAM has two spellings");
    }

    #[test]
    fn names_of_principals_and_policies_ignore_case_and_others_do_not() {
        assert!(matches("acs:ram:*:1:role/ECSAdmin", "acs:ram::1:role/ecsadmin"));
        assert!(matches("acs:ram:*:1:role/ecs*", "acs:ram::1:role/ECSAdmin"));
        assert!(matches("acs:ram:*:*:Policy/X", "acs:ram:*:system:policy/x"));
        assert!(!matches("acs:ram:*:1:mfa/Device", "acs:ram::1:mfa/device"));
        assert!(!matches("acs:oss:*:1:role/X", "acs:oss:*:1:role/x"));
    }

    #[test]
    fn equality_knows_the_spellings_and_no_wildcards() {
        let arn = Resource::new("acs:ram::1:role/admin");
        assert!(arn.equals("acs:ram:*:1:role/Admin"));
        assert!(arn.equals("acs:ram::1:role/admin"));
        assert!(!arn.equals("acs:ram:*:1:role/*"));
        assert!(!arn.equals("acs:ram:x:1:role/admin"));
        let device = Resource::new("acs:ram:*:1:mfa/d");
        assert!(device.equals("acs:ram::1:mfa/d") && !device.equals("acs:ram::1:mfa/D"));
        assert!(device.equals_ignore_ascii_case("acs:ram::1:mfa/D"));
    }

    #[test]
    fn long_names_have_two_spellings_too() {
        let name = "ü".repeat(500);
        assert!(matches(&format!("acs:ram:?:1:user/{name}"), &format!("acs:ram::1:user/{name}")));
        assert!(Resource::new(&format!("acs:ram:*:1:x/{name}")).equals(&format!("acs:ram::1:x/{name}")));
    }

    #[test]
    fn odd_names_are_read_without_panic() {
        for text in ["", "acs:ram:", "acs:ram::", "acs:ram:*:", "acs:ram:*", "acs:ram:::", "acs:ram:ü:ü"] {
            assert!(matches("*", text) && Resource::new(text).equals(text), "{text}");
            assert!(!matches("?", text), "{text}");
        }
    }
}
