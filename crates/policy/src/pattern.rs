//! Questions about two patterns instead of a pattern and a text: does one hold all that the other holds, do they
//! have anything in common.

use std::borrow::Cow;

/// A piece of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Piece {
    Letter(char),
    One,
    Run,
}

/// A pattern in normal form: within a group of wildcards all `?` stand before a single `*`. ASCII letters are lower
/// case when they fold.
#[derive(Clone, Debug)]
pub(crate) struct Pattern(Vec<Piece>);

impl Pattern {
    /// Reads a pattern, case included.
    pub(crate) fn new(text: &str) -> Self {
        Self::read(text, |letter| letter)
    }

    /// Reads a pattern without regard to ASCII case.
    pub(crate) fn folded(text: &str) -> Self {
        Self::read(text, |letter| letter.to_ascii_lowercase())
    }

    fn read(text: &str, letter_of: impl Fn(char) -> char) -> Self {
        let mut pieces = Vec::new();
        let mut run = false;
        for letter in text.chars() {
            match letter {
                '*' => run = true,
                '?' => pieces.push(Piece::One),
                _ => {
                    if std::mem::take(&mut run) {
                        pieces.push(Piece::Run);
                    }
                    pieces.push(Piece::Letter(letter_of(letter)));
                }
            }
        }
        if run {
            pieces.push(Piece::Run);
        }
        Self(pieces)
    }

    /// Whether every text that `other` matches is matched by this one. A yes is certain; a no may be wrong (`a*` and
    /// `ab` together hold what `a*` holds, but only single patterns are compared).
    pub(crate) fn includes(&self, other: &Self) -> bool {
        // The usual matcher, over pieces: a run is only inside of a run, an unknown letter only of `?` or a run.
        let (wide, narrow) = (&self.0, &other.0);
        let (mut here, mut at) = (0, 0);
        let mut star = None;
        while at < narrow.len() {
            match (wide.get(here), narrow[at]) {
                (Some(Piece::Run), _) => {
                    here += 1;
                    star = Some((here, at));
                    continue;
                }
                (Some(Piece::One), Piece::One | Piece::Letter(_)) => {
                    here += 1;
                    at += 1;
                    continue;
                }
                (Some(Piece::Letter(left)), Piece::Letter(right)) if *left == right => {
                    here += 1;
                    at += 1;
                    continue;
                }
                _ => {}
            }
            let Some((after, run)) = star else { return false };
            star = Some((after, run + 1));
            (here, at) = (after, run + 1);
        }
        wide[here..].iter().all(|piece| *piece == Piece::Run)
    }

    /// Whether some text is matched by both. Exact.
    pub(crate) fn meets(&self, other: &Self) -> bool {
        let (rows, columns) = (&self.0, &other.0);
        // `reachable[column]`: the pieces before this row and this column can match the same text.
        let mut reachable = vec![false; columns.len() + 1];
        reachable[0] = true;
        close(&mut reachable, columns);
        for row in rows {
            let mut next = vec![false; columns.len() + 1];
            for column in 0..=columns.len() {
                if !reachable[column] {
                    continue;
                }
                match (row, columns.get(column)) {
                    (Piece::Run, _) => {
                        next[column..].fill(true);
                        break;
                    }
                    (_, Some(Piece::Run)) => next[column] = true,
                    (Piece::Letter(left), Some(Piece::Letter(right))) if left != right => {}
                    (_, Some(_)) => next[column + 1] = true,
                    (_, None) => {}
                }
            }
            close(&mut next, columns);
            reachable = next;
        }
        reachable[columns.len()]
    }
}

/// A run may be empty: whoever stands before it also stands after it.
fn close(reachable: &mut [bool], columns: &[Piece]) {
    for (column, piece) in columns.iter().enumerate() {
        if reachable[column] && *piece == Piece::Run {
            reachable[column + 1] = true;
        }
    }
}

/// Whether two patterns of resources may match the same resource. RAM ARNs have more than one spelling (see
/// `resource`), so a yes may be wrong; a no is certain.
pub(crate) fn resources_meet(left: &str, right: &str) -> bool {
    let early = |text: &str| text.bytes().take(RAM.len()).any(|byte| matches!(byte, b'*' | b'?'));
    // With a wildcard before the region in both, each might match a different spelling of one name.
    (early(left) && early(right)) || Pattern::folded(&widen(left)).meets(&Pattern::folded(&widen(right)))
}

