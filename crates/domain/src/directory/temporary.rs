//! Which key a presented one is: by its value, by the value before, or, of a temporary one, by its parent.

use super::Directory;
use super::admit::{Call, Denied};
use super::flight::{NEVER, Ticket};
use super::slab::Slot;
use super::state::{KeyState, State};
use crate::decision::{Chain, Check};
use crate::id::{AccountId, ApiKeyId};
use crate::reason::Reason;
use crate::secret::KeyHash;
use crate::temporary_key::PresentedKey;

/// Proof that temporary keys may be made of a key now.
#[derive(Debug)]
pub struct Parent {
    /// The key's account.
    pub account: AccountId,
    /// The key.
    pub key: ApiKeyId,
    value: KeyHash,
    ends_at_ms: i64,
}

impl Parent {
    /// The hash of the value that it was presented by.
    pub(crate) fn value(&self) -> &KeyHash {
        &self.value
    }

    /// When its own time is over; nothing made of it lasts longer.
    pub fn ends_at_ms(&self) -> i64 {
        self.ends_at_ms
    }
}

impl KeyState {
    /// When the time is over of what a call was made with; `None` when it is not, or not any more, of this key.
    #[inline]
    pub(super) fn end_of(&self, ticket: &Ticket) -> Option<i64> {
        let value_ends_at_ms = if ticket.value == self.hash {
            NEVER
        } else {
            let previous = self.previous.as_ref().filter(|previous| previous.hash == ticket.value)?;
            previous.ends_at_ms
        };
        Some(ticket.ends_at_ms.min(value_ends_at_ms).min(self.expires_at_ms.unwrap_or(NEVER)))
    }

    /// The hashes of its values: the present one, and the one before where that still counts.
    fn values(&self) -> impl Iterator<Item = KeyHash> {
        std::iter::once(self.hash).chain(self.previous.as_ref().map(|previous| previous.hash))
    }
}

impl State {
    /// The key that a presented one is, or is a temporary one of.
    #[inline]
    pub(super) fn find_key(&self, presented: &PresentedKey) -> Option<(Slot, &KeyState, Ticket)> {
        match presented {
            PresentedKey::Value(hash) => {
                let slot = self.key_slot_by_hash(hash)?;
                Some((slot, self.keys.get(slot)?, Ticket { value: *hash, ends_at_ms: NEVER }))
            }
            PresentedKey::Temporary(temporary) => {
                let slot = self.key_slot(temporary.parent())?;
                let key = self.keys.get(slot)?;
                let value = key.values().find(|value| temporary.is_of(value))?;
                Some((slot, key, Ticket { value, ends_at_ms: temporary.ends_at_ms() }))
            }
        }
    }
}

impl Directory {
    /// Decides whether temporary keys may be made of what was presented: a good key, used from where it may be, and no
    /// temporary one itself, which is no key that anybody knows here.
    pub fn parent(&self, call: &Call<'_>) -> Result<Parent, Box<Denied>> {
        let state = self.read();
        if let Some(PresentedKey::Temporary(_)) = call.key {
            let mut chain = Chain::default();
            chain.note(Check::Key, false);
            return Err(Box::new(state.denied(call, None, chain, Reason::KeyUnknown, None, None)));
        }
        let entered = state.recognised(call)?;
        Ok(Parent {
            account: entered.workspace.account,
            key: entered.key.id,
            value: entered.ticket.value,
            ends_at_ms: entered.key.end_of(&entered.ticket).unwrap_or(NEVER),
        })
    }
}
