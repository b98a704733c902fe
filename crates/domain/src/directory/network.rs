//! Where credentials of the control API may be used from.

use std::net::IpAddr;

use super::Directory;
use super::state::State;
use crate::access::Caller;
use crate::id::{AccessKeyId, AccountId};
use crate::network_policy::NetworkPolicy;

/// Whose network policy it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NetworkLevel {
    /// The access key's own.
    AccessKey,
    /// The account's.
    Account,
}

impl Directory {
    /// Whose policy keeps a credential out that comes from this address; `None` when it may come. A key's own policy,
    /// while it is active, stands instead of the account's (vendor's page on network policies of access keys).
    pub fn kept_out(
        &self,
        account: AccountId,
        access_key: Option<&AccessKeyId>,
        source: IpAddr,
    ) -> Option<NetworkLevel> {
        let state = self.read();
        if let Some(own) = access_key.and_then(|id| state.active_network(id)) {
            return (!own.admits(source)).then_some(NetworkLevel::AccessKey);
        }
        let whole = &state.accounts.get(&account)?.network;
        (!whole.admits(source)).then_some(NetworkLevel::Account)
    }

    /// The policy of one access key of the account, or without one the account's. What was never set is inactive.
    pub fn network_policy(&self, account: AccountId, access_key: Option<&AccessKeyId>) -> NetworkPolicy {
        let state = self.read();
        let policy = match access_key {
            Some(id) => {
                let facts = state.access_keys.get(id).filter(|facts| facts.account == account);
                facts.and_then(|facts| facts.network.as_deref())
            }
            None => state.accounts.get(&account).map(|account| &account.network),
        };
        policy.cloned().unwrap_or_default()
    }

    /// Whether the caller's own access key would be kept out from where the caller is, were this policy set on `target`,
    /// or without one on the account.
    pub fn would_lock_out(
        &self,
        caller: &Caller,
        target: Option<&AccessKeyId>,
        policy: &NetworkPolicy,
    ) -> bool {
        let Some(own) = &caller.access_key else { return false };
        let state = self.read();
        let account = state.accounts.get(&caller.account).map(|account| &account.network);
        let counts = match target {
            Some(target) if target != own => return false,
            Some(_) if policy.is_active() => Some(policy),
            Some(_) => account,
            None if state.active_network(own).is_some() => return false,
            None => Some(policy),
        };
        counts.is_some_and(|counts| !counts.admits(caller.source_ip))
    }
}

impl State {
    fn active_network(&self, access_key: &AccessKeyId) -> Option<&NetworkPolicy> {
        self.access_keys.get(access_key)?.network.as_deref().filter(|policy| policy.is_active())
    }
}
