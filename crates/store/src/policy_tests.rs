//! The tests of custom policies, as the text that was sent.

use bailey_domain::name::PolicyName;
use bailey_domain::operations::{GetPolicyTests, PutPolicyTests};
use bailey_domain::{AccountId, Error, Permit};

use crate::connection::{on, reading};
use crate::error::database;
use crate::store::Store;
use crate::tx::Tx;

const FIND: &str = "SELECT tests FROM policy_tests WHERE account_id = $1 AND folded_name = $2";

impl Store {
    /// The tests of a policy; `None` when it has none, or does not exist.
    pub async fn find_policy_tests(
        &self,
        permit: &Permit<GetPolicyTests>,
        name: &PolicyName,
    ) -> Result<Option<String>, Error> {
        let row: Option<(String,)> = reading!(self.pools, pool => sqlx::query_as(FIND)
            .bind(permit.caller().account.to_string()).bind(name.folded()).fetch_optional(pool).await)
        .map_err(database)?;
        Ok(row.map(|(tests,)| tests))
    }
}

impl Tx {
    /// The tests of a policy as this transaction sees them.
    pub async fn policy_tests(
        &mut self,
        account: AccountId,
        name: &PolicyName,
    ) -> Result<Option<String>, Error> {
        let row: Option<(String,)> = on!(self.connection, conn => sqlx::query_as(FIND)
            .bind(account.to_string()).bind(name.folded()).fetch_optional(conn).await)
        .map_err(database)?;
        Ok(row.map(|(tests,)| tests))
    }

    /// Sets the tests of a policy, the whole list; `None` takes them away.
    pub async fn put_policy_tests(
        &mut self,
        permit: &Permit<PutPolicyTests>,
        name: &PolicyName,
        tests: Option<&str>,
    ) -> Result<(), Error> {
        const PUT: &str = "
            INSERT INTO policy_tests (account_id, folded_name, tests, updated_at) VALUES ($1, $2, $3, $4)
            ON CONFLICT (account_id, folded_name) DO UPDATE SET tests = excluded.tests, updated_at = excluded.updated_at";
        const CLEAR: &str = "DELETE FROM policy_tests WHERE account_id = $1 AND folded_name = $2";
        let caller = permit.caller();
        let Some(tests) = tests else {
            return self.execute_two(CLEAR, &caller.account.to_string(), &name.folded()).await.map(drop);
        };
        if self.find_policy(caller.account, name).await?.is_none() {
            return Err(Error::absent("Policy"));
        }
        on!(self.connection, conn => sqlx::query(PUT)
            .bind(caller.account.to_string()).bind(name.folded()).bind(tests).bind(caller.now_ms)
            .execute(conn).await.map(drop))
        .map_err(database)
    }
}
