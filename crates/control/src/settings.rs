//! The account's settings.

use bailey_domain::operations::{GetSettings, UpdateSettings};
use bailey_domain::scope::WholeAccount;
use bailey_domain::settings::Settings;
use bailey_domain::{Caller, Error};
use bailey_store::Record;
use serde_json::json;

use crate::control::Control;

/// How settings are changed: from the present ones to the wanted ones.
pub type SettingsChange<'a> = &'a (dyn Fn(&mut Settings) -> Result<(), Error> + Send + Sync);

impl Control {
    /// Shows the settings.
    pub async fn get_settings(&self, caller: &Caller) -> Result<Settings, Error> {
        self.require::<GetSettings>(caller, WholeAccount, "").await?;
        self.settings_of(caller.account)
    }

    /// Changes settings; what the change does not touch stays.
    pub async fn update_settings(
        &self,
        caller: &Caller,
        change: SettingsChange<'_>,
    ) -> Result<Settings, Error> {
        let (mut tx, permit) = self.begin::<UpdateSettings>(caller, WholeAccount, "settings").await?;
        let before = self.settings_of(caller.account)?;
        let mut after = before.clone();
        change(&mut after)?;
        tx.update_settings(&permit, &after).await?;
        tx.commit(
            permit,
            Record { target: "settings".to_owned(), before: json!(before), after: json!(after) },
        )
        .await?;
        Ok(after)
    }
}
