//! How much a model shall think: OpenAI and Anthropic say it in words, DashScope with a switch and a number of tokens, and
//! Anthropic with a number too.

use super::conversation::Thinking;

/// Anthropic's least.
pub(super) const LEAST_BUDGET: u64 = 1024;
const LOW: u64 = 2048;
const MEDIUM: u64 = 8192;
const HIGH: u64 = 24_576;

/// OpenAI's word. Nothing where thinking is switched off: models that do not think refuse every word.
pub(super) fn effort<'a>(thinking: &'a Thinking<'_>) -> Option<&'a str> {
    if let Some(word) = &thinking.effort {
        // Anthropic's.
        return Some(if **word == *"max" { "xhigh" } else { word });
    }
    if thinking.is_on == Some(false) {
        return None;
    }
    match thinking.budget {
        Some(tokens) if tokens <= LOW => Some("low"),
        Some(tokens) if tokens > MEDIUM => Some("high"),
        _ => Some("medium"),
    }
}

/// Whether it is on.
pub(super) fn is_on(thinking: &Thinking<'_>) -> bool {
    thinking.is_on.unwrap_or_else(|| thinking.effort.as_deref() != Some("none"))
}

/// Most tokens, if they are said in either way.
pub(super) fn budget(thinking: &Thinking<'_>) -> Option<u64> {
    thinking.budget.or_else(|| match thinking.effort.as_deref()? {
        "minimal" => Some(LEAST_BUDGET),
        "low" => Some(LOW),
        "medium" => Some(MEDIUM),
        _ => Some(HIGH),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thinking(is_on: Option<bool>, budget: Option<u64>, effort: Option<&'static str>) -> Thinking<'static> {
        Thinking { is_on, budget, effort: effort.map(Into::into) }
    }

    #[test]
    fn words_and_numbers_stand_for_each_other() {
        assert_eq!(effort(&thinking(Some(false), None, None)), None);
        assert_eq!(effort(&thinking(Some(true), None, None)), Some("medium"));
        for word in ["low", "medium", "high"] {
            let said = thinking(None, None, Some(word));
            let number = budget(&said);
            assert_eq!(effort(&thinking(None, number, None)), Some(word));
            assert!(is_on(&said));
        }
        assert!(!is_on(&thinking(None, None, Some("none"))));
        assert_eq!(effort(&thinking(None, None, Some("max"))), Some("xhigh"));
        assert_eq!(budget(&thinking(Some(true), None, None)), None);
    }
}
