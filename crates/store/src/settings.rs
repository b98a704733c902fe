//! The account's settings.

use bailey_domain::change::Change;
use bailey_domain::operations::UpdateSettings;
use bailey_domain::settings::Settings;
use bailey_domain::{Error, Permit};

use crate::connection::on;
use crate::error::database;
use crate::tx::Tx;

impl Tx {
    /// Changes the settings, the whole of them.
    pub async fn update_settings(
        &mut self,
        permit: &Permit<UpdateSettings>,
        settings: &Settings,
    ) -> Result<(), Error> {
        const SQL: &str = "UPDATE accounts SET settings = $2 WHERE account_id = $1";
        let account = permit.caller().account;
        on!(self.connection, conn => sqlx::query(SQL)
            .bind(account.to_string()).bind(crate::audit::text_of(settings)?).execute(conn).await.map(drop))
        .map_err(database)?;
        self.note(Change::Account { account, settings: Box::new(settings.clone()) });
        Ok(())
    }
}
