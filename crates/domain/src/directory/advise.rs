//! Advice on policy documents, and their tests, by the actions that the directory decides with.

use bailey_policy::{Finding, LintOptions, Policy, PolicyError, PolicyTest, TestFailure};

use super::Directory;
use crate::id::AccountId;
use crate::operations::ACTS_ON;

impl Directory {
    /// Looks for mistakes in a policy document of an account.
    pub fn lint_policy(&self, account: AccountId, document: &str) -> Vec<Finding> {
        bailey_policy::lint(
            document,
            &LintOptions {
                catalogue: &self.read().catalogue,
                account: Some(&account.to_string()),
                acts_on: ACTS_ON,
            },
        )
    }

    /// Asks a policy document what its tests ask, and gives back those that it fails.
    pub fn test_policy(&self, document: &str, tests: &[PolicyTest]) -> Result<Vec<TestFailure>, PolicyError> {
        let state = self.read();
        let policy = Policy::parse(document, &state.catalogue)?;
        Ok(bailey_policy::run_tests([&policy], &state.catalogue, tests))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bailey_policy::{Rule, parse_tests};

    #[test]
    fn feature_actions_on_model_studio_are_no_finding_and_foreign_accounts_are() {
        let directory = Directory::new();
        let account = "1234567890123456".parse().unwrap();
        let rules = |resource: &str| {
            let document = format!(
                r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"sfm:CreateIndex","Resource":"{resource}"}}]}}"#
            );
            directory.lint_policy(account, &document).iter().map(|found| found.rule).collect::<Vec<_>>()
        };
        assert_eq!(rules("acs:modelstudio:*:1234567890123456:workspace/llm-1"), []);
        assert_eq!(rules("acs:modelstudio:*:1234567890123457:workspace/llm-1"), [Rule::WrongAccount]);
    }

    #[test]
    fn tests_are_run_and_a_broken_document_is_said() {
        let tests =
            parse_tests(r#"[{"name":"reads","action":"sfm:ListIndex","resource":"*","expect":"Allow"}]"#)
                .unwrap();
        let document = |action: &str| {
            format!(
                r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"{action}","Resource":"*"}}]}}"#
            )
        };
        let directory = Directory::new();
        assert!(directory.test_policy(&document("sfm:List*"), &tests).unwrap().is_empty());
        assert_eq!(directory.test_policy(&document("sfm:Get*"), &tests).unwrap()[0].name, "reads");
        assert!(directory.test_policy("{}", &tests).is_err());
    }
}
