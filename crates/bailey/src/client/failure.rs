//! Why a command failed, and the exit code that says so to scripts.

use std::fmt;

use serde_json::Value;

use crate::cli::operations;

/// The exit codes: a closed list, and a contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    Ok = 0,
    Failed = 1,
    Usage = 2,
    Denied = 3,
    NotSignedIn = 4,
    NotFound = 5,
    Conflict = 6,
    Throttled = 7,
    Differences = 8,
    Interrupted = 130,
}

/// A command that failed.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) exit: Exit,
    /// One line, lower case; a list of reasons has one line each.
    pub(crate) message: String,
    pub(crate) request_id: Option<String>,
    /// What to do next.
    pub(crate) hints: Vec<String>,
}

impl Failure {
    pub(crate) fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into(), request_id: None, hints: Vec::new() }
    }

    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::new(Exit::Usage, message)
    }

    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// An answer that is an error, in either shape of the control API.
    pub(crate) fn refused(status: u16, retry_after: Option<&str>, body: &Value) -> Self {
        let text = |names: &[&str]| {
            names.iter().find_map(|name| body.get(name)?.as_str()).filter(|text| !text.is_empty())
        };
        let code = text(&["code", "Code"]).unwrap_or_default();
        let message = match text(&["message", "Message", "errorMessage"]) {
            Some(message) => format!("{message} ({code})"),
            None => format!(
                "the server answered {status} and no reason; is the endpoint a bailey control listener?"
            ),
        };
        let exit = exit_of(status, code);
        let mut failure = Self::new(exit, message);
        failure.request_id = text(&["requestId", "RequestId"]).map(str::to_owned);
        if let Some(next) = text(&["recommend", "Recommend", "nextStep"]) {
            failure.hints.push(operations::with_commands(next));
        }
        let own = own_hint(exit, code, retry_after, failure.request_id.as_deref());
        // The server may have said the same.
        failure
            .hints
            .extend(own.filter(|_| !failure.hints.iter().any(|hint| hint.contains("`bailey explain "))));
        failure
    }
}

/// What this program knows beyond what the server said.
fn own_hint(exit: Exit, code: &str, retry_after: Option<&str>, request_id: Option<&str>) -> Option<String> {
    match exit {
        Exit::Denied => request_id.map(|id| format!("`bailey explain {id}` shows every check")),
        Exit::NotSignedIn if code.starts_with("InvalidTimeStamp") => {
            Some("`bailey doctor` compares the clocks".to_owned())
        }
        // The message of a failed sign-in says what to look at.
        Exit::NotSignedIn if code == "SignInFailed" => None,
        Exit::NotSignedIn => Some("`bailey login` stores a session or an access key that works".to_owned()),
        Exit::NotFound if code == "EntityNotExist.Policy" => {
            Some("a system policy needs `--type system`".to_owned())
        }
        Exit::Throttled => retry_after.map(|seconds| format!("try again in {seconds} s")),
        _ => None,
    }
}

/// The exit code of an answer. Codes of a bad credential come first: the real service gives them statuses that mean other things.
pub(crate) fn exit_of(status: u16, code: &str) -> Exit {
    const CREDENTIAL: [&str; 8] = [
        "InvalidAccessKeyId",
        "SignatureDoesNotMatch",
        "SignatureNonceUsed",
        "IncompleteSignature",
        "InvalidSignatureMethod",
        "InvalidSecurityToken",
        "InvalidTimeStamp",
        "MissingAccessKeyId",
    ];
    match status {
        _ if CREDENTIAL.iter().any(|prefix| code.starts_with(prefix)) => Exit::NotSignedIn,
        401 => Exit::NotSignedIn,
        // As the real service has it.
        400 if code.starts_with("Throttling") => Exit::Throttled,
        400 => Exit::Usage,
        403 => Exit::Denied,
        // Not one of the things asked about, but the whole call: an old server, or none of ours.
        404 if code.is_empty() || code == "InvalidApi.NotFound" => Exit::Failed,
        404 => Exit::NotFound,
        409 => Exit::Conflict,
        429 => Exit::Throttled,
        _ => Exit::Failed,
    }
}

/// `error:`, the request id and `hint:` lines.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.message)?;
        if let Some(id) = &self.request_id {
            write!(f, "\nrequest id: {id}")?;
        }
        for hint in &self.hints {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::failed(format!("{error:#}"))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            // Whoever read the output has seen enough; there is nobody to tell and nothing wrong.
            std::io::ErrorKind::BrokenPipe => Self::new(Exit::Ok, ""),
            _ => Self::failed(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn exit_codes_follow_status_and_code() {
        let cases = [
            (400, "InvalidParameter.workspaceName", Exit::Usage),
            (400, "SignatureDoesNotMatch", Exit::NotSignedIn),
            (404, "InvalidAccessKeyId.NotFound", Exit::NotSignedIn),
            (400, "MissingAccessKeyId", Exit::NotSignedIn),
            (400, "MissingPolicyName", Exit::Usage),
            (400, "InvalidTimeStamp.Expired", Exit::NotSignedIn),
            (401, "", Exit::NotSignedIn),
            (403, "NoPermission", Exit::Denied),
            (403, "Workspace.AccessDenied", Exit::Denied),
            (404, "EntityNotExist.User", Exit::NotFound),
            (404, "InvalidApi.NotFound", Exit::Failed),
            (404, "", Exit::Failed),
            (405, "UnsupportedHTTPMethod", Exit::Failed),
            (409, "EntityAlreadyExists.User", Exit::Conflict),
            (409, "LimitExceeded.User", Exit::Conflict),
            (400, "Throttling.User", Exit::Throttled),
            (429, "limit_requests", Exit::Throttled),
            (500, "InternalError", Exit::Failed),
            (503, "ServiceUnavailable", Exit::Failed),
        ];
        for (status, code, expected) in cases {
            assert_eq!(exit_of(status, code), expected, "{status} {code}");
        }
        let numbers = [Exit::Ok as u8, Exit::Denied as u8, Exit::Differences as u8, Exit::Interrupted as u8];
        assert_eq!(numbers, [0, 3, 8, 130]);
    }

    #[test]
    fn both_shapes_are_read_and_hints_follow() {
        let rpc = json!({ "Code": "NoPermission", "Message": "You are not authorized.", "RequestId": "R1", "Recommend": "ask for it" });
        let shown = Failure::refused(403, None, &rpc).to_string();
        let expected = "error: You are not authorized. (NoPermission)\nrequest id: R1\nhint: ask for it\nhint: `bailey explain R1` shows every check";
        assert_eq!(shown, expected);
        let said = json!({ "code": "NoPermission", "message": "m", "requestId": "R1", "recommend": "`bailey explain R1` shows it" });
        assert_eq!(Failure::refused(403, None, &said).hints.len(), 1);
        let roa = json!({ "code": "Throttling.User", "message": "slow down", "requestId": "R2" });
        assert!(Failure::refused(429, Some("7"), &roa).to_string().ends_with("hint: try again in 7 s"));
        assert!(Failure::refused(502, None, &Value::Null).to_string().contains("answered 502"));
    }
}