const RAM: &str = "acs:ram:";

/// A pattern that matches the spelling with an empty region of all RAM ARNs that the given one matches in any spelling.
fn widen(pattern: &str) -> Cow<'_, str> {
    let Some((start, rest)) = pattern.split_at_checked(RAM.len()) else { return pattern.into() };
    if !start.eq_ignore_ascii_case(RAM) {
        return pattern.into();
    }
    match rest.split_once(':') {
        Some(("" | "*", _)) => pattern.into(),
        Some((_, rest)) => format!("{RAM}*:{rest}").into(),
        None => format!("{RAM}*").into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::glob::Glob;

    fn includes(wide: &str, narrow: &str) -> bool {
        Pattern::new(wide).includes(&Pattern::new(narrow))
    }

    fn meets(left: &str, right: &str) -> bool {
        Pattern::new(left).meets(&Pattern::new(right))
    }

    #[test]
    fn inclusion_of_patterns() {
        for (wide, narrow) in [
            ("*", "*"),
            ("*", ""),
            ("a*", "ab*"),
            ("a?", "ab"),
            ("?*", "*?"),
            ("*?", "a"),
            ("*a*", "?a?"),
            ("", ""),
        ] {
            assert!(includes(wide, narrow), "{wide} {narrow}");
        }
        for (wide, narrow) in [
            ("a", "*"),
            ("?", "*"),
            ("ab*", "a*"),
            ("ab", "a?"),
            ("?", ""),
            ("a*b", "a*"),
            ("A", "a"),
            ("", "?"),
        ] {
            assert!(!includes(wide, narrow), "{wide} {narrow}");
        }
        assert!(Pattern::folded("RAM:*").includes(&Pattern::folded("ram:Get*")));
    }

    /// Every pattern and text over a small alphabet: inclusion is sound, meeting is exact.
    #[test]
    fn both_agree_with_the_matcher_on_all_small_cases() {
        let words = |letters: &[char], longest: u32| {
            let mut all = vec![String::new()];
            let mut last = all.clone();
            for _ in 0..longest {
                last = last
                    .iter()
                    .flat_map(|word| letters.iter().map(move |letter| format!("{word}{letter}")))
                    .collect();
                all.extend(last.iter().cloned());
            }
            all
        };
        let texts = words(&['a', 'b'], 6);
        let patterns = words(&['a', 'b', '?', '*'], 3);
        let matched: Vec<Vec<bool>> = patterns
            .iter()
            .map(|pattern| texts.iter().map(|text| Glob::new(pattern).matches(text)).collect())
            .collect();
        let mut included = 0;
        for (left, left_texts) in patterns.iter().zip(&matched) {
            for (right, right_texts) in patterns.iter().zip(&matched) {
                let common = left_texts.iter().zip(right_texts).any(|(left, right)| *left && *right);
                assert_eq!(meets(left, right), common, "{left} {right}");
                if includes(left, right) {
                    included += 1;
                    let escapes = left_texts.iter().zip(right_texts).any(|(left, right)| !*left && *right);
                    assert!(!escapes, "{left} {right}");
                }
            }
        }
        assert!(included > 500, "{included}");
    }

    #[test]
    fn long_patterns_do_not_explode() {
        let (left, right) = ("a*".repeat(1500), "a*".repeat(1499) + "ab");
        assert!(meets(&left, &right) && !includes(&right, &left) && includes(&left, &right));
        assert!(!meets(&format!("{left}c"), &right));
    }

    #[test]
    fn resources_meet_across_their_spellings() {
        for (left, right) in [
            ("acs:ram::1:user/a", "acs:ram:*:1:user/a"),
            ("acs:ram::1:user/a", "acs:ram:?:1:user/A"),
            ("acs:ra?::1:user/a", "acs:r?m:?:1:user/a"),
            ("*", "acs:oss:*:*:b/*"),
        ] {
            assert!(resources_meet(left, right) && resources_meet(right, left), "{left} {right}");
        }
        for (left, right) in [
            ("acs:ram::1:user/a", "acs:ram::1:user/b"),
            ("acs:ram::1:user/a", "acs:ram:*:*:role/*"),
            ("acs:oss:*", "acs:ram:*"),
        ] {
            assert!(!resources_meet(left, right) && !resources_meet(right, left), "{left} {right}");
        }
    }
}
