//! OpenAI's responses, without what needs something to be kept: no stored answers, no conversations, no tools of the provider.

mod answer;
mod events;
mod read;

pub(super) use answer::write as write_answer;
pub(super) use events::EventWriter;
pub(crate) use read::Echo;
pub(super) use read::read;
