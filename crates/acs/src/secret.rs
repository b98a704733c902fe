//! Text that must not reach a log, a message or a timing side channel.

use std::fmt;

use subtle::ConstantTimeEq;

/// A secret that a caller sent. `Debug` shows `***`, there is no `Display`, and it is compared in constant time.
#[derive(Clone)]
pub struct Secret(String);

impl Secret {
    /// Wraps the text as it was sent.
    #[must_use]
    pub fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself. Name the reason where it is used.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether this is `other`. The time taken depends on the lengths only. Nothing equals an empty secret.
    #[must_use]
    pub fn matches(&self, other: &[u8]) -> bool {
        !other.is_empty() && bool::from(self.0.as_bytes().ct_eq(other))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matches_only_itself_and_never_the_empty_secret() {
        let secret = Secret::new("s3cret".to_owned());
        assert!(secret.matches(b"s3cret"));
        assert!(!secret.matches(b"s3cre"));
        assert!(!secret.matches(b"s3cretX"));
        assert!(!Secret::new(String::new()).matches(b""));
    }

    #[test]
    fn debug_hides_it() {
        assert_eq!(format!("{:?}", Secret::new("s3cret".to_owned())), "***");
    }
}
