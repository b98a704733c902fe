//! Answers that come in pages, or in parts: all of them, as one.

use bailey_api::routes::Form;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use super::output::at;
use super::plan::{Plan, list};
use crate::client::{Client, Failure, route_of};
use crate::system::{print, say};

/// How an API asks for pages and marks them. A dot leads into an object.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Marks {
    /// The parameter for a page's size.
    size: &'static str,
    /// The parameter that says where a page begins.
    token: &'static str,
    /// The field of an answer that says where the next page does.
    next: &'static str,
    /// The most rows of a page.
    most: u64,
    /// A token goes only with the size that it was made for.
    steady: bool,
}

impl Marks {
    /// RAM's list of groups takes no more than 100 at once, the others of RAM more.
    const RAM: Self = Self::alike("MaxItems", "Marker", 100);
    const OURS: Self = Self::alike("maxResults", "nextToken", 200);
    /// The newer actions of IMS.
    pub(crate) const NEWER: Self = Self::alike("MaxResults", "NextToken", 100);
    pub(crate) const TAGS: Self = Self::alike("PageSize", "NextToken", 100);
    pub(crate) const AUTHZEN: Self =
        Self { size: "page.limit", token: "page.token", next: "page.next_token", most: 1000, steady: true };

    const fn alike(size: &'static str, token: &'static str, most: u64) -> Self {
        Self { size, token, next: token, most, steady: false }
    }

    /// Where the page after an answer begins. A page of a search may be empty and lead on; one that leads to itself
    /// would not end.
    fn after(&self, answer: &Value, last: &str) -> Option<String> {
        let next = at(answer, self.next).as_str()?;
        (!next.is_empty() && next != last).then(|| next.to_owned())
    }
}

impl Plan {
    /// Follows the pages. The answer is the last page's, with the rows of all; JSON lines are printed at once instead.
    pub(super) fn whole_list(
        &self,
        client: &Client,
        path: &str,
        limit: Option<u64>,
        lines: bool,
    ) -> Result<Value, Failure> {
        let ram = matches!(route_of(self.operation)?.form, Form::Rpc { .. });
        let marks = self.marks.unwrap_or(if ram { Marks::RAM } else { Marks::OURS });
        let mut parameters = self.parameters.clone();
        let (wanted, mut token) = (limit.unwrap_or(u64::MAX), String::new());
        let mut left = wanted;
        let mut all = Vec::new();
        loop {
            // An export has pages of the server's own size.
            if !lines {
                let size = if marks.steady { wanted } else { left };
                put(&mut parameters, marks.size, size.min(marks.most).into());
            }
            let mut answer = client.call(self.operation, &parameters)?;
            let rows = list(&answer, path).to_vec();
            let surplus = rows.len() as u64 > left;
            left = left.saturating_sub(rows.len() as u64);
            if lines {
                print(&rows.iter().map(|row| format!("{row}\n")).collect::<String>())?;
            } else {
                all.extend(rows);
            }
            match marks.after(&answer, &token) {
                Some(next) if left > 0 => {
                    put(&mut parameters, marks.token, next.as_str().into());
                    token = next;
                }
                next => {
                    if next.is_some() || surplus {
                        say("there is more: raise `--limit`, or leave it out for all");
                    }
                    all.truncate(usize::try_from(wanted).unwrap_or(usize::MAX));
                    put_rows(&mut answer, path, all);
                    // What AuthZEN says of a page is true of the last one only.
                    if let (Some((page, _)), Some(fields)) =
                        (marks.next.split_once('.'), answer.as_object_mut())
                    {
                        fields.remove(page);
                    }
                    return Ok(answer);
                }
            }
        }
    }

    /// Follows the parts of a text in base64. The answer is the last part's, with the whole text.
    pub(super) fn whole_text(&self, client: &Client, field: &str) -> Result<Value, Failure> {
        let mut parameters = self.parameters.clone();
        let (mut whole, mut token) = (Vec::new(), String::new());
        loop {
            let mut answer = client.call(self.operation, &parameters)?;
            whole.extend(decoded(&answer[field])?);
            let Some(next) = Marks::NEWER.after(&answer, &token) else {
                answer[field] = STANDARD.encode(whole).into();
                return Ok(answer);
            };
            put(&mut parameters, Marks::NEWER.token, next.as_str().into());
            token = next;
        }
    }
}

