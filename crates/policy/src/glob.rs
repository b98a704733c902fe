//! Patterns with `*` (any run of characters, also empty) and `?` (exactly one character).

/// A compiled pattern. `*` crosses `/` and `:`; there is no escape character.
///
/// Matching goes forward only, from the last `*` that it met, so it costs at most the length of the text times the
/// length of the longest piece between two stars, never more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    text: Box<str>,
    /// How many bytes stand before the first wildcard.
    head: usize,
    /// How many bytes stand after the last wildcard, if that is a star.
    tail: usize,
    between: Between,
}

/// What a pattern has between its head and its tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Between {
    Nothing,
    Star,
    /// A star, a piece without wildcards, a star: `acs:oss:*:1:bucket/*` and most others that are not simpler.
    Piece,
    /// Several pieces, with stars around each.
    Pieces,
    /// Wildcards among which is `?`.
    Questions,
}

impl Glob {
    /// Compiles a pattern; every text is one.
    pub fn new(pattern: &str) -> Self {
        let head = pattern.find(['*', '?']).unwrap_or(pattern.len());
        let tail = match pattern.rfind(['*', '?']) {
            Some(last) if pattern.as_bytes()[last] == b'*' => pattern.len() - last - 1,
            _ => 0,
        };
        let middle = &pattern[head..pattern.len() - tail];
        let between = match (middle, middle.bytes().filter(|byte| *byte == b'*').count()) {
            ("", _) => Between::Nothing,
            ("*", _) => Between::Star,
            _ if middle.contains('?') => Between::Questions,
            (_, 2) => Between::Piece,
            _ => Between::Pieces,
        };
        Self { text: pattern.into(), head, tail, between }
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Whether it matches every text, having nothing but stars.
    pub fn is_any(&self) -> bool {
        !self.text.is_empty() && self.text.bytes().all(|byte| byte == b'*')
    }

    /// Whether it matches the whole text, case included.
    pub fn matches(&self, text: &str) -> bool {
        self.matches_bytes::<false>(text.as_bytes())
    }

    /// Whether it matches the whole text when `A` to `Z` count as `a` to `z`.
    pub fn matches_ignore_ascii_case(&self, text: &str) -> bool {
        self.matches_bytes::<true>(text.as_bytes())
    }

    /// What stands before the first wildcard.
    pub(crate) fn head(&self) -> &str {
        &self.text[..self.head]
    }

    /// The matcher, over the bytes of a text, with or without regard to ASCII case.
    pub(crate) fn matches_bytes<const FOLD: bool>(&self, text: &[u8]) -> bool {
        let pattern = self.text.as_bytes();
        // Most names differ from most patterns in what stands before the first or after the last wildcard.
        let Some(between) = text.len().checked_sub(self.head + self.tail) else { return false };
        let (head, rest) = text.split_at(self.head);
        let (rest, tail) = rest.split_at(between);
        let (own_head, own_rest) = pattern.split_at(self.head);
        let (own_rest, own_tail) = own_rest.split_at(own_rest.len() - self.tail);
        if !equal::<FOLD>(own_head, head) || (self.tail > 0 && !equal::<FOLD>(own_tail, tail)) {
            return false;
        }
        match self.between {
            Between::Nothing => rest.is_empty(),
            Between::Star => true,
            Between::Piece => after::<FOLD>(&own_rest[1..own_rest.len() - 1], rest).is_some(),
            Between::Pieces => {
                let mut pieces = own_rest.split(|byte| *byte == b'*');
                pieces.try_fold(rest, |rest, piece| after::<FOLD>(piece, rest)).is_some()
            }
            Between::Questions => matches_any::<FOLD, b'*', b'?'>(own_rest, rest),
        }
    }
}

/// What stands after the first occurrence of a piece without wildcards.
fn after<'t, const FOLD: bool>(piece: &[u8], mut text: &'t [u8]) -> Option<&'t [u8]> {
    let Some((first, others)) = piece.split_first() else { return Some(text) };
    loop {
        let last = text.len().checked_sub(piece.len())?;
        let mut candidates = text[..=last].iter();
        let at = if FOLD && first.is_ascii_alphabetic() {
            candidates.position(|byte| byte.eq_ignore_ascii_case(first))
        } else {
            candidates.position(|byte| byte == first)
        };
        text = &text[at? + 1..];
        let (found, rest) = text.split_at(others.len());
        // Looking at one more byte first saves most comparisons of whole pieces.
        let begins = others.iter().zip(found).next().is_none_or(|(own, byte)| same::<FOLD>(*own, *byte));
        if begins && equal::<FOLD>(others, found) {
            return Some(rest);
        }
    }
}

