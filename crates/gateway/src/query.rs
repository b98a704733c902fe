//! The query of a request, and pages as native clients ask for them.

use serde::Serialize;
use serde_json::{Value, json};

use crate::envelope::Invalid;

/// The largest page.
pub(crate) const LARGEST_PAGE: usize = 1000;

/// The query of a request.
#[derive(Debug)]
pub(crate) struct Query<'a>(pub(crate) &'a str);

impl Query<'_> {
    /// The value of a parameter.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        form_urlencoded::parse(self.0.as_bytes())
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.into_owned())
    }

    /// A parameter that is a whole number within bounds.
    pub(crate) fn number(
        &self,
        name: &'static str,
        least: usize,
        most: usize,
    ) -> Result<Option<usize>, Invalid> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse() {
            Ok(number) if (least..=most).contains(&number) => Ok(Some(number)),
            _ if most == usize::MAX => {
                Err(Invalid::field(name, format_args!("must be a whole number from {least} on")))
            }
            _ => Err(Invalid::field(name, format_args!("must be a whole number from {least} to {most}"))),
        }
    }
}

/// A page by its number.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paging {
    number: usize,
    size: usize,
}

impl Paging {
    /// Reads `page_no` and `page_size`.
    pub(crate) fn of(query: &Query<'_>) -> Result<Self, Invalid> {
        let number = query.number("page_no", 1, usize::MAX)?.unwrap_or(1);
        let size = query.number("page_size", 1, LARGEST_PAGE)?.unwrap_or(20);
        Ok(Self { number, size })
    }

    /// The page of what there is.
    pub(crate) fn page(self, all: Vec<impl Serialize>) -> Value {
        let total = all.len();
        let skipped = (self.number - 1).saturating_mul(self.size);
        let models: Vec<_> = all.into_iter().skip(skipped).take(self.size).collect();
        json!({"total": total, "page_no": self.number, "page_size": self.size, "models": models})
    }
}
