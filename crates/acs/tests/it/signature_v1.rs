//! `HMAC-SHA1` in parameters: known vectors, where the parameters may stand, and every part that must be there.

use bailey_acs::AuthError;
use bailey_acs::credentials::{Presented, Received, extract};
use bailey_acs::nonce::NonceCache;
use http::{HeaderMap, Method};
use proptest::prelude::*;

use crate::signer::{ACCESS_KEY_ID, NOW_MS, Wire, quote, signature_v1};

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// A whole request of the documentation, whose signature is known.
fn vector(parameters: &[(&str, &str)], signature: &str, now_ms: i64) {
    let mut parameters = pairs(parameters);
    parameters.extend(pairs(&[
        ("AccessKeyId", "testid"),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"),
        ("Format", "JSON"),
        ("Action", "CreateUser"),
    ]));
    assert_eq!(signature_v1("GET", &parameters, b"testsecret"), signature, "the test's own signer");
    parameters.push(("Signature".to_owned(), signature.to_owned()));
    let query: Vec<String> =
        parameters.iter().map(|(name, value)| format!("{name}={}", quote(value, "-_.~@"))).collect();
    let query = query.join("&");
    let headers = HeaderMap::new();
    let request =
        Received { method: &Method::GET, path: "/", query: Some(&query), headers: &headers, body: b"" };
    let Presented::V1(presented) = extract(&request, now_ms).unwrap() else { panic!("signed in parameters") };
    let claims = presented.claims();
    assert_eq!((claims.action.as_str(), claims.access_key_id.as_str()), ("CreateUser", "testid"));
    assert_eq!((claims.time_ms, claims.security_token.is_none()), (now_ms, true));
    presented.verify(b"testsecret").unwrap();
    presented.verify(b"testsecret&").unwrap_err();
    presented.verify(b"").unwrap_err();
    let post = Received { method: &Method::POST, ..request };
    let Presented::V1(presented) = extract(&post, now_ms).unwrap() else { panic!("signed in parameters") };
    presented.verify(b"testsecret").unwrap_err();
}

#[test]
fn the_vector_of_ram() {
    vector(
        &[
            ("UserName", "test"),
            ("Version", "2015-05-01"),
            ("Timestamp", "2015-08-18T03:15:45Z"),
            ("SignatureNonce", "6a6e0ca6-4557-11e5-86a2-b8e8563dc8d2"),
        ],
        "kRA2cnpJVacIhDMzXnoNZG9tDCI=",
        1_439_867_745_000,
    );
}

#[test]
fn the_vector_of_ims() {
    vector(
        &[
            ("UserPrincipalName", "test@example.onaliyun.com"),
            ("DisplayName", "test"),
            ("Version", "2019-08-15"),
            ("Timestamp", "2021-01-15T06:02:28Z"),
            ("SignatureNonce", "3f6b4e80-56f7-11eb-a256-a9f756ea7e85"),
        ],
        "02heLegtw4+BFamznl1Ltj+vJ4A=",
        1_610_690_548_000,
    );
}

fn valid() -> Wire {
    Wire::signed_v1("POST", &pairs(&[("UserName", "alice é+*")]), &[], None)
}

/// The request with a parameter of the query changed; the signature is not made anew.
fn with(name: &str, value: Option<&str>) -> Wire {
    let mut wire = valid();
    let mut kept: Vec<String> = wire
        .query
        .split('&')
        .filter(|pair| pair.split_once('=').unwrap().0 != name)
        .map(str::to_owned)
        .collect();
    kept.extend(value.map(|value| format!("{name}={value}")));
    wire.query = kept.join("&");
    wire
}

#[track_caller]
fn refused(wire: &Wire, code: &str) -> String {
    let error = wire.check().unwrap_err();
    assert_eq!((error.code().as_str(), error.status().as_u16()), (code, 400), "{error}");
    error.message()
}

#[test]
fn the_proof_names_key_and_nonce_and_the_nonce_is_good_once() {
    let verified = valid().check().unwrap();
    assert_eq!(verified.access_key_id(), ACCESS_KEY_ID);
    assert_eq!(verified.nonce(), "f28627c3-a20b-3492-2654-7b23867e229c");
    let cache = NonceCache::default();
    cache.burn(&verified, NOW_MS).unwrap();
    assert_eq!(cache.burn(&verified, NOW_MS), Err(AuthError::NonceUsed));
}

