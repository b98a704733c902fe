//! What most commands are: one operation, the parameters it is sent, and how its answer is shown.

use serde_json::{Map, Value};

use super::output::{self, Column};
use super::pages::Marks;
use crate::client::{Client, Exit, Failure};
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
    /// The list comes in pages; how many rows are wanted.
    paged: Option<Option<u64>>,
    /// The text in base64 that comes in parts.
    in_parts: Option<&'static str>,
    /// How pages are asked for and marked, where that is not the way of the operation's API.
    pub(super) marks: Option<Marks>,
    note: Option<String>,
}

impl Plan {
    pub(crate) fn new(operation: &'static str) -> Self {
        Self {
            operation,
            parameters: Map::new(),
            view: View::Nothing,
            paged: None,
            in_parts: None,
            marks: None,
            note: None,
        }
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
    pub(crate) fn some<T: Clone + Into<Value>>(self, name: &str, values: &[T]) -> Self {
        if values.is_empty() { self } else { self.with(name, values) }
    }

    /// One parameter for each value, numbered from 1.
    pub(crate) fn numbered(self, name: &str, values: &[String]) -> Self {
        let values = values.iter().enumerate();
        values.fold(self, |plan, (at, value)| plan.with(&format!("{name}{}", at + 1), value.as_str()))
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

    /// Says how pages are asked for and marked.
    pub(crate) fn marked(mut self, marks: Marks) -> Self {
        self.marks = Some(marks);
        self
    }

    /// A text in base64 that comes in parts: all of them are asked for.
    pub(crate) fn in_parts(mut self, field: &'static str) -> Self {
        self.in_parts = Some(field);
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
        let answer = self.answer(client)?;
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

    /// The answer, with what comes in pages or in parts as one.
    pub(super) fn answer(&self, client: &Client) -> Result<Value, Failure> {
        match (&self.view, self.paged, self.in_parts) {
            (View::Rows(path, _), Some(limit), _) => self.whole_list(client, path, limit, false),
            (View::Lines(path), Some(limit), _) => self.whole_list(client, path, limit, true),
            (_, _, Some(field)) => self.whole_text(client, field),
            _ => client.call(self.operation, &self.parameters),
        }
    }
}

/// The list at a path; empty when there is none.
pub(crate) fn list<'v>(answer: &'v Value, path: &str) -> &'v [Value] {
    output::at(answer, path).as_array().map(Vec::as_slice).unwrap_or_default()
}
