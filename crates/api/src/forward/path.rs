//! The one form of an original path, made exactly once. What a server behind the proxy could read as another path is
//! refused instead of guessed at.

/// The path of a request target in its one form: percent-decoded once, without dot segments and doubled slashes.
///
/// Refused: a target that is no path, a slash, backslash or control character in disguise, a percent sign that would
/// decode again, a dot segment that hides parameters, and a path that climbs above its root.
pub(super) fn normalised(target: &str) -> Result<String, ()> {
    let raw = target.split(['?', '#']).next().unwrap_or_default();
    if !raw.starts_with('/') {
        return Err(());
    }
    let mut kept: Vec<String> = Vec::new();
    for segment in raw.split('/').skip(1) {
        let segment = decoded(segment)?;
        match segment.split(';').next().unwrap_or_default() {
            "." | ".." if segment.contains(';') => return Err(()),
            "." => {}
            ".." => drop(kept.pop().ok_or(())?),
            _ if segment.is_empty() => {}
            _ => kept.push(segment),
        }
    }
    Ok(format!("/{}", kept.join("/")))
}

fn decoded(segment: &str) -> Result<String, ()> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, after @ ..] = rest {
        let (byte, after) = match (first, after) {
            (b'%', [high, low, after @ ..]) => (hex(*high)? << 4 | hex(*low)?, after),
            (b'%', _) => return Err(()),
            (byte, after) => (*byte, after),
        };
        if matches!(byte, b'/' | b'\\' | b'%') || byte.is_ascii_control() {
            return Err(());
        }
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8(bytes).map_err(drop)
}

fn hex(digit: u8) -> Result<u8, ()> {
    let value = char::from(digit).to_digit(16).ok_or(())?;
    u8::try_from(value).map_err(drop)
}

/// Whether a path is the other or below it. Both are in their one form.
pub(super) fn lies_under(path: &str, under: &str) -> bool {
    under == "/" || path.strip_prefix(under).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_of_a_path_have_one_form() {
        for (variant, form) in [
            ("/docs/a", "/docs/a"),
            ("/docs//a", "/docs/a"),
            ("//docs/./a?x=/../y", "/docs/a"),
            ("/x/../docs/%61", "/docs/a"),
            ("/%64ocs/a/", "/docs/a"),
            ("/x/%2e%2E/docs/a#f", "/docs/a"),
            ("/", "/"),
            ("/a b;v=1/%C3%A9", "/a b;v=1/é"),
        ] {
            assert_eq!(normalised(variant), Ok(form.to_owned()), "{variant}");
        }
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for target in [
            "",
            "docs",
            "http://a/docs",
            "/..",
            "/a/../../b",
            "/a%2fb",
            "/a%5Cb",
            "/a\\b",
            "/a%00",
            "/a%0d",
            "/%252e%252e/a",
            "/a%25",
            "/%",
            "/%4",
            "/%zz",
            "/docs/..;/a",
            "/docs/.;x/a",
            "/%ff",
        ] {
            assert_eq!(normalised(target), Err(()), "{target}");
        }
    }

    #[test]
    fn under_means_whole_segments() {
        assert!(lies_under("/docs", "/docs") && lies_under("/docs/a", "/docs") && lies_under("/x", "/"));
        assert!(!lies_under("/docs2", "/docs") && !lies_under("/doc", "/docs"));
    }
}
