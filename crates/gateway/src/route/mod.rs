//! Which of a model's routes a call takes: by priority and weight, around what is known not to serve, one after the
//! other until one begins to answer.

mod attempt;
mod choice;
mod retry_after;
mod serve;

pub(crate) use attempt::Attempt;
pub(crate) use choice::Turns;
pub(crate) use serve::serve;
