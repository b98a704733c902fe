//! Tokens of a call: what it may use, before, and what it used.

use crate::model::{Model, Price};

/// Tokens of one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    /// Of the request.
    pub input: u64,
    /// Of the answer.
    pub output: u64,
}

impl Tokens {
    /// Both together.
    pub fn total(self) -> u64 {
        self.input.saturating_add(self.output)
    }
}

/// What a request says about the tokens that it will take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Expected {
    /// Tokens of input, estimated.
    pub input_tokens: u64,
    /// The most tokens of output that it asks for, of each choice.
    pub output_tokens: Option<u64>,
    /// How many choices it asks for; none means one.
    pub choices: u64,
}

/// Bytes of a request or an answer that are taken for a token where nobody has counted. English has four and more, Chinese
/// in UTF-8 three to a token; what is around the text makes it rather less.
const BYTES_PER_TOKEN: u64 = 3;

/// The tokens of so many bytes, estimated high rather than low.
pub fn of_bytes(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX).div_ceil(BYTES_PER_TOKEN)
}

/// No call costs more: a price or a count that says so is wrong, and must not spoil sums.
pub const MOST_COST: u64 = 1_000_000_000_000;

impl Model {
    /// What so many tokens cost, in micro-units, rounded up to a whole one. Where a kind has several prices, they add up.
    pub fn cost(&self, tokens: Tokens) -> u64 {
        let of = |price: &Price| {
            let priced = match price.kind.as_str() {
                "input" => tokens.input,
                "output" => tokens.output,
                _ => 0,
            };
            u128::from(priced) * u128::from(price.micro_per_thousand_tokens)
        };
        let thousandths = self.prices.iter().map(of).fold(0, u128::saturating_add);
        u64::try_from(thousandths.div_ceil(1000)).map_or(MOST_COST, |cost| cost.min(MOST_COST))
    }

    /// The most that a call may use, where one that names no most of its own, of a model that has none, is taken to
    /// use `usual` tokens of output.
    pub fn may_use(&self, expected: Expected, usual: u64) -> Tokens {
        let most = self.max_output_tokens.unwrap_or(u64::MAX);
        let each = expected.output_tokens.or(self.max_output_tokens).unwrap_or(usual).min(most);
        let input = self.max_input_tokens.or(self.context_window).unwrap_or(u64::MAX);
        Tokens {
            input: expected.input_tokens.min(input),
            output: each.saturating_mul(expected.choices.max(1)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::ModelName;

    fn model(input: Option<u64>, output: Option<u64>) -> Model {
        Model {
            model: ModelName::parse("model", "m").unwrap(),
            name: String::new(),
            capabilities: Vec::new(),
            context_window: None,
            max_input_tokens: input,
            max_output_tokens: output,
            prices: Vec::new(),
            routes: Vec::new(),
        }
    }

    #[test]
    fn a_cost_is_rounded_up_once_and_never_absurd() {
        let price = |kind: &str, micro_per_thousand_tokens| Price {
            kind: kind.to_owned(),
            micro_per_thousand_tokens,
        };
        let priced = |prices: &[Price]| Model { prices: prices.to_vec(), ..model(None, None) };
        let cost = |model: &Model, input, output| model.cost(Tokens { input, output });
        assert_eq!(cost(&model(None, None), 1000, 1000), 0);
        let both = priced(&[price("input", 800), price("output", 2000)]);
        assert_eq!(cost(&both, 1000, 500), 1800);
        assert_eq!(
            [cost(&both, 0, 0), cost(&both, 1, 0), cost(&both, 1, 1), cost(&both, 5, 3)],
            [0, 1, 3, 10]
        );
        let absurd = priced(&[price("input", u64::MAX), price("output", u64::MAX)]);
        assert_eq!(cost(&absurd, u64::MAX, u64::MAX), MOST_COST);
    }

    #[test]
    fn a_call_may_use_what_it_names_or_what_its_model_can_or_the_usual() {
        let asks = |input_tokens, output_tokens, choices| Expected { input_tokens, output_tokens, choices };
        for (expected, input, output, may) in [
            (asks(5, Some(7), 1), None, None, (5, 7)),
            (asks(5, Some(7), 0), None, Some(3), (5, 3)),
            (asks(5, None, 1), None, Some(300), (5, 300)),
            (asks(5, None, 1), None, None, (5, 4096)),
            (asks(5, Some(7), 4), None, None, (5, 28)),
            (asks(5, Some(0), 4), None, Some(9), (5, 0)),
            (asks(500, Some(7), 1), Some(100), None, (100, 7)),
            (asks(u64::MAX, Some(u64::MAX), u64::MAX), None, None, (u64::MAX, u64::MAX)),
        ] {
            let tokens = model(input, output).may_use(expected, 4096);
            assert_eq!((tokens.input, tokens.output), may, "{expected:?}");
        }
        assert_eq!(asks(1, Some(u64::MAX), 1).output_tokens, Some(u64::MAX));
        assert_eq!(Tokens { input: u64::MAX, output: 1 }.total(), u64::MAX);
        assert_eq!([of_bytes(0), of_bytes(1), of_bytes(3), of_bytes(4)], [0, 1, 1, 2]);
    }
}
