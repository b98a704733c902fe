//! Network policies of access keys. The directory answers what they are; here they are written.

use bailey_domain::change::Change;
use bailey_domain::network_policy::NetworkPolicy;
use bailey_domain::operations::{SetAccessKeyPolicy, SetAccessKeyPolicyForAccount};
use bailey_domain::{AccessKeyId, Error, Permit};

use crate::connection::on;
use crate::error::database;
use crate::tx::Tx;

impl Tx {
    /// Sets where one access key may be used from.
    pub async fn update_access_key_policy(
        &mut self,
        permit: &Permit<SetAccessKeyPolicy>,
        access_key: AccessKeyId,
        policy: &NetworkPolicy,
    ) -> Result<(), Error> {
        const SQL: &str =
            "UPDATE access_keys SET network_policy = $3 WHERE account_id = $1 AND access_key_id = $2";
        let touched = on!(self.connection, conn => sqlx::query(SQL)
            .bind(permit.caller().account.to_string()).bind(access_key.to_string())
            .bind(crate::audit::text_of(policy)?).execute(conn).await.map(|done| done.rows_affected()))
        .map_err(database)?;
        if touched == 0 {
            return Err(Error::absent("User.AccessKey"));
        }
        self.note(Change::AccessKeyNetwork { access_key, policy: Box::new(policy.clone()) });
        Ok(())
    }

    /// Sets where the account's access keys may be used from.
    pub async fn update_account_access_key_policy(
        &mut self,
        permit: &Permit<SetAccessKeyPolicyForAccount>,
        policy: &NetworkPolicy,
    ) -> Result<(), Error> {
        const SQL: &str = "UPDATE accounts SET network_policy = $2 WHERE account_id = $1";
        let account = permit.caller().account;
        self.execute_two(SQL, &account.to_string(), &crate::audit::text_of(policy)?).await?;
        self.note(Change::AccountNetwork { account, policy: Box::new(policy.clone()) });
        Ok(())
    }
}
