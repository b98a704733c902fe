//! Budgets that count: what calls in flight may cost, and what those that ended did.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use smallvec::SmallVec;

use crate::budget::{Budget, BudgetLevel, Month};
use crate::id::AccountId;

/// Notices that nobody has written down yet, of all budgets.
pub(crate) type Crossings = Arc<Mutex<Vec<Crossing>>>;

/// A budget that has reached one of its percentages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Crossing {
    /// Whose it is.
    pub account: AccountId,
    /// Which.
    pub level: BudgetLevel,
    /// In which month.
    pub month: Month,
    /// The percentage.
    pub percent: u8,
}

/// How a budget stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Spending {
    /// The month that is counted.
    pub month: Month,
    /// What calls that have ended did cost, in micro-units.
    pub spent_micro: u64,
    /// What calls in flight may cost at most.
    pub reserved_micro: u64,
}

/// A budget with what counts against it.
#[derive(Debug)]
pub(crate) struct Purse {
    account: AccountId,
    level: BudgetLevel,
    crossings: Crossings,
    money: Mutex<Money>,
}

#[derive(Debug)]
struct Money {
    budget: Budget,
    month: Month,
    spent: u64,
    reserved: u64,
    /// How many of the budget's percentages were told.
    told: usize,
}

impl Money {
    /// A new month begins with nothing spent; what is in flight belongs to the one in which it was admitted. A clock that
    /// steps back changes nothing.
    fn advance(&mut self, month: Month) {
        if month > self.month {
            (self.month, self.spent, self.reserved, self.told) = (month, 0, 0, 0);
        }
    }

    fn has_room(&self, cost: u64) -> bool {
        let whole = self.spent.saturating_add(self.reserved).saturating_add(cost);
        !self.budget.hard_stop || whole <= self.budget.amount_micro
    }
}

impl Purse {
    pub(crate) fn new(
        account: AccountId,
        level: BudgetLevel,
        crossings: Crossings,
        budget: Budget,
        (month, spent): (Month, u64),
    ) -> Self {
        // What was reached before is written down already, or was reached before there was anything to tell.
        let told = budget.reached(spent);
        Self {
            account,
            level,
            crossings,
            money: Mutex::new(Money { budget, month, spent, reserved: 0, told }),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Money> {
        self.money.lock().expect("sums that saturate do not panic")
    }

    /// Takes another amount, and keeps what is counted.
    pub(crate) fn set(&self, budget: Budget) {
        let mut money = self.lock();
        money.told = budget.reached(money.spent);
        money.budget = budget;
    }

    pub(crate) fn spending(&self, now_ms: i64) -> Spending {
        let mut money = self.lock();
        money.advance(Month::of(now_ms));
        Spending { month: money.month, spent_micro: money.spent, reserved_micro: money.reserved }
    }

    fn settle(&self, month: Month, reserved: u64, cost: u64) {
        let mut money = self.lock();
        if money.month != month {
            return;
        }
        money.reserved = money.reserved.saturating_sub(reserved);
        money.spent = money.spent.saturating_add(cost);
        let reached = money.budget.reached(money.spent);
        if reached > money.told {
            let percents = money.budget.notices[money.told..reached].iter();
            let crossed = percents.map(|percent| Crossing {
                account: self.account,
                level: self.level,
                month,
                percent: *percent,
            });
            self.crossings.lock().unwrap_or_else(PoisonError::into_inner).extend(crossed);
            money.told = reached;
        }
    }
}

/// The budgets that count for a call, from the widest to the narrowest: account, workspace, member, key.
pub(super) type Purses<'a> = [Option<&'a Arc<Purse>>; 4];

#[derive(Debug)]
struct Share {
    purse: Arc<Purse>,
    month: Month,
}

/// What a call in flight may cost, taken from its budgets. Dropped, it gives all back.
#[derive(Debug, Default)]
pub(super) struct Shares {
    cost: u64,
    shares: SmallVec<[Share; 4]>,
}

/// Takes what a call may cost from every budget, or from none: then the number of the one without room comes back. All are
/// locked, widest first, while they are looked at, so that concurrent calls cannot each see room for one.
pub(super) fn take(purses: Purses<'_>, now_ms: i64, cost: u64) -> Result<Shares, usize> {
    let month = Month::of(now_ms);
    let mut open: SmallVec<[(&Arc<Purse>, MutexGuard<'_, Money>); 4]> = SmallVec::new();
    for (level, purse) in purses.into_iter().enumerate() {
        let Some(purse) = purse else { continue };
        let mut money = purse.lock();
        money.advance(month);
        if !money.has_room(cost) {
            return Err(level);
        }
        open.push((purse, money));
    }
    let share = |(purse, money): &mut (&Arc<Purse>, MutexGuard<'_, Money>)| {
        money.reserved = money.reserved.saturating_add(cost);
        Share { purse: Arc::clone(purse), month: money.month }
    };
    Ok(Shares { cost, shares: open.iter_mut().map(share).collect() })
}

impl Shares {
    /// The call is over and cost so much.
    pub(super) fn settle(&mut self, cost: u64) {
        for share in self.shares.drain(..) {
            share.purse.settle(share.month, self.cost, cost);
        }
    }
}

impl Drop for Shares {
    fn drop(&mut self) {
        self.settle(0);
    }
}
