//! What most commands are: one operation, the parameters it is sent, and how its answer is shown.

use serde_json::{Map, Value};

use super::output::{self, Column};
use crate::client::{Client, Exit, Failure, route_of};
use crate::system::{print, say};

/// How answers are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    Table,
    Json,
}

/// Shows an answer: what goes to standard output, and how the command ends.
pub(crate) type Show = fn(&Value) -> Result<(String, Exit), Failure>;

#[derive(Clone, Debug)]
enum View {
    /// Nothing; the note says it.
    Nothing,
    /// The fields at a path.
    Fields(&'static str),
    /// The list at a path.
    Rows(&'static str, Vec<Column>),
    /// The list at a path, one JSON object a line, as it arrives.
    Lines(&'static str),
    /// Its own.
    Own(Show),
}

/// One call.
#[derive(Debug)]
pub(crate) struct Plan {
    /// Its name in the permission table.
    pub(crate) operation: &'static str,
    pub(crate) parameters: Map<String, Value>,
    view: View,
    /// Where the list that comes in pages is, and how many rows are wanted.
    paged: Option<Option<u64>>,
    /// How pages are asked for and marked, where that is not the way of the operation's API: the parameter for their
    /// size, the one for the token, and the most rows.
    marks: Option<(&'static str, &'static str, u64)>,
    note: Option<String>,
}

impl Plan {
    pub(crate) fn new(operation: &'static str) -> Self {
        Self { operation, parameters: Map::new(), view: View::Nothing, paged: None, marks: None, note: None }
    }

    /// A parameter.
    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.parameters.insert(name.to_owned(), value.into());
        self
    }

    /// A parameter that may be left out.
    pub(crate) fn maybe<T: Clone + Into<Value>>(self, name: &str, value: &Option<T>) -> Self {
        match value {
            Some(value) => self.with(name, value.clone()),
            None => self,
        }
    }

    /// A switch: sent when it is on.
    pub(crate) fn switch(self, name: &str, on: bool) -> Self {
        if on { self.with(name, true) } else { self }
    }

    /// A list that is left out when it is empty.
    pub(crate) fn some(self, name: &str, values: &[String]) -> Self {
        if values.is_empty() { self } else { self.with(name, values) }
    }

    /// Shows the fields at a path.
    pub(crate) fn fields(mut self, path: &'static str) -> Self {
        self.view = View::Fields(path);
        self
    }

    /// Shows a list as a table.
    pub(crate) fn rows(mut self, path: &'static str, columns: &[Column]) -> Self {
        self.view = View::Rows(path, columns.to_vec());
        self
    }

    /// Shows a list that comes in pages as a table, all of it unless `limit` says how much.
    pub(crate) fn pages(mut self, path: &'static str, columns: &[Column], limit: Option<u64>) -> Self {
        self.paged = Some(limit);
        self.rows(path, columns)
    }

    /// Says how pages are asked for and marked: the parameter for their size, the one for the token, and the most rows.
    pub(crate) fn marked(mut self, size: &'static str, token: &'static str, most: u64) -> Self {
        self.marks = Some((size, token, most));
        self
    }

    /// Writes a list that comes in pages as JSON lines.
    pub(crate) fn lines(mut self, path: &'static str) -> Self {
        self.view = View::Lines(path);
        self.paged = Some(None);
        self
    }

    /// Shows the answer in its own way.
    pub(crate) fn shown_by(mut self, show: Show) -> Self {
        self.view = View::Own(show);
        self
    }

    /// What is said when it has gone well.
    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// Calls, shows, and says how it ended.
    pub(crate) fn run(self, client: &Client, format: Format) -> Result<Exit, Failure> {
        let answer = match (&self.view, self.paged) {
            (View::Rows(path, _) | View::Lines(path), Some(limit)) => self.whole_list(client, path, limit)?,
            _ => client.call(self.operation, &self.parameters)?,
        };
        let shown = match &self.view {
            View::Nothing | View::Lines(_) => Ok((String::new(), Exit::Ok)),
            View::Fields(path) => Ok((output::fields(output::at(&answer, path)), Exit::Ok)),
            View::Rows(path, columns) => Ok((output::table(list(&answer, path), columns), Exit::Ok)),
            View::Own(show) => show(&answer),
        };
        match format {
            Format::Json if !matches!(self.view, View::Lines(_)) => print(&format!("{answer:#}\n"))?,
            Format::Json => {}
            Format::Table => print(shown.as_ref().map_or("", |(text, _)| text.as_str()))?,
        }
        let (_, exit) = shown?;
        if let Some(note) = self.note.filter(|_| exit == Exit::Ok) {
            say(&note);
        }
        Ok(exit)
    }

    /// Follows the pages. The answer is the last page's, with the rows of all; JSON lines are printed at once instead.
    fn whole_list(&self, client: &Client, path: &str, limit: Option<u64>) -> Result<Value, Failure> {
        let ram = matches!(route_of(self.operation)?.form, bailey_api::routes::Form::Rpc { .. });
        // RAM's list of groups takes no more than 100 at once, the others of RAM more.
        let usual = if ram { ("MaxItems", "Marker", 100) } else { ("maxResults", "nextToken", 200) };
        let (size, token, most) = self.marks.unwrap_or(usual);
        let mut parameters = self.parameters.clone();
        let mut left = limit.unwrap_or(u64::MAX);
        let mut all = Vec::new();
        loop {
            // An export has pages of the server's own size.
            if !matches!(self.view, View::Lines(_)) {
                parameters.insert(size.to_owned(), left.min(most).into());
            }
            let mut answer = client.call(self.operation, &parameters)?;
            let rows = list(&answer, path).to_vec();
            left = left.saturating_sub(rows.len() as u64);
            // A page of a search may be empty and lead on; one that leads to itself would not end.
            let goes_on =
                |next: &&str| !next.is_empty() && parameters.get(token).is_none_or(|last| last != next);
            let next = answer[token].as_str().filter(goes_on).map(str::to_owned);
            if matches!(self.view, View::Lines(_)) {
                print(&rows.iter().map(|row| format!("{row}\n")).collect::<String>())?;
            } else {
                all.extend(rows);
            }
            match next {
                Some(next) if left > 0 => parameters.insert(token.to_owned(), next.into()),
                next => {
                    if next.is_some() {
                        say("there is more: raise `--limit`, or leave it out for all");
                    }
                    let pointer = format!("/{}", path.replace('.', "/"));
                    if let Some(place) = answer.pointer_mut(&pointer) {
                        *place = Value::Array(all);
                    }
                    return Ok(answer);
                }
            };
        }
    }
}

/// The list at a path; empty when there is none.
pub(crate) fn list<'v>(answer: &'v Value, path: &str) -> &'v [Value] {
    output::at(answer, path).as_array().map(Vec::as_slice).unwrap_or_default()
}