/// Stands for `*` in a pattern that holds any text besides: no text in UTF-8 has this byte.
pub(crate) const ANY_RUN: u8 = 0xff;
/// Stands for `?` likewise.
pub(crate) const ONE: u8 = 0xfe;

/// Matches a pattern whose wildcards are [`ANY_RUN`] and [`ONE`].
pub(crate) fn matches_marked<const FOLD: bool>(pattern: &[u8], text: &[u8]) -> bool {
    matches_any::<FOLD, ANY_RUN, ONE>(pattern, text)
}

/// Matches any pattern, with the given bytes as wildcards.
fn matches_any<const FOLD: bool, const RUN: u8, const SINGLE: u8>(pattern: &[u8], text: &[u8]) -> bool {
    let (mut here, mut at) = (0, 0);
    // Where the pattern goes on after the last star, and where in the text the run of that star ends.
    let mut star = None;
    while let Some(&byte) = text.get(at) {
        match pattern.get(here) {
            Some(&own) if own == RUN => {
                here += 1;
                star = Some((here, at));
                continue;
            }
            Some(&own) if own == SINGLE => {
                here += 1;
                at += width(byte);
                continue;
            }
            Some(&own) if same::<FOLD>(own, byte) => {
                here += 1;
                at += 1;
                continue;
            }
            _ => {}
        }
        let Some((after, run)) = star else { return false };
        // Whole characters only, or a later `?` would start inside of one.
        let longer = run + text.get(run).map_or(1, |first| width(*first));
        star = Some((after, longer));
        (here, at) = (after, longer);
    }
    pattern[here..].iter().all(|byte| *byte == RUN)
}

fn same<const FOLD: bool>(left: u8, right: u8) -> bool {
    if FOLD { left.eq_ignore_ascii_case(&right) } else { left == right }
}

pub(crate) fn equal<const FOLD: bool>(left: &[u8], right: &[u8]) -> bool {
    // Mostly the case is the same anyway, and comparing as it stands is much faster.
    left == right || (FOLD && left.eq_ignore_ascii_case(right))
}

/// How many bytes the character has that begins with this byte.
fn width(first: u8) -> usize {
    match first {
        0..0x80 => 1,
        0x80..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0.. => 4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_and_question_marks() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("**", "a/b:c", true),
            ("", "", true),
            ("", "a", false),
            ("?", "", false),
            ("?", "ü", true),
            ("?", "üü", false),
            ("*?", "漢字", true),
            ("*?字", "漢字", true),
            ("a*b", "a/:b", true),
            ("a*b", "ab", true),
            ("a*b", "abc", false),
            ("ram:Get*", "ram:GetUser", true),
            ("ram:Get*", "ram:get", false),
            ("*a?", "aab", true),
            ("*a?c*", "abaac", true),
            ("a**?", "a", false),
            ("[a]", "a", false),
        ] {
            assert_eq!(Glob::new(pattern).matches(text), expected, "{pattern} {text}");
        }
        assert!(Glob::new("RAM:g*R").matches_ignore_ascii_case("ram:GetUser"));
        assert!(!Glob::new("Ü").matches_ignore_ascii_case("ü"));
    }

    #[test]
    fn many_stars_do_not_explode() {
        let pattern = Glob::new(&"a*".repeat(3000));
        let text = format!("{}b", "a".repeat(2999));
        assert!(!pattern.matches(&text));
        assert!(pattern.matches(&"a".repeat(5000)));
    }
}
