//! Tests of policies.

use bailey_domain::name::PolicyName;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::lint::failures;
use crate::routes::{Answer, Call};

fn name(call: &Call<'_>) -> Result<PolicyName, Failure> {
    Ok(PolicyName::parse("policyName", &call.parameters.required_text("policyName")?)?)
}

pub(crate) async fn put_policy_tests(call: &Call<'_>) -> Answer {
    let name = name(call)?;
    let tests = match call.parameters.json("tests") {
        Some(Value::String(text)) => text,
        Some(list) => list.to_string(),
        None => return Err(call.parameters.missing("tests").into()),
    };
    call.finish()?;
    let tested = call.api.control().put_policy_tests(call.caller, &name, &tests).await?;
    Ok(json!({ "count": tested.tests, "failures": failures(&tested.failures) }))
}

pub(crate) async fn get_policy_tests(call: &Call<'_>) -> Answer {
    let name = name(call)?;
    call.finish()?;
    let tests = call.api.control().get_policy_tests(call.caller, &name).await?;
    Ok(json!({ "tests": tests }))
}
