//! Which resources a statement is about.

use std::borrow::Cow;

use crate::condition::Doubt;
use crate::context::Context;
use crate::glob::Glob;
use crate::policy::Effect;
use crate::resource::Resource;
use crate::template::Template;

/// The `Resource` element: patterns, and apart from them those with variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reach {
    pub(crate) globs: Box<[Glob]>,
    pub(crate) templates: Box<[Template]>,
}

impl Reach {
    /// Whether it holds every resource, whatever its variables are.
    pub(crate) fn is_any(&self) -> bool {
        self.globs.iter().any(Glob::is_any)
    }

    /// Whether it holds the resource, if that can be told.
    pub(crate) fn holds(&self, resource: &Resource<'_>, context: &Context<'_>) -> Result<bool, Doubt> {
        if self.globs.iter().any(|pattern| resource.matches(pattern)) {
            return Ok(true);
        }
        let mut otherwise = Ok(false);
        for template in &self.templates {
            match template.fill(context) {
                Ok(filled) if resource.matches_marked(filled.bytes()) => return Ok(true),
                Ok(_) => {}
                Err(_) => otherwise = Err(Doubt::MissingVariable),
            }
        }
        otherwise
    }

    /// Patterns for all that it can hold, with whatever values its variables have. In a Deny a variable without a value
    /// holds everything.
    pub(crate) fn widest(&self, effect: Effect) -> impl Iterator<Item = Cow<'_, str>> {
        let plain = self.globs.iter().map(|glob| Cow::Borrowed(glob.as_str()));
        plain.chain(self.templates.iter().map(move |template| match effect {
            Effect::Allow => Cow::Owned(template.widest()),
            Effect::Deny => Cow::Borrowed("*"),
        }))
    }
}