/// What a field holds in base64.
pub(crate) fn decoded(content: &Value) -> Result<Vec<u8>, Failure> {
    let unreadable = |why: String| Failure::failed(format!("the server's answer does not read: {why}"));
    let text = content.as_str().ok_or_else(|| unreadable("its text is missing".to_owned()))?;
    STANDARD.decode(text).map_err(|error| unreadable(error.to_string()))
}

/// Sets a parameter.
fn put(parameters: &mut Map<String, Value>, path: &str, value: Value) {
    match path.split_once('.') {
        None => drop(parameters.insert(path.to_owned(), value)),
        Some((object, field)) => parameters.entry(object).or_insert_with(|| json!({}))[field] = value,
    }
}

fn put_rows(answer: &mut Value, path: &str, rows: Vec<Value>) {
    if let Some(place) = answer.pointer_mut(&format!("/{}", path.replace('.', "/"))) {
        *place = Value::Array(rows);
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{answering, plan};
    use super::*;
    use crate::client::Exit;

    fn search(limit: &str) -> Plan {
        plan(&format!("access search --subject user:alice --action model:call --resource-type model{limit}"))
    }

    fn found(ids: &[&str], next: &str) -> Value {
        let results: Vec<_> = ids.iter().map(|id| json!({ "type": "model", "id": id })).collect();
        json!({ "results": results, "page": { "next_token": next, "count": ids.len() } })
    }

    fn pages(sent: &[String]) -> Vec<Value> {
        sent.iter().map(|body| serde_json::from_str::<Value>(body).unwrap()["page"].clone()).collect()
    }

    #[test]
    fn a_search_is_followed_to_its_end() {
        let (client, sent) = answering(vec![found(&["a", "b"], "t1"), found(&[], "t2"), found(&["c"], "")]);
        let answer = search("").answer(&client).unwrap();
        assert_eq!(answer, json!({ "results": found(&["a", "b", "c"], "")["results"] }));
        let sent = pages(&sent());
        let page = |token| json!({ "limit": 1000, "token": token });
        assert_eq!(sent, [json!({ "limit": 1000 }), page("t1"), page("t2")]);
    }

    #[test]
    fn a_limit_cuts_a_search_whose_pages_keep_their_size() {
        let (client, sent) = answering(vec![found(&["a", "b"], "t1"), found(&["c", "d", "e"], "t2")]);
        let answer = search(" --limit 3").answer(&client).unwrap();
        assert_eq!(answer["results"], found(&["a", "b", "c"], "")["results"]);
        assert_eq!(pages(&sent()), [json!({ "limit": 3 }), json!({ "limit": 3, "token": "t1" })]);
    }

    fn part(text: &str, next: Option<&str>) -> Value {
        json!({ "Content": STANDARD.encode(text), "NextToken": next, "IsTruncated": next.is_some().to_string() })
    }

    #[test]
    fn a_report_is_put_together_from_its_parts() {
        // The parts may end within a character.
        let cut = json!({ "Content": STANDARD.encode([0xe7, 0xa0]), "NextToken": "t2" });
        let rest = json!({ "Content": STANDARD.encode([0x94, b'\n']), "IsTruncated": "false" });
        let (client, sent) = answering(vec![part("user\n", Some("t1")), cut, rest]);
        let answer = plan("credential-report get").answer(&client).unwrap();
        let expected = json!({ "Content": STANDARD.encode("user\n研\n"), "IsTruncated": "false" });
        assert_eq!(answer, expected);
        assert_eq!(sent(), ["", "NextToken=t1", "NextToken=t2"]);
    }

    #[test]
    fn a_report_that_does_not_read_is_a_failure() {
        for content in [json!("no base64!"), json!(null)] {
            let (client, _) = answering(vec![part("user\n", Some("t1")), json!({ "Content": content })]);
            let failure = plan("credential-report get").answer(&client).unwrap_err();
            assert_eq!(failure.exit, Exit::Failed, "{failure}");
        }
    }
}
