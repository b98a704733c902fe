//! The one form of path, parameters and headers that client and server sign.

use http::HeaderMap;

use crate::AuthError;
use crate::credentials::{incomplete, one_header};
use crate::encoding::{self, Plus};

/// `name:value` lines of the signed headers, each of which must have come once.
pub(super) fn canonical_headers(signed: &[&str], headers: &HeaderMap) -> Result<Vec<u8>, AuthError> {
    let mut text = Vec::with_capacity(512);
    for name in signed {
        let value = one_header(headers, name)?.ok_or_else(|| {
            incomplete(format_args!(
                "the signed header `{name}` did not arrive; check for a proxy on the way that removes it"
            ))
        })?;
        text.extend_from_slice(name.as_bytes());
        text.push(b':');
        text.extend_from_slice(value.trim_ascii());
        text.push(b'\n');
    }
    Ok(text)
}

/// The path with each segment decoded and strictly encoded again; `/` stays.
pub(super) fn canonical_path(path: &str) -> Result<String, AuthError> {
    let mut text = String::with_capacity(path.len());
    for (index, segment) in path.split('/').enumerate() {
        if index > 0 {
            text.push('/');
        }
        let decoded = encoding::decode(segment.as_bytes(), Plus::Itself).map_err(|_| AuthError::Query {
            name: "path".to_owned(),
            why: "has a `%` without two hexadecimal digits; percent-encode it",
        })?;
        text.push_str(&encoding::encode(&decoded));
    }
    Ok(if text.is_empty() { "/".to_owned() } else { text })
}

/// The query's parameters, sorted by name, strictly encoded.
pub(super) fn canonical_query(query: &str) -> Result<String, AuthError> {
    Ok(Pairs::read([query.as_bytes()])?.canonical())
}

/// Parameters, decoded and sorted by name; no name stands twice.
pub(super) struct Pairs(Vec<(Vec<u8>, Vec<u8>)>);

impl Pairs {
    /// Reads queries and forms as one set.
    pub(super) fn read<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, AuthError> {
        let mut pairs = Vec::new();
        for pair in texts.into_iter().flat_map(encoding::pairs) {
            let name = encoding::decode(pair.name, Plus::Blank);
            let value = encoding::decode(pair.value, Plus::Blank);
            let (Ok(name), Ok(value)) = (name, value) else {
                return Err(AuthError::Query {
                    name: encoding::shown(pair.name),
                    why: "has a `%` without two hexadecimal digits; percent-encode it",
                });
            };
            pairs.push((name, value));
        }
        pairs.sort();
        if let Some(twice) = pairs.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(AuthError::Query {
                name: encoding::shown(&twice[0].0),
                why: "is given more than once; send it once",
            });
        }
        Ok(Self(pairs))
    }

    fn place(&self, name: &str) -> Option<usize> {
        self.0.binary_search_by(|(own, _)| own.as_slice().cmp(name.as_bytes())).ok()
    }

    /// The value of this name.
    pub(super) fn find(&self, name: &str) -> Option<&[u8]> {
        self.place(name).map(|place| self.0[place].1.as_slice())
    }

    /// The value of this name, which is taken out of the set.
    pub(super) fn take(&mut self, name: &str) -> Option<Vec<u8>> {
        self.place(name).map(|place| self.0.remove(place).1)
    }

    /// `name=value`, strictly encoded, joined by `&`.
    pub(super) fn canonical(&self) -> String {
        let mut text = String::with_capacity(self.0.len() * 32);
        for (name, value) in &self.0 {
            if !text.is_empty() {
                text.push('&');
            }
            text.extend(encoding::encoded(name));
            text.push('=');
            text.extend(encoding::encoded(value));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_keeps_slashes_and_has_one_form() {
        assert_eq!(canonical_path("/").unwrap(), "/");
        assert_eq!(canonical_path("").unwrap(), "/");
        assert_eq!(canonical_path("/a%2fb/%7e/c+d").unwrap(), "/a%2Fb/~/c%2Bd");
        assert!(canonical_path("/a%2").is_err());
    }

    #[test]
    fn the_query_is_sorted_and_a_name_stands_once() {
        assert_eq!(canonical_query("b=2&a=1+1&c").unwrap(), "a=1%201&b=2&c=");
        let error = canonical_query("UserName=a&User%4eame=b").unwrap_err();
        assert_eq!(error.message(), "`UserName` is given more than once; send it once");
        assert!(canonical_query("a=%zz").is_err());
        assert_eq!(canonical_query("=&b").unwrap(), "=&b=");
    }

    #[test]
    fn query_and_form_are_one_set() {
        let mut pairs = Pairs::read([&b"b=2&Signature=x"[..], b"a=1+1"]).unwrap();
        assert_eq!(pairs.take("Signature").unwrap(), b"x");
        assert_eq!((pairs.take("Signature"), pairs.find("b")), (None, Some(&b"2"[..])));
        assert_eq!(pairs.canonical(), "a=1%201&b=2");
        assert!(Pairs::read([&b"a=1"[..], b"a=1"]).is_err());
    }
}