#[test]
fn an_empty_secret_signs_nothing() {
    let mut parameters = pairs(&[("SignatureNonce", "n"), ("Timestamp", crate::signer::DATE)]);
    parameters.extend(pairs(&[
        ("AccessKeyId", "testid"),
        ("Action", "CreateUser"),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureVersion", "1.0"),
        ("Version", "2015-05-01"),
    ]));
    let signature = quote(&signature_v1("GET", &parameters, b""), "");
    parameters.push(("Signature".to_owned(), signature));
    let query: Vec<String> = parameters.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let query = query.join("&");
    let headers = HeaderMap::new();
    let request =
        Received { method: &Method::GET, path: "/", query: Some(&query), headers: &headers, body: b"" };
    let Presented::V1(presented) = extract(&request, NOW_MS).unwrap() else { panic!("signed in parameters") };
    assert_eq!(presented.verify(b"").unwrap_err().code(), "SignatureDoesNotMatch");
}

#[test]
fn parameters_may_stand_in_query_and_form() {
    let (some, more) = (pairs(&[("UserName", "alice")]), pairs(&[("PolicyDocument", "{ \"a\": 1 }\n")]));
    for (query, form) in [(&some, &more), (&more, &some)] {
        let wire = Wire::signed_v1("POST", query, form, None);
        wire.check().unwrap();
        // All of them, the signature included, as Terraform's generic client does.
        let mut moved = wire.clone();
        moved.body = format!("{}&{}", moved.query, String::from_utf8(moved.body).unwrap()).into_bytes();
        moved.query.clear();
        moved.check().unwrap();
        // A form of another type is not read, so it must not be there.
        for kind in ["application/json", "text/plain", "application/x-www-form-urlencoded; charset=gbk"] {
            let message = refused(&moved.clone().replace_header("content-type", kind), "MissingAccessKeyId");
            assert!(message.contains("authorization"), "{message}");
            refused(&wire.clone().replace_header("content-type", kind), "IncompleteSignature");
        }
        let parameter = format!("content-type-{}", form.len());
        assert!(moved.replace_header(&parameter, "unsigned headers do not matter").check().is_ok());
    }
    let mut twice = Wire::signed_v1("POST", &some, &some, None);
    assert!(refused(&twice, "InvalidParameter").contains("`UserName` is given more than once"));
    twice.body.clear();
    refused(&twice, "SignatureDoesNotMatch");
}

#[test]
fn a_security_token_is_signed_and_exposed() {
    let wire = Wire::signed_v1("GET", &[], &[], Some("CAIS+/=token"));
    wire.check().unwrap();
    let headers = wire.header_map().unwrap();
    let request =
        Received { method: &Method::GET, path: "/", query: Some(&wire.query), headers: &headers, body: b"" };
    let Presented::V1(presented) = extract(&request, NOW_MS).unwrap() else { panic!("signed in parameters") };
    assert!(presented.claims().security_token.as_ref().unwrap().matches(b"CAIS+/=token"));
    assert!(!format!("{presented:?}").contains("CAIS"));
    let mut without = wire.clone();
    without.query = without.query.replace("SecurityToken=CAIS%2B%2F%3Dtoken&", "");
    assert_ne!(without.query, wire.query);
    refused(&without, "SignatureDoesNotMatch");
    let empty = Wire::signed_v1("GET", &[], &[], Some(""));
    empty.check().unwrap();
}

#[test]
fn every_mandatory_parameter_is_missed_by_name() {
    for name in [
        "AccessKeyId",
        "Signature",
        "SignatureMethod",
        "SignatureVersion",
        "SignatureNonce",
        "Timestamp",
        "Action",
        "Version",
    ] {
        for value in [None, Some("")] {
            let message = refused(&with(name, value), &format!("Missing{name}"));
            assert!(message.starts_with(&format!("{name} is mandatory for this action.")), "{message}");
        }
    }
}

