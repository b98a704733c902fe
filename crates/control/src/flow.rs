//! How often an account may do a thing in one second.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use bailey_domain::{AccountId, Error};

/// Counts of the present second, by account.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    seconds: Mutex<HashMap<AccountId, (i64, u32)>>,
}

impl Flow {
    /// Counts one more, or refuses it.
    pub(crate) fn count(&self, account: AccountId, now_ms: i64, quota: u32) -> Result<(), Error> {
        let now = now_ms.div_euclid(1000);
        let mut seconds = self.seconds.lock().unwrap_or_else(PoisonError::into_inner);
        let (second, count) = seconds.entry(account).or_default();
        if *second != now {
            (*second, *count) = (now, 0);
        }
        if *count >= quota {
            return Err(Error::Throttled { quota });
        }
        *count += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_account_has_its_own_count_and_every_second_a_new_one() {
        let flow = Flow::default();
        let [here, there] = ["1000000000000001", "1000000000000002"].map(|id| id.parse().unwrap());
        for now in [5_000, 5_999] {
            flow.count(here, now, 2).unwrap();
        }
        assert_eq!(flow.count(here, 5_999, 2).unwrap_err().code(), "Throttling.User");
        flow.count(there, 5_999, 2).unwrap();
        flow.count(here, 6_000, 2).unwrap();
        assert!(flow.count(here, 6_000, 0).is_err());
    }
}
