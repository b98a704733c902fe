//! How many tokens an answer says it used. What an upstream says is not trusted to be a sane number.

pub(crate) use bailey_domain::tokens::Tokens;
use serde::Deserialize;
use serde_json::value::RawValue;

/// No call uses more; what says so is wrong, and must not block a workspace for longer than this.
const MOST: u64 = 100_000_000;

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    prompt_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    completion_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    total_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    input_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    output_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    cache_creation_input_tokens: Option<&'a RawValue>,
    #[serde(borrow)]
    cache_read_input_tokens: Option<&'a RawValue>,
}

/// What an answer has told of its usage so far, in whatever dialect. Anthropic tells it in two events: the input with the
/// first, the output with the last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    input: Option<u64>,
    output: Option<u64>,
    total: Option<u64>,
    cache_written: Option<u64>,
    cache_read: Option<u64>,
}

impl Report {
    /// With what a later event tells; what it does not tell stays.
    pub(crate) fn then(self, later: Self) -> Self {
        Self {
            input: later.input.or(self.input),
            output: later.output.or(self.output),
            total: later.total.or(self.total),
            cache_written: later.cache_written.or(self.cache_written),
            cache_read: later.cache_read.or(self.cache_read),
        }
    }

    /// The tokens.
    pub(crate) fn tokens(self) -> Tokens {
        let told = |count: Option<u64>| count.unwrap_or(0);
        // Anthropic counts what a cache takes or gives beside the input; nobody else has these two fields.
        // Embeddings and rankings of DashScope tell their total alone, and have no output.
        let input = self.input.or(self.total.filter(|_| self.output.is_none()));
        let input =
            told(input).saturating_add(told(self.cache_written)).saturating_add(told(self.cache_read));
        let input = input.min(MOST);
        Tokens { input, output: told(self.output).max(told(self.total).saturating_sub(input)) }
    }
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
    last_report(json).map(Report::tokens)
}

/// The same, for what comes in several events.
pub(crate) fn last_report(json: &[u8]) -> Option<Report> {
    let finder = memchr::memmem::FinderRev::new(b"\"usage\"");
    let mut end = json.len();
    while let Some(at) = finder.rfind(&json[..end]) {
        if let Some(report) = usage_at(&json[at + b"\"usage\"".len()..]) {
            return Some(report);
        }
        end = at;
    }
    None
}

fn usage_at(behind: &[u8]) -> Option<Report> {
    let value = behind.trim_ascii_start().strip_prefix(b":")?.trim_ascii_start();
    if value.first() != Some(&b'{') {
        return None;
    }
    let wire = serde_json::Deserializer::from_slice(value).into_iter::<Wire<'_>>().next()?.ok()?;
    let told = |raw: Option<&RawValue>| raw.map(|raw| count(Some(raw)));
    Some(Report {
        // Both names at once are no dialect's; the larger counts.
        input: told(wire.prompt_tokens).max(told(wire.input_tokens)),
        output: told(wire.completion_tokens).max(told(wire.output_tokens)),
        total: told(wire.total_tokens),
        cache_written: told(wire.cache_creation_input_tokens),
        cache_read: told(wire.cache_read_input_tokens),
    })
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
    fn every_dialect_is_read() {
        let dashscope = r#"{"output":{},"usage":{"input_tokens":5,"output_tokens":2,"total_tokens":9,"prompt_tokens_details":{"cached_tokens":4}}}"#;
        assert_eq!(tokens(dashscope), Some((5, 4)));
        let start = r#"{"message":{"usage":{"input_tokens":3,"cache_creation_input_tokens":10,"cache_read_input_tokens":20,"output_tokens":1}}}"#;
        let delta = r#"{"type":"message_delta","usage":{"output_tokens":7}}"#;
        let report = |json: &str| last_report(json.as_bytes()).unwrap();
        assert_eq!(report(start).then(report(delta)).tokens(), Tokens { input: 33, output: 7 });
        let again = r#"{"usage":{"input_tokens":4,"output_tokens":8}}"#;
        assert_eq!(report(start).then(report(again)).tokens(), Tokens { input: 34, output: 8 });
        assert_eq!(tokens(r#"{"output":{"embeddings":[]},"usage":{"total_tokens":8}}"#), Some((8, 0)));
        let huge = r#"{"usage":{"input_tokens":1e30,"cache_read_input_tokens":1e30,"cache_creation_input_tokens":-5}}"#;
        assert_eq!(tokens(huge), Some((MOST, 0)));
        assert_eq!(
            tokens(r#"{"usage":{"prompt_tokens":1,"input_tokens":6,"output_tokens":-1}}"#),
            Some((6, 0))
        );
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
