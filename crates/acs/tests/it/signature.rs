//! `ACS3-HMAC-SHA256`: known vectors, every client's encoding, and every part that must be there.

use bailey_acs::credentials::{Presented, Received, extract};
use http::{HeaderMap, HeaderName, HeaderValue, Method};
use proptest::prelude::*;

use crate::signer::{ACCESS_KEY_ID, Client, DATE, NOW_MS, Wire};

const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn vector(headers: &[(&str, &str)], query: &str, secret: &[u8], now_ms: i64) {
    let headers: HeaderMap = headers
        .iter()
        .map(|(name, value)| (name.parse::<HeaderName>().unwrap(), value.parse::<HeaderValue>().unwrap()))
        .collect();
    let request =
        Received { method: &Method::POST, path: "/", query: Some(query), headers: &headers, body: b"" };
    let Presented::Acs3(presented) = extract(&request, now_ms).unwrap() else { panic!("signed with ACS3") };
    presented.verify(&Method::POST, "/", Some(query), b"", secret).unwrap();
    let error = presented.verify(&Method::POST, "/", Some(query), b"", b"other").unwrap_err();
    assert_eq!((error.code().as_str(), error.status().as_u16()), ("SignatureDoesNotMatch", 400));
    assert!(error.message().starts_with(
        "Specified signature does not match our calculation. server StringToSign is [ACS3-HMAC-SHA256\n"
    ));
    assert!(error.message().ends_with(']'));
    assert!(presented.verify(&Method::POST, "/", Some(query), b"", b"").is_err(), "no empty secret");
}

#[test]
fn the_vector_of_the_documentation() {
    vector(
        &[
            ("host", "ecs.cn-shanghai.aliyuncs.com"),
            ("x-acs-action", "RunInstances"),
            ("x-acs-content-sha256", EMPTY_SHA256),
            ("x-acs-date", "2023-10-26T10:22:32Z"),
            ("x-acs-signature-nonce", "3156853299f313e23d1673dc12e1703d"),
            ("x-acs-version", "2014-05-26"),
            (
                "authorization",
                "ACS3-HMAC-SHA256 Credential=YourAccessKeyId,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0",
            ),
        ],
        "ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd&RegionId=cn-shanghai",
        b"YourAccessKeySecret",
        1_698_315_752_000,
    );
}

#[test]
fn the_vector_captured_from_the_typescript_sdk() {
    vector(
        &[
            ("host", "127.0.0.1:40845"),
            ("x-acs-action", "CreateUser"),
            ("x-acs-content-sha256", EMPTY_SHA256),
            ("x-acs-credentials-provider", "static_ak"),
            ("x-acs-date", DATE),
            ("x-acs-signature-nonce", "f28627c3a20b349226547b23867e229c7aeef3f5d823142927095f937bf8f18f"),
            ("x-acs-version", "2015-05-01"),
            (
                "authorization",
                "ACS3-HMAC-SHA256 Credential=testid,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-credentials-provider;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature=a2cf40978a9ccd3712c7b3b39fb249993f2b014062b133b8fc4570dd89d7cf2e",
            ),
        ],
        "UserName=a%20b%2Bc*~%C3%A9%2F'!()",
        b"testsecret",
        NOW_MS,
    );
}

fn valid() -> Wire {
    let query = [("UserName".to_owned(), "alice é+*".to_owned())];
    Wire::signed(Client::Python, "/", &query, b"{\"a\":1}")
}

#[track_caller]
fn refused(wire: &Wire, code: &str) -> String {
    let error = wire.check().unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    error.message()
}

#[test]
fn the_proof_names_key_and_nonce() {
    let verified = valid().check().unwrap();
    assert_eq!(verified.access_key_id(), ACCESS_KEY_ID);
    assert_eq!(verified.nonce(), "f28627c3a20b349226547b23867e229c");
}

#[test]
fn every_mandatory_header_is_missed_by_name() {
    for (header, code) in [
        ("authorization", "MissingAccessKeyId"),
        ("host", "MissingHost"),
        ("x-acs-action", "MissingAction"),
        ("x-acs-version", "MissingVersion"),
        ("x-acs-date", "MissingTimestamp"),
        ("x-acs-signature-nonce", "MissingSignatureNonce"),
        ("x-acs-content-sha256", "MissingContentSha256"),
    ] {
        let message = refused(&valid().without_header(header), code);
        assert!(message.contains(&format!("`{header}`")), "{message}");
        refused(
            &valid().replace_header(header, ""),
            if header == "authorization" { "InvalidSignatureMethod" } else { code },
        );
    }
    refused(&valid().without_header("user-agent"), "IncompleteSignature");
}

#[test]
fn a_header_stands_once() {
    for header in ["host", "x-acs-action", "x-acs-date", "user-agent", "authorization", "content-type"] {
        let mut wire = valid();
        let value = wire.headers.iter().find(|(name, _)| name == header).unwrap().1.clone();
        wire.headers.push((header.to_owned(), value));
        let message = refused(&wire, "IncompleteSignature");
        assert!(message.contains("more than once"), "{message}");
    }
}

