//! When access keys were last used. Noting it costs a call nothing but a moment's lock; it is written now and then, each
//! key at most once a minute.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bailey_domain::name::UserName;
use bailey_domain::operations::GetAccessKeyLastUsed;
use bailey_domain::{AccessKeyId, AccountId, Caller, Error};
use bailey_store::LastUse;

use crate::access_keys::Owner;
use crate::control::Control;

/// A key's last use is written when the writing before is this old.
const REST_MS: i64 = 60_000;

/// The uses that were noted and are not written yet, or were a moment ago. There are no more of them than access keys.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastUsed {
    seen: Arc<Mutex<HashMap<AccessKeyId, Seen>>>,
}

#[derive(Clone, Copy, Debug)]
struct Seen {
    account: AccountId,
    at_ms: i64,
    service: &'static str,
    /// What of it is written, and when that was.
    written: Option<(i64, i64)>,
}

impl Seen {
    fn is_written(&self) -> bool {
        self.written.is_some_and(|(at_ms, _)| at_ms >= self.at_ms)
    }

    fn rests(&self, now_ms: i64) -> bool {
        self.written.is_some_and(|(_, when)| now_ms - when < REST_MS)
    }
}

/// Which uses are to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Due {
    /// Those of keys that have rested.
    Rested,
    /// All: somebody needs them, or the process ends.
    All,
}

impl LastUsed {
    fn lock(&self) -> MutexGuard<'_, HashMap<AccessKeyId, Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, account: AccountId, access_key: AccessKeyId, service: &'static str, at_ms: i64) {
        let mut seen = self.lock();
        let entry = seen.entry(access_key).or_insert(Seen { account, at_ms, service, written: None });
        (entry.at_ms, entry.service) = (at_ms.max(entry.at_ms), service);
    }

    fn find(&self, access_key: AccessKeyId) -> Option<LastUse> {
        let seen = self.lock();
        seen.get(&access_key).map(|seen| LastUse { at_ms: seen.at_ms, service: seen.service.to_owned() })
    }

    fn due(&self, due: Due, now_ms: i64) -> Vec<(AccountId, AccessKeyId, LastUse)> {
        let seen = self.lock();
        let due =
            seen.iter().filter(|(_, seen)| !seen.is_written() && (due == Due::All || !seen.rests(now_ms)));
        due.map(|(id, seen)| {
            (seen.account, *id, LastUse { at_ms: seen.at_ms, service: seen.service.to_owned() })
        })
        .collect()
    }

    /// Remembers what was written, and forgets what has nothing more to say.
    fn written(&self, uses: &[(AccountId, AccessKeyId, LastUse)], now_ms: i64) {
        let mut seen = self.lock();
        for (_, id, last) in uses {
            if let Some(entry) = seen.get_mut(id) {
                entry.written = Some((last.at_ms, now_ms));
            }
        }
        seen.retain(|_, seen| !seen.is_written() || seen.rests(now_ms));
    }
}

impl Control {
    /// Notes that an access key was used with a service.
    pub fn note_use(&self, account: AccountId, access_key: AccessKeyId, service: &'static str, at_ms: i64) {
        self.last_used.note(account, access_key, service, at_ms);
    }

    /// Writes what was noted.
    pub async fn write_last_uses(&self, due: Due) -> Result<(), Error> {
        let now_ms = self.clock.now_ms();
        let uses = self.last_used.due(due, now_ms);
        if !uses.is_empty() {
            self.store.record_last_uses(&uses).await?;
        }
        self.last_used.written(&uses, now_ms);
        Ok(())
    }

    /// Says when an access key was last used; `None` when it never was.
    pub async fn get_access_key_last_used(
        &self,
        caller: &Caller,
        name: Option<&UserName>,
        id: AccessKeyId,
    ) -> Result<Option<LastUse>, Error> {
        let Owner { principal, scope, label } = self.owner::<GetAccessKeyLastUsed>(caller, name).await?;
        let permit = self.permit::<GetAccessKeyLastUsed>(caller, scope, &label).await?;
        let kept = self.store.find_last_use(&permit, principal, id).await?;
        Ok(self.last_used.find(id).or(kept))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bailey_domain::clock::Fixed;

    #[test]
    fn a_key_is_written_once_a_minute_and_forgotten_when_it_rests() {
        let entropy = Fixed::seeded(5);
        let (account, key) = (AccountId::random(&entropy), AccessKeyId::random(&entropy));
        let used = LastUsed::default();
        let due =
            |due, now_ms| used.due(due, now_ms).into_iter().map(|(.., last)| last.at_ms).collect::<Vec<_>>();
        used.note(account, key, "Ram", 1_000);
        used.note(account, key, "Sts", 2_000);
        used.note(account, key, "Ram", 1_500);
        assert_eq!(due(Due::Rested, 2_000), [2_000], "the latest counts, whatever order they are noted in");
        used.written(&used.due(Due::Rested, 2_000), 2_000);
        assert_eq!(due(Due::All, 2_000), [0; 0], "there is nothing new");
        used.note(account, key, "Ims", 3_000);
        assert_eq!(due(Due::Rested, 61_999), [0; 0], "it rests for a minute");
        assert_eq!(due(Due::All, 3_000), [3_000]);
        assert_eq!(due(Due::Rested, 62_000), [3_000]);
        used.written(&used.due(Due::Rested, 62_000), 62_000);
        assert_eq!(used.find(key).map(|last| last.service), Some("Ims".to_owned()));
        used.written(&[], 122_000);
        assert_eq!(used.find(key), None, "what is written and has rested is forgotten");
    }
}
