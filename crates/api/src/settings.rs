//! The account's settings.

use bailey_domain::Error;
use bailey_domain::settings::Settings;
use serde_json::{Value, json};

use crate::failure::Failure;
use crate::routes::{Answer, Call};

pub(crate) async fn get_settings(call: &Call<'_>) -> Answer {
    call.finish()?;
    let settings = call.api.control().get_settings(call.caller).await?;
    Ok(json!({ "settings": settings }))
}

/// A setting as JSON of the kind that the present one has; forms send everything as text.
fn setting(call: &Call<'_>, name: &str, usual: &Value) -> Result<Option<Value>, Failure> {
    Ok(match usual {
        Value::Bool(_) => call.parameters.boolean(name)?.map(Value::from),
        Value::Number(_) => call.parameters.integer(name, 0..=i64::from(u32::MAX))?.map(Value::from),
        _ => call.parameters.text(name)?.map(Value::from),
    })
}

pub(crate) async fn update_settings(call: &Call<'_>) -> Answer {
    let usual = serde_json::to_value(Settings::default()).map_err(Error::internal)?;
    let mut given = Vec::new();
    for (name, usual) in usual.as_object().into_iter().flatten() {
        if let Some(value) = setting(call, name, usual)? {
            given.push((name.clone(), value));
        }
    }
    call.finish()?;
    let change = |settings: &mut Settings| {
        let mut whole = serde_json::to_value(&*settings).map_err(Error::internal)?;
        for (name, value) in &given {
            whole[name] = value.clone();
        }
        *settings = serde_json::from_value(whole).map_err(|error| Error::field("revocationMode", error))?;
        Ok(())
    };
    let settings = call.api.control().update_settings(call.caller, &change).await?;
    Ok(json!({ "settings": settings }))
}
