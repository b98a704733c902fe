//! `bailey tag`

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::Paging;
use super::operations::example;
use super::output::text;
use super::pages::Marks;
use super::plan::Plan;

/// Tags of RAM roles and custom policies: keys with values, to find them by.
#[derive(Debug, Subcommand)]
pub(crate) enum Tag {
    /// Put tags on roles or policies; a key that is there gets the new value.
    #[command(after_help = example("TagResources"))]
    Add {
        #[command(flatten)]
        of: Things,
        /// A tag; may be given more than once.
        #[arg(long = "tag", value_name = "KEY=VALUE", required = true, value_parser = pair)]
        tags: Vec<Value>,
    },
    /// Take tags off roles or policies.
    #[command(after_help = example("UntagResources"))]
    Remove {
        #[command(flatten)]
        of: Things,
        /// A tag's key; may be given more than once.
        #[arg(long = "key", value_name = "KEY", required_unless_present = "all")]
        keys: Vec<String>,
        /// All tags.
        #[arg(long, conflicts_with = "keys")]
        all: bool,
    },
    /// List tags and what they are on.
    #[command(after_help = example("ListTagResources"))]
    List {
        /// What the tags are on.
        #[arg(long = "type", value_enum)]
        kind: Kind,
        /// Only of these.
        names: Vec<String>,
        /// Only this tag, and only of what holds all that are given; may be given more than once.
        #[arg(long = "tag", value_name = "KEY[=VALUE]", value_parser = wanted)]
        tags: Vec<Value>,
        #[command(flatten)]
        paging: Paging,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Things {
    /// What they are.
    #[arg(long = "type", value_enum)]
    kind: Kind,
    /// Their names.
    #[arg(required = true)]
    names: Vec<String>,
}

/// What holds tags.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Kind {
    Role,
    Policy,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Role => "role",
            Self::Policy => "policy",
        }
    }
}

/// `KEY=VALUE` as a tag.
pub(super) fn pair(text: &str) -> Result<Value, String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE; `KEY=` has an empty value")?;
    Ok(json!({ "Key": key, "Value": value }))
}

/// `KEY=VALUE`, or `KEY` for any value.
fn wanted(text: &str) -> Result<Value, String> {
    Ok(pair(text).unwrap_or_else(|_| json!({ "Key": text })))
}

impl Tag {
    pub(crate) fn plan(&self) -> Plan {
        let of = |operation, of: &Things| {
            Plan::new(operation).with("ResourceType", of.kind.name()).some("ResourceNames", &of.names)
        };
        match self {
            Self::Add { of: things, tags } => of("TagResources", things)
                .with("Tag", tags.as_slice())
                .note(format!("tagged {}", things.names.join(", "))),
            Self::Remove { of: things, keys, all } => of("UntagResources", things)
                .some("TagKeys", keys)
                .switch("All", *all)
                .note(format!("untagged {}", things.names.join(", "))),
            Self::List { kind, names, tags, paging } => {
                let columns = [
                    text("TYPE", "ResourceType"),
                    text("NAME", "ResourceName"),
                    text("KEY", "TagKey"),
                    text("VALUE", "TagValue"),
                ];
                let plan =
                    Plan::new("ListTagResources").with("ResourceType", kind.name()).marked(Marks::TAGS);
                plan.some("Tag", tags).some("ResourceNames", names).pages(
                    "TagResources",
                    &columns,
                    paging.limit,
                )
            }
        }
    }
}
