//! A hundred thousand signed requests with one byte changed under way, of the shapes of three clients: none is accepted.
//!
//! What may change without harm is left out by construction. Only bytes that are signed are touched: of the client that
//! signs all of its headers, every part; of the one that does not, all but `accept` and `user-agent`; of HMAC-SHA1, method, path,
//! query and form, and the values of the two headers that repeat parameters, but no other header. And the new byte must
//! not spell the same request in another way, as `%2a` for `%2A` or `+` for `%20` do: whether it does is decided by a decoder that
//! is not the server's.

use http::Method;

use crate::signer::{Client, Wire, parameters, same_when_decoded};

const CHANGES: u32 = 100_000;

/// A part of a request that is signed.
#[derive(Debug, Clone, Copy)]
enum Part {
    Method,
    Path,
    Query,
    Body,
    /// The name of a header, by place.
    Name(usize),
    /// The value of a header, by place.
    Value(usize),
}

/// Numbers that are the same in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % u64::try_from(bound).unwrap()).unwrap()
    }
}

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// Requests of the three clients, each with its signed parts.
fn requests() -> Vec<(Wire, Vec<Part>)> {
    let user = pairs(&[("UserName", "a b+c*~é/'!()"), ("DisplayName", "研发"), ("Comments", "")]);
    let policy = pairs(&[("PolicyName", "p"), ("PolicyDocument", "{\"Version\":\"1\",\n\"Statement\":[]}")]);
    let path = "/modelstudio/workspaces/llm-%E7%A0%94~x";
    let form = b"auth.accessIps.1=10.0.0.0%2F8&auth.type=Custom";

    let mut requests = Vec::new();
    for (path, query, body) in [("/", &user, &b""[..]), (path, &policy, form)] {
        let wire = Wire::signed(Client::Python, path, query, body);
        let headers = 0..wire.headers.len();
        let parts: Vec<_> = headers.flat_map(|place| [Part::Name(place), Part::Value(place)]).collect();
        requests.push((wire, parts));

        let mut wire = Wire::signed(Client::TypeScript, path, query, body);
        let headers = 0..wire.headers.len();
        let parts: Vec<_> = headers.flat_map(|place| [Part::Name(place), Part::Value(place)]).collect();
        wire.headers.push(("accept".to_owned(), b"application/json".to_vec()));
        wire.headers.push(("user-agent".to_owned(), b"AlibabaCloud (linux; x64) Node.js/v20".to_vec()));
        requests.push((wire, parts));
    }
    for (method, query, form, token) in [
        ("POST", &user[..], &[][..], None),
        ("GET", &policy, &[], Some("a+token/=")),
        ("POST", &[], &policy, None),
    ] {
        let wire = Wire::signed_v1(method, query, form, token);
        let repeats = |place: &usize| wire.headers[*place].0.starts_with("x-acs-");
        let parts = (0..wire.headers.len()).filter(repeats).map(Part::Value).collect();
        requests.push((wire, parts));
    }
    for (wire, parts) in &mut requests {
        // Twice, because they are many bytes beside those of the headers.
        parts.extend([Part::Query, Part::Query, Part::Method, Part::Path]);
        if !wire.body.is_empty() {
            parts.extend([Part::Body, Part::Body]);
        }
        assert!(wire.check().is_ok(), "{wire:?}: {:?}", wire.check());
    }
    requests
}

/// The request with one byte of this part changed, unless a server's HTTP library would refuse it before us.
fn change(wire: &Wire, part: Part, random: &mut Random) -> Option<Wire> {
    let mut wire = wire.clone();
    let mut text = |bytes: &mut Vec<u8>| {
        let place = random.below(bytes.len());
        // Nine in ten printable, because most others get no further than the HTTP library.
        let range = if random.below(10) == 0 { (0, 256) } else { (0x20, 0x7F) };
        bytes[place] = u8::try_from(range.0 + random.below(range.1 - range.0)).unwrap();
    };
    let mut string = |string: &mut String| {
        let mut bytes = string.clone().into_bytes();
        text(&mut bytes);
        *string = String::from_utf8(bytes).ok()?;
        Some(())
    };
    match part {
        Part::Method => string(&mut wire.method)?,
        Part::Path => string(&mut wire.path)?,
        Part::Query => string(&mut wire.query)?,
        Part::Name(place) => string(&mut wire.headers[place].0)?,
        Part::Body => text(&mut wire.body),
        Part::Value(place) => text(&mut wire.headers[place].1),
    }
    let parses = wire.header_map().is_some()
        && Method::from_bytes(wire.method.as_bytes()).is_ok()
        && format!("{}?{}", wire.path, wire.query).parse::<http::uri::PathAndQuery>().is_ok();
    parses.then_some(wire)
}

/// Whether the change left everything that is signed the same in meaning.
fn means_the_same(left: &Wire, right: &Wire) -> bool {
    let headers = |wire: &Wire| {
        let mut headers: Vec<(String, Vec<u8>)> = wire
            .headers
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim_ascii().to_vec()))
            .collect();
        headers.sort();
        headers
    };
    let is_form =
        |wire: &Wire| wire.headers.iter().any(|(_, value)| value == b"application/x-www-form-urlencoded");
    let same_body = left.body == right.body
        || is_form(left)
            && std::str::from_utf8(&right.body)
                .is_ok_and(|right| parameters(std::str::from_utf8(&left.body).unwrap()) == parameters(right));
    left.method == right.method
        && same_body
        && same_when_decoded(&left.path, &right.path)
        && parameters(&left.query) == parameters(&right.query)
        && headers(left) == headers(right)
}

#[test]
fn one_changed_byte_is_refused() {
    let requests = requests();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut refused = 0;
    while refused < CHANGES {
        let (wire, parts) = &requests[random.below(requests.len())];
        let part = parts[random.below(parts.len())];
        let Some(changed) = change(wire, part, &mut random) else { continue };
        if means_the_same(wire, &changed) {
            continue;
        }
        assert!(changed.check().is_err(), "{part:?} of {wire:?} became {changed:?}");
        refused += 1;
    }
}