#[test]
fn what_is_sent_must_be_as_it_should() {
    for (name, value, code) in [
        ("SignatureMethod", "HMAC-SHA256", "InvalidSignatureMethod"),
        ("SignatureMethod", "hmac-sha1", "InvalidSignatureMethod"),
        ("SignatureType", "BEARERTOKEN", "InvalidSignatureMethod"),
        ("SignatureVersion", "2.0", "InvalidParameter"),
        ("Timestamp", "2026-11-24 00:06:37", "InvalidTimeStamp.Format"),
        ("Timestamp", "1795478797", "InvalidTimeStamp.Format"),
        ("Timestamp", "2026-11-23T23:51:36Z", "InvalidTimeStamp.Expired"),
        ("Timestamp", "2026-11-23T23:51:37Z", "SignatureDoesNotMatch"),
        ("Timestamp", "2026-11-24T00:21:38Z", "InvalidTimeStamp.Expired"),
        ("SignatureNonce", "a%20b", "IncompleteSignature"),
        ("AccessKeyId", "%C3%A9", "IncompleteSignature"),
        ("AccessKeyId", "%FF", "IncompleteSignature"),
        ("Signature", "AAAA", "IncompleteSignature"),
        ("Signature", "not-base64", "IncompleteSignature"),
        ("Signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA%3D", "SignatureDoesNotMatch"),
        // The same bytes for a careless reader.
        ("Signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAB%3D", "IncompleteSignature"),
        ("Signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA", "IncompleteSignature"),
        ("SignatureType", "a%2", "InvalidParameter"),
        // It belongs to what is signed, though it is empty.
        ("SignatureType", "&x=", "SignatureDoesNotMatch"),
    ] {
        refused(&with(name, Some(value)), code);
    }
    refused(&with("SignatureType", None), "SignatureDoesNotMatch");
}

#[test]
fn what_is_not_signed_may_not_say_anything() {
    let mut wire = valid();
    wire.path = "/modelstudio/workspaces".to_owned();
    refused(&wire, "IncompleteSignature");
    refused(&valid().replace_header("x-acs-action", "DeleteUser"), "IncompleteSignature");
    refused(&valid().replace_header("x-acs-version", "2015-04-01"), "IncompleteSignature");
    let mut wire = valid().without_header("x-acs-action").without_header("x-acs-version");
    wire.check().unwrap();
    wire.headers.push(("x-acs-action".to_owned(), b"CreateUser".to_vec()));
    wire.headers.push(("x-acs-action".to_owned(), b"DeleteUser".to_vec()));
    refused(&wire, "IncompleteSignature");
    let mut wire = valid();
    wire.body = b"{\"UserName\":\"root\"}".to_vec();
    refused(&wire, "IncompleteSignature");
    refused(&wire.replace_header("content-type", "application/json"), "IncompleteSignature");
    for authorization in
        ["Basic eDp5", "Bearer t", "ACS3-HMAC-SHA256 Credential=a,SignedHeaders=host,Signature=b"]
    {
        let message = refused(&valid().replace_header("authorization", authorization), "IncompleteSignature");
        assert!(message.contains("send one"), "{message}");
    }
}

#[test]
fn a_mismatch_tells_the_sender_alone_what_was_signed() {
    let wire = Wire::signed_v1("POST", &pairs(&[("Password", "hunter2 hunter2")]), &[], None);
    let mut other = wire.clone();
    other.query = other.query.replace("UserName", "Username").replace("Version=2015", "Version=2016");
    let other = other.replace_header("x-acs-version", "2016-05-01");
    let error = other.check().unwrap_err();
    assert_eq!((error.code().as_str(), error.status().as_u16()), ("SignatureDoesNotMatch", 400));
    let message = error.message();
    let signed = message
        .strip_prefix("Specified signature is not matched with our calculation. server string to sign is:")
        .unwrap();
    assert!(signed.starts_with("POST&%2F&AccessKeyId%3DLTAItest%26Action%3DCreateUser%26"), "{signed}");
    assert!(signed.ends_with("%26Version%3D2016-05-01"), "{signed}");
    assert!(signed.contains("Password%3Dhunter2%2520hunter2"), "{signed}");
    for logged in [format!("{error}"), format!("{error:?}")] {
        assert!(!logged.contains("hunter2"), "{logged}");
    }
    let long = Wire::signed_v1("POST", &[], &pairs(&[("a", &"%".repeat(100_000))]), None);
    let mut other = long.clone();
    other.method = "GET".to_owned();
    assert!(other.check().unwrap_err().message().len() < 70_000, "no more than a client can have in a query");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_the_old_client_signs_is_accepted(
        query in proptest::collection::btree_map("p[A-Za-z0-9._*~ é]{0,12}", any::<String>(), 0..4),
        form in proptest::collection::btree_map("q[A-Za-z0-9._*~ é]{0,12}", any::<String>(), 0..4),
    ) {
        let (query, form): (Vec<_>, Vec<_>) = (query.into_iter().collect(), form.into_iter().collect());
        let wire = Wire::signed_v1("POST", &query, &form, None);
        prop_assert!(wire.check().is_ok(), "{:?}", wire.check());
    }
}
