//! The tokens that lead from one page of a list to the next. They are authenticated and belong to one owner, mostly an
//! account, so a changed or foreign token is refused instead of leading somewhere.

use std::fmt::Display;

use bailey_domain::Error;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::control::Control;

const TAG: usize = 12;

impl Control {
    /// A short mark of what a list was asked with, to be put into its tokens.
    pub fn page_mark(&self, asked: &[u8]) -> String {
        self.hasher.hash(&[b"page mark\0", asked].concat()).to_hex()[..32].to_owned()
    }

    fn page_tag(&self, owner: impl Display, after: &str) -> [u8; TAG] {
        let hash = self.hasher.hash(format!("page token\0{owner}\0{after}").as_bytes());
        let mut tag = [0; TAG];
        tag.copy_from_slice(&hash.bytes()[..TAG]);
        tag
    }

    /// The token of a page that starts after this row.
    pub fn page_token(&self, owner: impl Display, after: &str) -> String {
        let mut bytes = self.page_tag(owner, after).to_vec();
        bytes.extend_from_slice(after.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Reads a token; `field` is its parameter's name. An empty one is the start.
    pub fn read_page_token(&self, owner: impl Display, field: &str, token: &str) -> Result<String, Error> {
        if token.is_empty() {
            return Ok(String::new());
        }
        let wrong =
            || Error::field(field, "is not a token of this list. Take it unchanged from the answer before");
        let bytes = URL_SAFE_NO_PAD.decode(token).map_err(|_| wrong())?;
        let (tag, after) = bytes.split_at_checked(TAG).ok_or_else(wrong)?;
        let after = std::str::from_utf8(after).map_err(|_| wrong())?;
        if self.page_tag(owner, after) == tag { Ok(after.to_owned()) } else { Err(wrong()) }
    }
}
