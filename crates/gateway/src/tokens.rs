//! How many tokens an answer says it used. What an upstream says is not trusted to be a sane number.

use serde::Deserialize;
use serde_json::value::RawValue;

/// No call uses more; what says so is wrong, and must not block a workspace for longer than this.
const MOST: u64 = 100_000_000;

/// Tokens of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tokens {
    /// Of the request.
    pub(crate) input: u64,
    /// Of the answer.
    pub(crate) output: u64,
}

impl Tokens {
    /// Both together.
    pub(crate) fn total(self) -> u64 {
        self.input.saturating_add(self.output)
    }
}

impl Tokens {
    /// What two reports about one call say together: each of them counts up, and some tell the input in one event and the
    /// output in another.
    pub(crate) fn joined(self, other: Self) -> Self {
        Self { input: self.input.max(other.input), output: self.output.max(other.output) }
    }
}

/// OpenAI says prompt and completion, the other two say input and output.
#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow, alias = "input_tokens")]
    prompt_tokens: Option<&'a RawValue>,
    #[serde(borrow, alias = "output_tokens")]
    completion_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    total_tokens: Option<&'a RawValue>,
}

/// Negative, no number or missing counts nothing; too large is cut down. Never a credit.
pub(crate) fn count(raw: Option<&RawValue>) -> u64 {
    let Some(text) = raw.map(RawValue::get) else { return 0 };
    if let Ok(whole) = text.parse::<u64>() {
        return whole.min(MOST);
    }
    match text.parse::<f64>() {
        Ok(number) if number >= MOST as f64 => MOST,
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "between 0 and MOST by the arms around it"
        )]
        Ok(number) if number > 0.0 => number as u64,
        _ => 0,
    }
}

/// The tokens that the last `"usage":{…}` in a piece of JSON tells; `None` when there is none.
///
/// The key is searched for instead of the whole being parsed: an answer's text cannot hold it, because quotes are escaped
/// there.
pub(crate) fn last_usage(json: &[u8]) -> Option<Tokens> {
    let finder = memchr::memmem::FinderRev::new(b"\"usage\"");
    let mut end = json.len();
    while let Some(at) = finder.rfind(&json[..end]) {
        if let Some(tokens) = usage_at(&json[at + b"\"usage\"".len()..]) {
            return Some(tokens);
        }
        end = at;
    }
    None
}

fn usage_at(behind: &[u8]) -> Option<Tokens> {
    let value = behind.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    if value.first() != Some(&b'{') {
        return None;
    }
    let wire = serde_json::Deserializer::from_slice(value).into_iter::<Wire<'_>>().next()?.ok()?;
    let input = count(wire.prompt_tokens);
    let output = count(wire.completion_tokens).max(count(wire.total_tokens).saturating_sub(input));
    Some(Tokens { input, output })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn tokens(json: &str) -> Option<(u64, u64)> {
        last_usage(json.as_bytes()).map(|tokens| (tokens.input, tokens.output))
    }

    #[test]
    fn usage_is_found_wherever_it_stands() {
        assert_eq!(
            tokens(r#"{"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7},"x":1}"#),
            Some((3, 4))
        );
        assert_eq!(
            tokens(
                "{ \"usage\" : {\n \"prompt_tokens\" : 3, \"details\":{\"a\":[1]}, \"total_tokens\":3 } }"
            ),
            Some((3, 0))
        );
        assert_eq!(tokens(r#"{"usage":null}"#), None);
        assert_eq!(tokens(r#"{"usage":{"prompt_tokens":1},"choices":[{"usage":null}]}"#), Some((1, 0)));
        assert_eq!(tokens(r#"{"choices":[{"text":"\"usage\":{\"prompt_tokens\":9}"}]}"#), None);
        assert_eq!(tokens(r#"{"usage":{"prompt_tokens":5"#), None);
        assert_eq!(tokens(""), None);
    }

    #[test]
    fn hostile_numbers_give_no_credit() {
        let with = |number: &str| {
            tokens(&format!(r#"{{"usage":{{"prompt_tokens":{number},"completion_tokens":1}}}}"#))
        };
        for nothing in ["-5", "-1e300", "null", "\"7\"", "[1]", "{}", "true", "-0.5", "1e-9"] {
            assert_eq!(with(nothing), Some((0, 1)), "{nothing}");
        }
        for huge in ["18446744073709551615", "99999999999999999999999", "1e308", "1e999"] {
            assert_eq!(with(huge), Some((MOST, 1)), "{huge}");
        }
        assert_eq!(with("2.9"), Some((2, 1)));
        assert_eq!(
            tokens(r#"{"usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":-4}}"#),
            Some((10, 2))
        );
        assert_eq!(
            tokens(r#"{"usage":{"prompt_tokens":10,"completion_tokens":2,"total_tokens":30}}"#),
            Some((10, 20))
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            let _ = last_usage(&[b"\"usage\":{", &bytes[..]].concat());
            let _ = last_usage(&bytes);
        }
    }
}
