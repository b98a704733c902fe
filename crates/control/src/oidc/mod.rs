//! OpenID Connect: whether a token is what its provider says it is.

mod documents;
#[cfg(test)]
mod fixture;
mod key_set;
mod keys;
mod token;

pub use documents::Documents;
pub(crate) use documents::check_url;
pub(crate) use keys::Keys;
pub(crate) use token::Unchecked;
