//! The audit chain.

use bailey_domain::name::UserName;
use bailey_domain::operations::{ExportAudit, ListAuditRecords, VerifyAudit};
use bailey_domain::scope::WholeAccount;
use bailey_domain::{Caller, Error};
use bailey_store::{AuditFilter, AuditRecord, ChainFault, Cursor, Page};

use crate::control::Control;

impl Control {
    /// Lists audit records, newest first.
    pub async fn list_audit_records(
        &self,
        caller: &Caller,
        filter: &AuditFilter,
        cursor: &Cursor,
    ) -> Result<Page<AuditRecord>, Error> {
        let permit = self.permit::<ListAuditRecords>(caller, WholeAccount, "").await?;
        self.store.list_audit_records(&permit, filter, cursor).await
    }

    /// What records call somebody who is named by name or id.
    pub async fn actor_named(&self, caller: &Caller, who: &str) -> Result<String, Error> {
        let Ok(name) = UserName::parse("actor", who) else { return Ok(who.to_owned()) };
        let user = self.store.find_user(caller.account, &name).await?;
        Ok(user.map_or_else(|| who.to_owned(), |user| user.user_id.to_string()))
    }

    /// Checks the whole chain: the number of records, or the first one that does not fit.
    pub async fn verify_audit(&self, caller: &Caller) -> Result<Result<u64, ChainFault>, Error> {
        let permit = self.permit::<VerifyAudit>(caller, WholeAccount, "").await?;
        self.store.verify_audit(&permit).await
    }

    /// Gives a piece of the chain, oldest first, after a sequence.
    pub async fn export_audit(&self, caller: &Caller, after: u64) -> Result<Vec<AuditRecord>, Error> {
        let permit = self.permit::<ExportAudit>(caller, WholeAccount, "").await?;
        self.store.export_audit(&permit, after).await
    }
}
