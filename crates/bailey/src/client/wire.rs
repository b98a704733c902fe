//! From an operation's name and its parameters to the one request that calls it. The routes are the server's own table.

use std::collections::BTreeMap;

use bailey_api::routes::{Form, ROUTES, Route, SHARED};
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value};

use super::Failure;

/// Everything but RFC 3986's unreserved characters: the form that is signed, so nothing needs to be encoded twice.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// The version of ModelStudio, and of our operations beside it.
const STUDIO_VERSION: &str = "2026-02-10";

/// A request, not yet signed.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wire {
    pub(crate) method: Method,
    /// Strictly encoded.
    pub(crate) path: String,
    /// Strictly encoded and sorted, without `?`.
    pub(crate) query: String,
    /// Empty when there is none.
    pub(crate) body: String,
    pub(crate) content_type: Option<&'static str>,
    pub(crate) action: &'static str,
    pub(crate) version: &'static str,
}

/// The route that answers an operation.
pub(crate) fn route_of(operation: &str) -> Result<&'static Route, Failure> {
    let called = SHARED.iter().find(|(own, _)| *own == operation).map_or(operation, |(_, other)| *other);
    let found = ROUTES.iter().find(|route| route.operation == called);
    found.ok_or_else(|| Failure::failed(format!("the control API has no operation `{operation}`")))
}

/// Builds the request. Parameters that the path names go there; the others into the body, or the query where there is none.
pub(crate) fn build(operation: &str, parameters: &Map<String, Value>) -> Result<Wire, Failure> {
    let route = route_of(operation)?;
    let mut wire = Wire {
        method: Method::POST,
        path: "/".to_owned(),
        query: String::new(),
        body: String::new(),
        content_type: None,
        action: route.wire_name(),
        version: STUDIO_VERSION,
    };
    match &route.form {
        Form::Rpc { version } => {
            wire.version = version;
            wire.body = flattened(parameters);
            wire.content_type = (!wire.body.is_empty()).then_some("application/x-www-form-urlencoded");
        }
        Form::Roa { method, path } => {
            let mut rest = parameters.clone();
            wire.method = method.clone();
            wire.path = filled(path, &mut rest)?;
            if *method == Method::GET || *method == Method::DELETE {
                wire.query = flattened(&rest);
            } else if !rest.is_empty() {
                wire.body = Value::Object(rest).to_string();
                wire.content_type = Some("application/json");
            }
        }
    }
    Ok(wire)
}

/// Puts parameters into a path's braces and takes them out of the rest.
fn filled(template: &str, parameters: &mut Map<String, Value>) -> Result<String, Failure> {
    let mut segments = Vec::new();
    for segment in template.split('/') {
        let Some(name) = segment.strip_prefix('{').and_then(|segment| segment.strip_suffix('}')) else {
            segments.push(segment.to_owned());
            continue;
        };
        let value = parameters.remove(name).map(|value| plain(&value)).unwrap_or_default();
        // Proxies resolve dots, so these would reach another path.
        if matches!(value.as_str(), "" | "." | "..") {
            return Err(Failure::usage(format!("`{name}` is `{value}`, and no such thing can exist")));
        }
        segments.push(encoded(&value));
    }
    Ok(segments.join("/"))
}

/// Parameters as query or form: lists and objects flattened, indexes from 1, sorted as the signature wants them.
fn flattened(parameters: &Map<String, Value>) -> String {
    let mut pairs = BTreeMap::new();
    for (name, value) in parameters {
        flatten(name.clone(), value, &mut pairs);
    }
    let pieces: Vec<_> =
        pairs.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
    pieces.join("&")
}

fn flatten(name: String, value: &Value, pairs: &mut BTreeMap<String, String>) {
    match value {
        Value::Null => {}
        Value::Array(items) => {
            for (position, item) in items.iter().enumerate() {
                flatten(format!("{name}.{}", position + 1), item, pairs);
            }
        }
        Value::Object(fields) => {
            for (field, inner) in fields {
                flatten(format!("{name}.{field}"), inner, pairs);
            }
        }
        Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            pairs.insert(name, plain(value));
        }
    }
}

/// A text without quotes, everything else as JSON.
pub(crate) fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn encoded(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn wire(operation: &str, parameters: Value) -> Wire {
        let Value::Object(parameters) = parameters else { panic!("parameters are an object") };
        build(operation, &parameters).unwrap()
    }

    #[test]
    fn a_path_takes_its_parameters_and_the_body_the_rest() {
        let wire = wire(
            "SetMemberPages",
            json!({ "workspaceId": "llm-1", "userName": "a/b c", "pages": ["prompts"] }),
        );
        assert_eq!(
            (wire.method, wire.path.as_str()),
            (Method::PUT, "/modelstudio/workspaces/llm-1/members/a%2Fb%20c/pages")
        );
        assert_eq!(
            (wire.body.as_str(), wire.content_type),
            (r#"{"pages":["prompts"]}"#, Some("application/json"))
        );
        assert_eq!((wire.action, wire.version, wire.query.as_str()), ("SetMemberPages", "2026-02-10", ""));
    }

    #[test]
    fn reading_calls_put_them_into_the_query_sorted() {
        let parameters = json!({ "workspaceId": "llm-1", "maxResults": 200, "filter": { "model": "研发 a&b" }, "absent": null });
        let wire = wire("ListModelPermissions", parameters);
        assert_eq!(wire.path, "/modelstudio/models/permissions");
        assert_eq!(wire.query, "filter.model=%E7%A0%94%E5%8F%91%20a%26b&maxResults=200&workspaceId=llm-1");
        assert_eq!((wire.body.as_str(), wire.content_type), ("", None));
    }

    #[test]
    fn ram_calls_are_forms_on_the_root_path() {
        let wire = wire("CreateUser", json!({ "UserName": "alice", "DisplayName": "Alice A" }));
        assert_eq!((wire.method, wire.path.as_str()), (Method::POST, "/"));
        assert_eq!(
            (wire.body.as_str(), wire.version),
            ("DisplayName=Alice%20A&UserName=alice", "2015-05-01")
        );
    }

    #[test]
    fn rows_without_a_call_of_their_own_use_anothers() {
        assert_eq!(wire("ListAllApiKeys", json!({})).path, "/modelstudio/apikeys");
        let studio = wire("ListStudioUsers", json!({}));
        assert_eq!((studio.action, studio.path.as_str()), ("ListUsers", "/modelstudio/users"));
    }

    #[test]
    fn no_name_leads_to_another_path() {
        for name in ["", ".", ".."] {
            let Value::Object(parameters) = json!({ "model": name }) else { unreachable!() };
            assert_eq!(
                build("DeleteModel", &parameters).unwrap_err().exit,
                super::super::Exit::Usage,
                "{name}"
            );
        }
        assert!(build("NoSuchOperation", &Map::new()).is_err());
    }
}
