//! Service-linked roles: there are none, and whoever may ask is told so.

use bailey_domain::operations::Operation;
use bailey_domain::scope::RamScope;
use bailey_domain::{Caller, Error};

use crate::control::Control;

impl Control {
    /// Checks the caller like for any role, and gives the refusal that everybody who may ask gets.
    pub async fn service_linked_role<O: Operation<On = RamScope>>(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Error {
        match self.require::<O>(caller, RamScope::role(caller.account, name), name).await {
            Err(error) => error,
            Ok(()) => Error::invalid(
                "NotSupport.ServiceLinkedRole",
                "Service-linked roles are not supported: no cloud service acts in this account. Create a role with CreateRole, and name in its trust policy who may take it.",
            ),
        }
    }
}
