//! Advice on policy documents, and the tests that a custom policy's default version passes.

use bailey_domain::change::PolicyType;
use bailey_domain::name::PolicyName;
use bailey_domain::operations::{
    CreatePolicy, CreatePolicyVersion, GetPolicyTests, Operation, PutPolicyTests,
};
use bailey_domain::scope::RamScope;
use bailey_domain::{AccountId, Caller, Error};
use bailey_policy::{Finding, PolicyTest, TestFailure, parse_tests};
use bailey_store::{Record, Tx};
use serde_json::{Value, json};

use crate::control::Control;
use crate::policies::{demand_length, present, present_version};

/// How many failing tests a refusal names.
const NAMED: usize = 50;
/// The longest list of tests, in characters.
const LONGEST_TESTS: usize = 256 * 1024;
/// The longest name of a test, in characters.
const LONGEST_NAME: usize = 128;

/// What became of a policy's tests.
#[derive(Clone, Debug)]
pub struct TestedPolicy {
    /// How many tests the policy has now.
    pub tests: usize,
    /// Those that its default version fails.
    pub failures: Vec<TestFailure>,
}

/// Reads a list of tests that somebody sent.
fn read(text: &str) -> Result<Vec<PolicyTest>, Error> {
    if text.chars().count() > LONGEST_TESTS {
        return Err(Error::field("tests", format!("is longer than {LONGEST_TESTS} characters, remove some")));
    }
    let tests =
        parse_tests(text).map_err(|error| Error::field("tests", format!("cannot be read: {error}")))?;
    if tests.iter().any(|test| test.name.chars().count() > LONGEST_NAME) {
        let why = format!("has a name of more than {LONGEST_NAME} characters, choose a shorter one");
        return Err(Error::field("tests", why));
    }
    Ok(tests)
}

impl Control {
    /// Looks for mistakes in a document that would be a new policy.
    pub async fn lint_policy(
        &self,
        caller: &Caller,
        name: &PolicyName,
        document: &str,
    ) -> Result<Vec<Finding>, Error> {
        self.may_lint::<CreatePolicy>(caller, name, document).await?;
        Ok(self.directory().lint_policy(caller.account, document))
    }

    /// The same of a document that would be a new version of a policy.
    pub async fn lint_policy_version(
        &self,
        caller: &Caller,
        name: &PolicyName,
        document: &str,
    ) -> Result<Vec<Finding>, Error> {
        self.may_lint::<CreatePolicyVersion>(caller, name, document).await?;
        self.demand_policy(caller.account, name).await?;
        Ok(self.directory().lint_policy(caller.account, document))
    }

    /// Whoever may make something of a document gets advice on it.
    async fn may_lint<O: Operation<On = RamScope>>(
        &self,
        caller: &Caller,
        name: &PolicyName,
        document: &str,
    ) -> Result<(), Error> {
        demand_length(document)?;
        self.require::<O>(caller, RamScope::policy(caller.account, name.as_str()), name.as_str()).await
    }

    /// Sets the tests of a custom policy, the whole list. What its default version fails is told and does not hinder:
    /// tests may come before the version that passes them.
    pub async fn put_policy_tests(
        &self,
        caller: &Caller,
        name: &PolicyName,
        text: &str,
    ) -> Result<TestedPolicy, Error> {
        let tests = read(text)?;
        let scope = RamScope::policy(caller.account, name.as_str());
        let (mut tx, permit) = self.begin::<PutPolicyTests>(caller, scope, name.as_str()).await?;
        let policy = present(&mut tx, caller.account, name).await?;
        let default = present_version(&mut tx, caller.account, name, policy.default_version).await?;
        let failures = self.failures(&default.document, &tests)?;
        let before = tx.policy_tests(caller.account, name).await?;
        tx.put_policy_tests(&permit, name, Some(text).filter(|_| !tests.is_empty())).await?;
        let record = |text: Option<&str>| text.map_or(Ok(Value::Null), serde_json::from_str);
        let before = record(before.as_deref()).map_err(Error::internal)?;
        let after = record(Some(text)).map_err(Error::internal)?;
        let (before, after) = (json!({ "tests": before }), json!({ "tests": after }));
        tx.commit(permit, Record { target: name.to_string(), before, after }).await?;
        Ok(TestedPolicy { tests: tests.len(), failures })
    }

    /// Shows the tests of a custom policy, as they were sent.
    pub async fn get_policy_tests(&self, caller: &Caller, name: &PolicyName) -> Result<Value, Error> {
        let scope = RamScope::policy(caller.account, name.as_str());
        let permit = self.permit::<GetPolicyTests>(caller, scope, name.as_str()).await?;
        self.demand_policy(caller.account, name).await?;
        let tests = self.store.find_policy_tests(&permit, name).await?;
        serde_json::from_str(tests.as_deref().unwrap_or("[]")).map_err(Error::internal)
    }

    /// Refuses to make a document the default one that fails the policy's tests.
    pub(crate) async fn demand_tests<O: Operation>(
        &self,
        tx: &mut Tx,
        account: AccountId,
        name: &PolicyName,
        document: &str,
    ) -> Result<(), Error> {
        let Some(text) = tx.policy_tests(account, name).await? else { return Ok(()) };
        let failures = self.failures(document, &parse_tests(&text).map_err(Error::internal)?)?;
        if failures.is_empty() {
            return Ok(());
        }
        let mut told: Vec<String> = failures.iter().take(NAMED).map(ToString::to_string).collect();
        if let Some(more) = failures.len().checked_sub(NAMED).filter(|more| *more > 0) {
            told.push(format!("{more} more"));
        }
        Err(Error::Conflict {
            code: "PolicyTestsFailed".into(),
            message: format!(
                "{} refused: the version fails tests of the policy: {}. Correct the document, or change the tests with PutPolicyTests.",
                O::entry().name,
                told.join("; ")
            ),
        })
    }

    fn failures(&self, document: &str, tests: &[PolicyTest]) -> Result<Vec<TestFailure>, Error> {
        self.directory()
            .test_policy(document, tests)
            .map_err(|error| Error::invalid("MalformedPolicyDocument", error.to_string()))
    }

    async fn demand_policy(&self, account: AccountId, name: &PolicyName) -> Result<(), Error> {
        let exists = self.store.policy_exists(account, PolicyType::Custom, name).await?;
        if exists { Ok(()) } else { Err(Error::absent("Policy")) }
    }
}
