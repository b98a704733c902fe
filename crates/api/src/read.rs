//! From parameters to domain values: parsed once, here.

use bailey_acs::parameters::Parameters;
pub(crate) use bailey_control::date;
use bailey_control::{Cursor, Page};
use bailey_domain::change::PolicyType;
use bailey_domain::key_auth::{KeyAuth, everywhere, parse_network};
use bailey_domain::name::{GroupName, PolicyName, RoleName, UserName};
use bailey_domain::page::Pages;
use bailey_domain::{Error, WorkspaceId};
use jiff::Timestamp;
use serde_json::Value;

use crate::failure::Failure;
use crate::routes::Call;

/// RAM lists: 1 to 1,000 rows, 100 by default.
const RAM_PAGE: (i64, i64) = (1000, 100);
/// RAM's list of groups: 1 to 100 rows, 100 by default.
const RAM_GROUPS_PAGE: (i64, i64) = (100, 100);
/// RAM's list of tags: 1 to 100 rows, 100 by default.
const RAM_TAGS_PAGE: (i64, i64) = (100, 100);
/// Our lists: 1 to 200 rows, 20 by default.
const PAGE: (i64, i64) = (200, 20);

impl Call<'_> {
    /// A mandatory name of a RAM user.
    pub(crate) fn user_name(&self, field: &str) -> Result<UserName, Failure> {
        Ok(UserName::parse(field, &self.parameters.required_text(field)?)?)
    }

    /// The same where it may be left out.
    pub(crate) fn optional_user_name(&self, field: &str) -> Result<Option<UserName>, Failure> {
        self.parameters.text(field)?.map(|text| UserName::parse(field, &text)).transpose().map_err(Into::into)
    }

    /// A mandatory name of a RAM group.
    pub(crate) fn group_name(&self) -> Result<GroupName, Failure> {
        Ok(GroupName::parse("GroupName", &self.parameters.required_text("GroupName")?)?)
    }

    /// A mandatory name of a RAM role.
    pub(crate) fn role_name(&self) -> Result<RoleName, Failure> {
        Ok(RoleName::parse("RoleName", &self.parameters.required_text("RoleName")?)?)
    }

    /// A mandatory logon name of a RAM user, as IMS has it.
    pub(crate) fn logon_name(&self, field: &str) -> Result<UserName, Failure> {
        Ok(self.optional_logon_name(field)?.ok_or_else(|| self.parameters.missing(field))?)
    }

    /// The same where it may be left out.
    pub(crate) fn optional_logon_name(&self, field: &str) -> Result<Option<UserName>, Failure> {
        let Some(text) = self.parameters.text(field)? else { return Ok(None) };
        Ok(Some(self.api.control().read_user_principal_name(self.caller.account, field, &text)?))
    }

    /// A mandatory policy name.
    pub(crate) fn policy_name(&self) -> Result<PolicyName, Failure> {
        Ok(PolicyName::parse("PolicyName", &self.parameters.required_text("PolicyName")?)?)
    }

    /// A policy type, where it may be left out.
    pub(crate) fn policy_type_in(&self, field: &str) -> Result<Option<PolicyType>, Failure> {
        match self.parameters.text(field)?.as_deref() {
            None => Ok(None),
            Some("System") => Ok(Some(PolicyType::System)),
            Some("Custom") => Ok(Some(PolicyType::Custom)),
            Some(_) => Err(Error::invalid(
                format!("InvalidParameter.{field}"),
                format!("The parameter - \"{field}\" is incorrect. It must be System or Custom."),
            )
            .into()),
        }
    }

    /// A mandatory policy type, as RAM's own operations have it.
    pub(crate) fn policy_type(&self) -> Result<PolicyType, Failure> {
        Ok(self.policy_type_in("PolicyType")?.ok_or_else(|| self.parameters.missing("PolicyType"))?)
    }

    /// A mandatory workspace. A text that is no workspace id names a workspace that does not exist, and is answered
    /// like one.
    pub(crate) fn workspace(&self) -> Result<WorkspaceId, Failure> {
        workspace(self.parameters)
    }

    /// The same where it may be left out or empty.
    pub(crate) fn optional_workspace(&self) -> Result<Option<WorkspaceId>, Failure> {
        optional_workspace(self.parameters)
    }

    /// The resource group that an attachment is for, which is a workspace here. Left out it is the account; an empty one is
    /// none that exists, so that a script whose variable is unset attaches nothing to everything.
    pub(crate) fn resource_group(&self) -> Result<Option<WorkspaceId>, Failure> {
        Ok(self.parameters.text("ResourceGroupId")?.map(|text| workspace_or_absent(&text)))
    }

    /// A set of pages; left out, it is empty.
    pub(crate) fn pages(&self, parameters: &Parameters) -> Result<Pages, Failure> {
        Ok(Pages::parse("pages", &parameters.texts("pages")?.unwrap_or_default())?)
    }

    /// Where a RAM list starts.
    pub(crate) fn ram_cursor(&self) -> Result<Cursor, Failure> {
        self.cursor("Marker", "MaxItems", RAM_PAGE)
    }

    /// Where RAM's list of groups starts.
    pub(crate) fn ram_groups_cursor(&self) -> Result<Cursor, Failure> {
        self.cursor("Marker", "MaxItems", RAM_GROUPS_PAGE)
    }

    /// Where RAM's list of tags starts.
    pub(crate) fn tags_cursor(&self) -> Result<Cursor, Failure> {
        self.cursor("NextToken", "PageSize", RAM_TAGS_PAGE)
    }

    /// Where one of our lists starts.
    pub(crate) fn list_cursor(&self) -> Result<Cursor, Failure> {
        self.cursor("nextToken", "maxResults", PAGE)
    }

    fn cursor(&self, token: &str, limit: &str, (most, usual): (i64, i64)) -> Result<Cursor, Failure> {
        let limit = self.parameters.integer(limit, 1..=most)?.unwrap_or(usual);
        let text = self.parameters.text(token)?.unwrap_or_default();
        let after = self.api.control().read_page_token(self.caller.account, token, &text)?;
        Ok(Cursor { after, limit: u32::try_from(limit).map_err(Error::internal)? })
    }

    /// Where a list of IMS starts whose pages are marked as those of newer services; `usual` rows, where none is said.
    pub(crate) fn newer_cursor(&self, limit: &str, most: i64, usual: i64) -> Result<Cursor, Failure> {
        self.cursor("NextToken", limit, (most, usual))
    }

    /// The token of the next page.
    pub(crate) fn token<T>(&self, page: &Page<T>) -> Option<String> {
        page.next.as_ref().map(|after| self.api.control().page_token(self.caller.account, after))
    }

    /// One page of a list that is held whole: the rows, the token of the next page and the count of all.
    pub(crate) fn slice<T>(
        &self,
        rows: Vec<T>,
        key: impl Fn(&T) -> String,
    ) -> Result<(Vec<T>, Option<String>, usize), Failure> {
        let cursor = self.list_cursor()?;
        let total = rows.len();
        let limit = usize::try_from(cursor.limit).map_err(Error::internal)?;
        let start = if cursor.after.is_empty() {
            0
        } else {
            rows.iter().position(|row| key(row) == cursor.after).map_or(total, |at| at + 1)
        };
        let mut rest = rows.into_iter().skip(start);
        let page: Vec<T> = rest.by_ref().take(limit).collect();
        let more = rest.next().is_some();
        let token = page
            .last()
            .filter(|_| more)
            .map(|last| self.api.control().page_token(self.caller.account, &key(last)));
        Ok((page, token, total))
    }

    /// Refuses parameters that the operation does not have. Every handler calls it before it does anything.
    pub(crate) fn finish(&self) -> Result<(), Failure> {
        Ok(self.parameters.finish()?)
    }
}

