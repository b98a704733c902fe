//! The message that comes with a refusal, and its decoding by whoever is entitled.

use bailey_domain::directory::Diagnostic;
use bailey_domain::operations::DecodeDiagnosticMessage;
use bailey_domain::permit::Refusal;
use bailey_domain::scope::RamScope;
use bailey_domain::{AccountId, Caller, Decision, Error};

use crate::control::Control;

/// Messages are as long as the next multiple of this, in bytes: a resource that exists is named otherwise than one that
/// does not, and the length must not tell one from the other.
const STEP: usize = 2048;

/// What the messages of an account are sealed for, so that another account's does not open.
fn label(account: AccountId) -> String {
    format!("diagnostic/{account}")
}

impl Control {
    /// The encoded diagnostic message of a refusal: sealed, and bound to the account.
    pub fn diagnostic_message(&self, refusal: &Refusal) -> String {
        self.sealed_message(refusal.caller.account, &self.directory().diagnose(refusal))
    }

    /// The same of a decision that was asked for and not run into.
    pub fn decision_message(&self, caller: &Caller, action: &str, decision: &Decision) -> String {
        self.sealed_message(caller.account, &Diagnostic::of(caller, action, decision))
    }

    fn sealed_message(&self, account: AccountId, told: &Diagnostic) -> String {
        let mut text = serde_json::to_vec(told).unwrap_or_default();
        text.resize(text.len().next_multiple_of(STEP), b' ');
        self.sealer().seal(&*self.entropy, &label(account), &text)
    }

    /// Opens an encoded diagnostic message.
    pub async fn decode_diagnostic_message(
        &self,
        caller: &Caller,
        message: &str,
    ) -> Result<Diagnostic, Error> {
        let scope = RamScope::account(caller.account);
        self.require::<DecodeDiagnosticMessage>(caller, scope, "").await?;
        let wrong = || {
            Error::invalid(
                "InvalidParameter.EncodedDiagnosticMessage",
                "The parameter - \"EncodedDiagnosticMessage\" is no message of this account. Send it as the refusal gave it.",
            )
        };
        let text = self.sealer().open(&label(caller.account), message).map_err(|_| wrong())?;
        serde_json::from_slice(text.reveal()).map_err(|_| wrong())
    }
}
