//! When access keys and API keys were last used. Noting it costs a call nothing but a moment's lock; it is written now and then,
//! each key at most once a minute.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bailey_domain::name::UserName;
use bailey_domain::operations::GetAccessKeyLastUsed;
use bailey_domain::{AccessKeyId, AccountId, ApiKeyId, Caller, Error};
use bailey_store::LastUse;

use crate::access_keys::Owner;
use crate::control::Control;

/// A key's last use is written when the writing before is this old.
const REST_MS: i64 = 60_000;

/// The uses that were noted and are not written yet, or were a moment ago. There are no more of them than keys.
#[derive(Clone, Debug)]
pub(crate) struct LastUsed<Id, What> {
    seen: Arc<Mutex<HashMap<Id, Seen<What>>>>,
}

impl<Id, What> Default for LastUsed<Id, What> {
    fn default() -> Self {
        Self { seen: Arc::default() }
    }
}

/// The last use of a key, and what it was used with.
#[derive(Clone, Copy, Debug)]
struct Seen<What> {
    account: AccountId,
    at_ms: i64,
    what: What,
    /// What of it is written, and when that was.
    written: Option<(i64, i64)>,
}

impl<What> Seen<What> {
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

impl<Id: Copy + Eq + Hash, What: Copy> LastUsed<Id, What> {
    fn lock(&self) -> MutexGuard<'_, HashMap<Id, Seen<What>>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, account: AccountId, key: Id, what: What, at_ms: i64) {
        let mut seen = self.lock();
        let entry = seen.entry(key).or_insert(Seen { account, at_ms, what, written: None });
        (entry.at_ms, entry.what) = (at_ms.max(entry.at_ms), what);
    }

    fn find(&self, key: Id) -> Option<(i64, What)> {
        self.lock().get(&key).map(|seen| (seen.at_ms, seen.what))
    }

    fn due(&self, due: Due, now_ms: i64) -> Vec<(AccountId, Id, i64, What)> {
        let seen = self.lock();
        let due =
            seen.iter().filter(|(_, seen)| !seen.is_written() && (due == Due::All || !seen.rests(now_ms)));
        due.map(|(id, seen)| (seen.account, *id, seen.at_ms, seen.what)).collect()
    }

    /// Remembers what was written, and forgets what has nothing more to say.
    fn written(&self, uses: &[(AccountId, Id, i64, What)], now_ms: i64) {
        let mut seen = self.lock();
        for (_, id, at_ms, _) in uses {
            if let Some(entry) = seen.get_mut(id) {
                entry.written = Some((*at_ms, now_ms));
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

    /// Notes that an API key made a call.
    pub fn note_key_use(&self, account: AccountId, key: ApiKeyId, at_ms: i64) {
        self.keys_last_used.note(account, key, (), at_ms);
    }

    /// When an API key was last used: what was noted is never older than what is kept.
    pub(crate) fn key_last_used(&self, key: ApiKeyId, kept: Option<i64>) -> Option<i64> {
        self.keys_last_used.find(key).map(|(at_ms, ())| at_ms).max(kept)
    }

    /// Writes what was noted.
    pub async fn write_last_uses(&self, due: Due) -> Result<(), Error> {
        let now_ms = self.clock.now_ms();
        let uses = self.last_used.due(due, now_ms);
        if !uses.is_empty() {
            self.store.record_last_uses(&uses).await?;
        }
        self.last_used.written(&uses, now_ms);
        let uses = self.keys_last_used.due(due, now_ms);
        if !uses.is_empty() {
            self.store.record_key_uses(&uses).await?;
        }
        self.keys_last_used.written(&uses, now_ms);
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
        let noted = self.last_used.find(id);
        Ok(noted.map(|(at_ms, service)| LastUse { at_ms, service: service.to_owned() }).or(kept))
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
            |due, now_ms| used.due(due, now_ms).into_iter().map(|(.., at_ms, _)| at_ms).collect::<Vec<_>>();
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
        assert_eq!(used.find(key), Some((3_000, "Ims")));
        used.written(&[], 122_000);
        assert_eq!(used.find(key), None, "what is written and has rested is forgotten");
    }
}
