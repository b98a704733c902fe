//! One reader for what an operation is given, however it was sent.
//!
//! The SDKs put the same parameter into the query, into a form body as flattened keys (`auth.accessIps.1=…`, indexes from 1),
//! into one field as JSON text (`workspaceLimits=[{…}]`), or into a JSON body. [`Parameters`] merges them with the path's
//! parameters. A name that stands twice anywhere is refused, since two readers could choose differently; so is one that no
//! reader asked for ([`Parameters::finish`]), since a misspelt restriction would otherwise be silently absent.
//!
//! Paths in messages are written flattened, as a form would: `models.1.inference`.

mod collect;
mod error;
mod json;
mod node;
mod read;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use parking_lot::Mutex;

pub(crate) use collect::is_form;
pub use error::{ParameterError, ParameterErrorKind};
use node::Node;

/// Where an operation's parameters came from, still as they arrived.
#[derive(Debug, Clone, Copy, Default)]
pub struct Sources<'a> {
    /// The raw query, without `?`.
    pub query: Option<&'a str>,
    /// The value of `content-type`.
    pub content_type: Option<&'a [u8]>,
    /// The whole body.
    pub body: &'a [u8],
    /// Names and percent-encoded values of the path's parameters.
    pub path: &'a [(&'a str, &'a str)],
}

impl Sources<'_> {
    /// Looks ahead for what decides how the rest is read: the first parameter of this name in query or form. `None` also where it
    /// is no text, which [`Parameters::collect`] refuses.
    #[must_use]
    pub fn first_text(&self, name: &str) -> Option<String> {
        collect::first_text(self, name)
    }
}

/// The parameters of one call, or one object within them. Readers note what was read; children share the notes, so one
/// [`Parameters::finish`] on the outermost object checks all.
#[derive(Debug)]
#[must_use = "call `finish`, so that unknown parameters are refused"]
pub struct Parameters {
    fields: Fields,
    /// The path of this object, ending with a separator unless it is the outermost.
    prefix: String,
    notes: Arc<Mutex<Notes>>,
}

type Fields = BTreeMap<String, Arc<Node>>;

/// What has been read, by path. Paths are joined with NUL, which no name can hold, so they are never ambiguous.
#[derive(Debug, Default)]
struct Notes {
    marks: HashMap<String, Mark>,
    /// Text that turned out to hold JSON, once it was read as an object or list.
    opened: HashMap<String, Arc<Node>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    /// Read with all that is in it.
    Whole,
    /// Opened: what is in it must be read by itself.
    Opened,
}

/// Joins path steps in notes and errors; shown as `.`.
const SEPARATOR: char = '\0';

impl Parameters {
    /// Collects the parameters of one call.
    ///
    /// # Errors
    /// A body of another type than JSON or form, text that is not UTF-8 or holds control characters, JSON that is not
    /// well formed, a name given twice, or more than a call may hold.
    pub fn collect(sources: Sources<'_>) -> Result<Self, ParameterError> {
        Ok(Self { fields: collect::collect(sources)?, prefix: String::new(), notes: Arc::default() })
    }

    /// Takes these names as read, whether they are there or not: the common parameters of RPC calls.
    pub fn ignore(&self, names: &[&str]) {
        let mut notes = self.notes.lock();
        for name in names {
            notes.marks.insert(self.key(name), Mark::Whole);
        }
    }

    /// Ends reading.
    ///
    /// # Errors
    /// The first parameter, with its full path, that no reader asked for.
    pub fn finish(&self) -> Result<(), ParameterError> {
        self.notes.lock().check(&self.fields, &self.prefix)
    }

    fn key(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
}

impl Notes {
    fn check(&self, fields: &Fields, prefix: &str) -> Result<(), ParameterError> {
        for (name, node) in fields {
            self.check_one(node, &format!("{prefix}{name}"))?;
        }
        Ok(())
    }

    fn check_one(&self, node: &Node, key: &str) -> Result<(), ParameterError> {
        match self.marks.get(key) {
            None => Err(ParameterError::new(key, ParameterErrorKind::Unknown)),
            Some(Mark::Whole) => Ok(()),
            Some(Mark::Opened) => {
                let inner = format!("{key}{SEPARATOR}");
                match self.opened.get(key).map_or(node, |opened| &**opened) {
                    Node::Map(fields) | Node::Flat(fields) => self.check(fields, &inner),
                    Node::List(items) => items
                        .iter()
                        .enumerate()
                        .try_for_each(|(index, item)| self.check_one(item, &format!("{inner}{}", index + 1))),
                    Node::Null | Node::Bool(_) | Node::Number(_) | Node::Text(_) => Ok(()),
                }
            }
        }
    }
}
