//! Use.

use bailey_domain::operations::{GetUsage, GetWorkspaceUsage};
use bailey_domain::scope::WholeAccount;
use bailey_domain::{Caller, Error, WorkspaceId};
use bailey_store::{UsageBy, UsageRow};

use crate::control::Control;

impl Control {
    /// Sums the use of a workspace, or of the whole account, within a time in milliseconds since the epoch.
    pub async fn get_usage(
        &self,
        caller: &Caller,
        workspace: Option<WorkspaceId>,
        by: UsageBy,
        from: i64,
        to: i64,
    ) -> Result<Vec<UsageRow>, Error> {
        match workspace {
            Some(workspace) => {
                let permit =
                    self.permit::<GetWorkspaceUsage>(caller, workspace, &workspace.to_string()).await?;
                self.recorder.flush().await;
                self.store.workspace_usage(&permit, by, from, to).await
            }
            None => {
                let permit = self.permit::<GetUsage>(caller, WholeAccount, "").await?;
                self.recorder.flush().await;
                self.store.usage(&permit, by, from, to).await
            }
        }
    }
}
