//! Searches and their pages. A token belongs to the search that it came from: with another one it is refused.

use bailey_domain::Error;
use serde_json::{Value, json};

use super::Sought;
use super::point::Point;
use super::request::{Evaluation, Source, optional_object};
use crate::failure::Failure;
use crate::routes::Answer;

/// Results on a page: at most, and unless told otherwise.
const MOST: usize = 1000;
const USUAL: usize = 100;

/// A search.
#[derive(Debug)]
pub(crate) struct Asked<'v> {
    pub(crate) sought: Sought,
    /// The question that every candidate is put into.
    pub(crate) about: Evaluation<'v>,
}

impl Asked<'_> {
    /// A result as it is answered.
    pub(crate) fn shown(&self, id: &str) -> Value {
        match self.sought {
            Sought::Subjects => json!({ "type": self.about.subject.kind, "id": id }),
            Sought::Resources => json!({ "type": self.about.resource.kind, "id": id }),
            Sought::Actions => json!({ "name": id }),
        }
    }
}

/// Where a page starts and how long it is.
struct Start {
    after: String,
    limit: usize,
}

pub(super) async fn answer(point: &Point<'_>, sought: Sought, request: &Value) -> Answer {
    let asked = Asked { sought, about: Evaluation::searched(sought, Source::of(request))? };
    let mark = mark(point, sought, request);
    let start = start(point, request, &mark)?;
    let (results, next) = point.search(&asked, &start.after, start.limit).await?;
    let mut body = json!({ "results": results });
    // Who asked for no page and needs none gets none.
    if next.is_some() || request.get("page").is_some() {
        let token = next.map(|after| point.token(&format!("{mark}:{}:{after}", start.limit)));
        body["page"] = json!({ "next_token": token.unwrap_or_default(), "count": results.len() });
    }
    Ok(body)
}

/// A mark of everything that must be the same for the next page.
fn mark(point: &Point<'_>, sought: Sought, request: &Value) -> String {
    let mut same = request.clone();
    if let Some(members) = same.as_object_mut() {
        members.remove("page");
    }
    point.mark(&json!([format!("{sought:?}"), same]))
}

fn start(point: &Point<'_>, request: &Value, mark: &str) -> Result<Start, Failure> {
    let page = optional_object(request, "page")?.cloned().unwrap_or_default();
    let limit = match page.get("limit") {
        None | Some(Value::Null) => None,
        Some(value) => {
            let number = value.as_u64().ok_or_else(|| {
                Failure::from(Error::field("page.limit", "must be a whole number that is not negative"))
            })?;
            Some(usize::try_from(number).unwrap_or(MOST).min(MOST))
        }
    };
    let token = match page.get("token") {
        None | Some(Value::Null) => "",
        Some(Value::String(token)) => token.as_str(),
        Some(_) => return Err(Error::field("page.token", "must be a text").into()),
    };
    let position = point.read_token(token)?;
    if position.is_empty() {
        return Ok(Start { after: String::new(), limit: limit.unwrap_or(USUAL) });
    }
    let changed = || {
        Failure::from(Error::field(
            "page.token",
            "belongs to another search. With a token, everything else must be as in the call that it came from",
        ))
    };
    let mut parts = position.splitn(3, ':');
    let (Some(own), Some(usual), Some(after)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(changed());
    };
    let usual: usize = usual.parse().map_err(|_| changed())?;
    if own != mark || limit.is_some_and(|limit| limit != usual) {
        return Err(changed());
    }
    Ok(Start { after: after.to_owned(), limit: usual })
}
