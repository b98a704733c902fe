//! Whatever arrives: nothing panics, and XML that leaves is well formed.

use bailey_acs::credentials::{Received, extract};
use bailey_acs::parameters::{Parameters, Sources};
use bailey_acs::xml;
use http::{HeaderValue, Method};
use proptest::prelude::*;
use serde_json::{Map, Value};

use crate::signer::{Client, NOW_MS, Wire};
use crate::well_formed::check_well_formed;

const FORM: &[u8] = b"application/x-www-form-urlencoded";

/// Text that looks like a query or form, with bytes that do not belong there.
fn raw_pairs() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => "[A-Za-z.]{0,8}=?[A-Za-z0-9%+.&=~*]{0,12}".prop_map(String::into_bytes),
        1 => Just(b"Signature=AAAAAAAAAAAAAAAAAAAAAAAAAAA%3D".to_vec()),
        1 => Just(b"Timestamp=2026-11-24T00:06:37Z".to_vec()),
        1 => prop::collection::vec(any::<u8>(), 0..12),
    ];
    prop::collection::vec(piece, 0..6).prop_map(|pieces| pieces.join(&b'&'))
}

fn values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(Value::from),
        "[\u{0}-\u{20}<>&\"'\\]\u{7f}-\u{9f}\u{fffd}-\u{ffff}]{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((any::<String>(), inner), 0..5)
                .prop_map(|fields| Value::Object(fields.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn xml_is_well_formed(fields in values()) {
        let document = xml::document("CreateUserResponse", &fields);
        prop_assert!(check_well_formed(&document).is_ok(), "{:?}: {document}", check_well_formed(&document));
    }

    #[test]
    fn any_parameters_are_read_or_refused(query in raw_pairs(), body in raw_pairs(), json in any::<bool>()) {
        let query = String::from_utf8_lossy(&query);
        let content_type = if json { &b"application/json"[..] } else { FORM };
        let sources = Sources { query: Some(&query), content_type: Some(content_type), body: &body, path: &[] };
        for name in ["Format", "a", ""] {
            let _ = sources.first_text(name);
        }
        if let Ok(parameters) = Parameters::collect(sources) {
            let names: Vec<String> = parameters.names().map(str::to_owned).collect();
            for name in names {
                let _ = (parameters.text(&name), parameters.texts(&name), parameters.object(&name).is_ok());
                prop_assert!(parameters.json(&name).is_some());
            }
            let _ = parameters.finish();
        }
    }

    #[test]
    fn any_signature_in_parameters_is_read_or_refused(query in raw_pairs(), form in raw_pairs()) {
        let mut wire = Wire::signed_v1("POST", &[], &[("OnlyHere".to_owned(), "b".to_owned())], None);
        wire.query = format!("{}&{}", wire.query, String::from_utf8_lossy(&query));
        wire.body = form;
        // What came in may spell nothing more than the parameter that it took away.
        prop_assert!(wire.check().is_err());
    }

    #[test]
    fn any_request_is_read_or_refused(
        path in "[/a-z%0-9.]{0,20}",
        query in raw_pairs(),
        authorization in prop::option::of(prop::collection::vec(any::<u8>(), 0..40)),
        body in prop::collection::vec(any::<u8>(), 0..20),
    ) {
        let query = String::from_utf8_lossy(&query);
        let mut headers = Wire::signed(Client::Python, "/", &[], &body).header_map().unwrap();
        if let Some(value) = authorization.and_then(|bytes| HeaderValue::from_bytes(&bytes).ok()) {
            headers.insert("authorization", value);
        }
        let request =
            Received { method: &Method::POST, path: &path, query: Some(&query), headers: &headers, body: &body };
        if let Ok(bailey_acs::credentials::Presented::Acs3(signed)) = extract(&request, NOW_MS) {
            let _ = signed.verify(&Method::POST, &path, Some(&query), &body, b"secret");
        }
    }
}
