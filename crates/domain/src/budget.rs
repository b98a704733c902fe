//! Budgets: how much calls may cost in a calendar month (UTC), and the calendar.

use serde::{Deserialize, Serialize};

use crate::error::Error;
use crate::id::{ApiKeyId, UserId, WorkspaceId};

/// The largest budget, in micro-units: ten thousand millions of the account's currency.
pub const MOST_AMOUNT: u64 = 10_000_000_000_000_000;
/// The most thresholds of one budget.
const MOST_NOTICES: usize = 10;

/// What a budget is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "level", content = "id")]
pub enum BudgetLevel {
    /// The sum over the account.
    Account,
    /// One workspace.
    Workspace(WorkspaceId),
    /// What one person's keys spend in one workspace.
    Member(WorkspaceId, UserId),
    /// One API key.
    Key(ApiKeyId),
}

impl BudgetLevel {
    /// The level's name in APIs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Workspace(_) => "workspace",
            Self::Member(..) => "member",
            Self::Key(_) => "key",
        }
    }
}

/// So much per month.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Budget {
    /// In micro-units of the account's currency.
    pub amount_micro: u64,
    /// Percentages at which notice is given, ascending.
    pub notices: Vec<u8>,
    /// Whether calls that cost something are refused when it is used up.
    pub hard_stop: bool,
}

impl Budget {
    /// A budget. Percentages are 1 to 100; given twice they count once.
    pub fn new(amount_micro: u64, mut notices: Vec<u8>, hard_stop: bool) -> Result<Self, Error> {
        if amount_micro > MOST_AMOUNT {
            return Err(Error::field("amountMicro", format_args!("must be at most {MOST_AMOUNT}")));
        }
        notices.sort_unstable();
        notices.dedup();
        if notices.len() > MOST_NOTICES {
            return Err(Error::field("notices", format_args!("must be at most {MOST_NOTICES} percentages")));
        }
        if notices.iter().any(|percent| !(1..=100).contains(percent)) {
            return Err(Error::field("notices", "must be percentages from 1 to 100"));
        }
        Ok(Self { amount_micro, notices, hard_stop })
    }

    /// How many of the percentages so much has reached.
    pub fn reached(&self, spent: u64) -> usize {
        let reached =
            |percent: &&u8| u128::from(spent) * 100 >= u128::from(self.amount_micro) * u128::from(**percent);
        self.notices.iter().take_while(reached).count()
    }
}

/// A calendar month in UTC, counted from the beginning of year 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Month(i64);

const DAY_MS: i64 = 24 * 3_600_000;

impl Month {
    /// The month of a moment.
    pub fn of(at_ms: i64) -> Self {
        // Years that begin in March have their leap day at the end: https://howardhinnant.github.io/date_algorithms.html
        let days = at_ms.div_euclid(DAY_MS) + 719_468;
        let day = days.rem_euclid(146_097);
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153 + 2;
        Self((days.div_euclid(146_097) * 400 + year) * 12 + month)
    }

    /// When it begins, in milliseconds since the epoch.
    pub fn begins_ms(self) -> i64 {
        let from_march = self.0 - 2;
        let (year, month) = (from_march.div_euclid(12), from_march.rem_euclid(12));
        let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
        let days = era * 146_097 + 365 * year + year / 4 - year / 100 + (153 * month + 2) / 5;
        (days - 719_468) * DAY_MS
    }

    /// When the next one begins.
    pub fn ends_ms(self) -> i64 {
        Self(self.0 + 1).begins_ms()
    }
}

impl std::fmt::Display for Month {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:04}-{:02}", self.0.div_euclid(12), self.0.rem_euclid(12) + 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_where_the_calendar_says() {
        for (moment, month, begins, ends) in [
            (0, "1970-01", 0, 31 * DAY_MS),
            // 2026-11-24T00:00:00Z, and the last and first milliseconds around a year's end.
            (1_795_478_400_000, "2026-11", 1_793_491_200_000, 1_796_083_200_000),
            (1_798_761_599_999, "2026-12", 1_796_083_200_000, 1_798_761_600_000),
            (1_798_761_600_000, "2027-01", 1_798_761_600_000, 1_801_440_000_000),
            // 2028-02-29T12:00:00Z
            (1_835_438_400_000, "2028-02", 1_832_976_000_000, 1_835_481_600_000),
            (-1, "1969-12", -31 * DAY_MS, 0),
        ] {
            let of = Month::of(moment);
            assert_eq!(
                (of.to_string().as_str(), of.begins_ms(), of.ends_ms()),
                (month, begins, ends),
                "{moment}"
            );
        }
        let mut month = Month::of(0);
        for _ in 0..5000 {
            let ends = month.ends_ms();
            assert_eq!(Month::of(ends - 1), month);
            assert!(Month::of(ends) > month);
            month = Month::of(ends);
        }
        assert_eq!(month.to_string(), "2386-09");
    }

    #[test]
    fn notices_are_percentages_in_order() {
        let budget = Budget::new(200, vec![100, 50, 80, 50], true).unwrap();
        assert_eq!(budget.notices, [50, 80, 100]);
        assert_eq!(
            [0, 99, 100, 159, 160, 199, 200, u64::MAX].map(|spent| budget.reached(spent)),
            [0, 0, 1, 1, 2, 2, 3, 3]
        );
        for wrong in [vec![0], vec![101], (1..=11).collect()] {
            assert!(Budget::new(200, wrong, true).is_err());
        }
        assert!(Budget::new(MOST_AMOUNT + 1, Vec::new(), false).is_err());
    }
}
