//! The first start.

use bailey_domain::id::RequestId;
use bailey_domain::secret::random_secret;
use bailey_domain::{AccessKeyId, AccountId, Error, Secret, WorkspaceId};
use bailey_store::Founding;

use crate::control::Control;
use crate::identity::access_key_label;

/// A founded account with root's first access key, whose secret is shown here and never again.
#[derive(Debug)]
pub struct Founded {
    /// The account.
    pub account: AccountId,
    /// Its default workspace.
    pub default_workspace: WorkspaceId,
    /// Root's first access key.
    pub access_key_id: AccessKeyId,
    /// Its secret.
    pub secret: Secret<String>,
}

impl Control {
    /// The accounts of the installation.
    pub async fn accounts(&self) -> Result<Vec<AccountId>, Error> {
        self.store.accounts().await
    }

    /// Founds an account.
    pub async fn found_account(&self, name: &str) -> Result<Founded, Error> {
        bailey_domain::name::text("account-name", name, 1, 64)?;
        let (account, workspace) = (AccountId::random(&*self.entropy), WorkspaceId::random(&*self.entropy));
        let access_key = AccessKeyId::random(&*self.entropy);
        let secret = random_secret(&*self.entropy, "", 30);
        let mut request = [0; 16];
        self.entropy.fill(&mut request);
        let founding = Founding {
            account,
            name: name.to_owned(),
            workspace,
            access_key,
            sealed_secret: self.sealer().seal(
                &*self.entropy,
                &access_key_label(access_key),
                secret.reveal().as_bytes(),
            ),
            now_ms: self.clock.now_ms(),
            request_id: RequestId::new(request),
        };
        self.store.found_account(&founding).await?;
        Ok(Founded { account, default_workspace: workspace, access_key_id: access_key, secret })
    }
}