#[test]
fn every_acs_header_must_be_signed() {
    for (name, value) in
        [("x-acs-security-token", "t"), ("x-acs-new", "1"), ("x-acs-accesskey-id", ACCESS_KEY_ID)]
    {
        let message = refused(&valid().replace_header(name, value), "IncompleteSignature");
        assert!(message.contains(name), "{message}");
    }
}

#[test]
fn a_body_needs_a_signed_type() {
    let wire = Wire::signed(Client::TypeScript, "/", &[], b"");
    assert!(
        wire.clone().replace_header("content-type", "text/plain").check().is_ok(),
        "there is nothing to read"
    );
    let mut wire = Wire::signed(Client::TypeScript, "/", &[], b"{}");
    for (name, value) in &mut wire.headers {
        if name == "authorization" {
            *value = String::from_utf8(value.clone()).unwrap().replace("content-type;", "").into_bytes();
        }
    }
    refused(&wire, "IncompleteSignature");
}

#[test]
fn the_list_of_signed_headers_has_one_spelling() {
    let authorization = |wire: &Wire| {
        String::from_utf8(wire.headers.iter().find(|(name, _)| name == "authorization").unwrap().1.clone())
            .unwrap()
    };
    let good = authorization(&valid());
    for (from, to) in [
        ("host;", "Host;"),
        ("host;", "host;host;"),
        ("content-type;host;", "host;content-type;"),
        ("SignedHeaders=", "SignedHeaders=;"),
        ("host;", ""),
        (",SignedHeaders", ",Extra=1,SignedHeaders"),
        (",SignedHeaders", ",Credential=LTAItest,SignedHeaders"),
        ("Credential=LTAItest", "Credential=LTAI test"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good);
        refused(&valid().replace_header("authorization", &bad), "IncompleteSignature");
    }
    for (from, to, code) in [
        ("Credential=LTAItest,", "", "MissingAccessKeyId"),
        ("Credential=LTAItest", "Credential=", "MissingAccessKeyId"),
        ("Credential=LTAItest", "Credential=LTAIother", "InvalidAccessKeyId.NotFound"),
        ("ACS3-HMAC-SHA256", "ACS3-HMAC-SM3", "InvalidSignatureMethod"),
        ("ACS3-HMAC-SHA256", "acs3-hmac-sha256", "InvalidSignatureMethod"),
    ] {
        refused(&valid().replace_header("authorization", &good.replacen(from, to, 1)), code);
    }
    let upper = good.split_once("Signature=").unwrap();
    let upper = format!("{}Signature={}", upper.0, upper.1.to_uppercase());
    refused(&valid().replace_header("authorization", &upper), "IncompleteSignature");
    refused(
        &valid().replace_header("authorization", good.split(",Signature").next().unwrap()),
        "MissingSignature",
    );
}

#[test]
fn the_time_may_be_fifteen_minutes_off() {
    for (date, code) in [
        ("2026-11-23T23:51:36Z", "InvalidTimeStamp.Expired"),
        ("2026-11-23T23:51:37Z", "SignatureDoesNotMatch"),
        ("2026-11-24T00:21:37Z", "SignatureDoesNotMatch"),
        ("2026-11-24T00:21:38Z", "InvalidTimeStamp.Expired"),
        ("2026-11-24T00:06:37", "InvalidTimeStamp.Format"),
        ("Tue, 24 Nov 2026 00:06:37 GMT", "InvalidTimeStamp.Format"),
    ] {
        refused(&valid().replace_header("x-acs-date", date), code);
    }
    // The edge itself is inside: the signature is looked at and does not fit the other date.
}

#[test]
fn the_body_must_be_the_one_that_was_hashed() {
    let mut wire = valid();
    wire.body = b"{\"a\":2}".to_vec();
    let message = refused(&wire, "SignatureDoesNotMatch");
    assert!(message.contains("x-acs-content-sha256"), "{message}");
}

#[test]
fn an_ambiguous_query_is_refused_by_name() {
    let mut wire = valid();
    wire.query.push_str("&User%4Eame=root");
    assert!(refused(&wire, "InvalidParameter").contains("`UserName`"));
    wire.query = "UserName=%".into();
    assert!(refused(&wire, "InvalidParameter").contains("`UserName`"));
}

fn clients() -> impl Strategy<Value = Client> {
    prop_oneof![Just(Client::Python), Just(Client::TypeScript)]
}

prop_compose! {
    fn requests()(
        client in clients(),
        path in prop_oneof![Just("/".to_owned()), Just("/modelstudio/workspaces/llm-%E7%A0%94~x".to_owned())],
        query in proptest::collection::btree_map("[A-Za-z0-9._]{1,12}", any::<String>(), 0..4),
        body in prop_oneof![Just(Vec::new()), proptest::collection::vec(any::<u8>(), 1..40)],
    ) -> Wire {
        Wire::signed(client, &path, &query.into_iter().collect::<Vec<_>>(), &body)
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_a_client_signs_is_accepted(wire in requests()) {
        prop_assert!(wire.check().is_ok(), "{:?}", wire.check());
    }
}
