//! Variables and wildcards of the second evaluator: letters one by one, with backtracking.

use crate::generator::{Fact, Question};
use crate::reference::{ignores_case, spellings};

/// A letter of a filled-in pattern.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Letter {
    Run,
    One,
    Is(char),
}

/// Reads a text, variables filled in; none when a variable has no single value. Wildcards of the text itself count
/// when `wild` says so.
pub(crate) fn fill(text: &str, wild: bool, question: &Question) -> Option<Vec<Letter>> {
    let mut letters = Vec::new();
    let mut rest = text.chars().peekable();
    while let Some(letter) = rest.next() {
        if letter == '$' && rest.peek() == Some(&'{') {
            let name: String = rest.by_ref().skip(1).take_while(|letter| *letter != '}').collect();
            let value = match name.as_str() {
                "*" | "?" | "$" => name,
                key => value_of(key, question)?,
            };
            letters.extend(value.chars().map(Letter::Is));
        } else {
            letters.push(match letter {
                '*' if wild => Letter::Run,
                '?' if wild => Letter::One,
                other => Letter::Is(other),
            });
        }
    }
    Some(letters)
}

fn value_of(key: &str, question: &Question) -> Option<String> {
    let (_, fact) = question.facts.iter().find(|(own, _)| own.eq_ignore_ascii_case(key))?;
    match fact {
        Fact::Text(text) => Some(text.clone()),
        Fact::Ip(address) => Some(address.to_canonical().to_string()),
        Fact::Bool(yes) => Some(yes.to_string()),
        Fact::Texts(texts) if texts.len() == 1 => Some(texts[0].to_owned()),
        Fact::Texts(_) => None,
        Fact::Number(_) | Fact::Time(_) => panic!("no such variable is generated"),
    }
}

/// The text, if no wildcard is left.
pub(crate) fn plain(letters: &[Letter]) -> String {
    let plain = |letter: &Letter| match letter {
        Letter::Is(letter) => *letter,
        Letter::Run | Letter::One => panic!("only texts without wildcards are read as such"),
    };
    letters.iter().map(plain).collect()
}

pub(crate) fn matches(pattern: &[Letter], text: &[char]) -> bool {
    match pattern.split_first() {
        None => text.is_empty(),
        Some((Letter::Run, rest)) => (0..=text.len()).any(|skipped| matches(rest, &text[skipped..])),
        Some((Letter::One, rest)) => !text.is_empty() && matches(rest, &text[1..]),
        Some((Letter::Is(letter), rest)) => text.first() == Some(letter) && matches(rest, &text[1..]),
    }
}

/// Whether the pattern matches a name in one of its spellings.
pub(crate) fn matches_name(pattern: &[Letter], name: &str) -> bool {
    let fold = ignores_case(name);
    let lower = |letter: char| if fold { letter.to_ascii_lowercase() } else { letter };
    let pattern: Vec<Letter> = pattern
        .iter()
        .map(|letter| match letter {
            Letter::Is(letter) => Letter::Is(lower(*letter)),
            other => *other,
        })
        .collect();
    spellings(name).iter().any(|name| {
        let name: Vec<char> = name.chars().map(lower).collect();
        matches(&pattern, &name)
    })
}