/// A workspace that may be left out or empty, of these parameters.
pub(crate) fn optional_workspace(parameters: &Parameters) -> Result<Option<WorkspaceId>, Failure> {
    let text = parameters.text("workspaceId")?.filter(|text| !text.is_empty());
    Ok(text.map(|text| workspace_or_absent(&text)))
}

/// A mandatory one.
pub(crate) fn workspace(parameters: &Parameters) -> Result<WorkspaceId, Failure> {
    Ok(workspace_or_absent(&parameters.required_text("workspaceId")?))
}

/// What stands for a workspace id of a shape that none has: an id that no workspace gets.
fn workspace_or_absent(text: &str) -> WorkspaceId {
    text.parse().unwrap_or_else(|_| "llm-0000000000000000".parse().expect("a constant of the right shape"))
}

/// `auth` of the vendor's API: `None` is not given, `Some(None)` is type All.
pub(crate) fn auth(parameters: &Parameters) -> Result<Option<Option<KeyAuth>>, Failure> {
    let Some(auth) = parameters.object("auth")? else { return Ok(None) };
    let kind = auth.text("type")?.unwrap_or_default();
    let addresses = auth.texts("accessIps")?.unwrap_or_default();
    let scope = auth.object("modelAccessScope")?;
    let (all, models) = match &scope {
        None => (None, Vec::new()),
        Some(scope) => {
            (scope.boolean("allowAllModels")?, scope.texts("accessibleModels")?.unwrap_or_default())
        }
    };
    if kind != "Custom" {
        if kind != "All" && !kind.is_empty() {
            return Err(auth.invalid("type", "must be All or Custom").into());
        }
        if !addresses.is_empty() || !models.is_empty() || all == Some(false) {
            return Err(auth.invalid("type", "must be Custom for addresses or models to count").into());
        }
        return Ok(Some(None));
    }
    let access_ips = if addresses.is_empty() {
        everywhere()
    } else {
        addresses.iter().map(|text| parse_network("auth.accessIps", text)).collect::<Result<_, _>>()?
    };
    let accessible_models = match all {
        Some(false) => Some(models.into_iter().map(String::into_boxed_str).collect()),
        _ if models.is_empty() => None,
        _ => {
            return Err(auth
                .invalid("modelAccessScope.allowAllModels", "must be false for accessibleModels to count")
                .into());
        }
    };
    Ok(Some(Some(KeyAuth { access_ips, accessible_models })))
}

/// A time as callers give it: milliseconds since the epoch, or RFC 3339.
pub(crate) fn moment(parameters: &Parameters, field: &str) -> Result<Option<i64>, Failure> {
    let Some(value) = parameters.json(field) else { return Ok(None) };
    moment_of(&value).map(Some).ok_or_else(|| parameters.invalid(field, MOMENT).into())
}

/// What a time must be.
pub(crate) const MOMENT: &str = "must be milliseconds since 1970, or a time such as 2026-11-24T06:30:00Z";

/// The same of a JSON value.
pub(crate) fn moment_of(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => {
            text.parse().ok().or_else(|| text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond))
        }
        _ => None,
    }
}
