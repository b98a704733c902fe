//! How long a signature takes to read and to check, for both kinds: our own work on the way of every signed control call.
//!
//! The last line is the least that a program with the same library could take: the hashes alone.

use std::hint::black_box;

use anyhow::{Context as _, ensure};
use bailey_acs::credentials::{Presented, Received, extract};
use bailey_benches::measure::{Pace, Sample, batch};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, Method};
use ring::{digest, hmac};

/// Batches measured, after as many to warm up.
const BATCHES: usize = 4_000;
/// 2026-11-24T00:06:37Z
const NOW_MS: i64 = 1_795_478_797_000;
const DATE: &str = "2026-11-24T00:06:37Z";
const ID: &str = "LTAItestLTAItestLTAItest";
const SECRET: &[u8] = b"testsecrettestsecrettestsecret";
const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/// A request as it arrives.
struct Request {
    name: &'static str,
    query: String,
    headers: HeaderMap,
}

fn main() -> anyhow::Result<()> {
    let requests = [acs3()?, v1()];
    println!("nanoseconds per verification, p50 / p99");
    for request in &requests {
        ensure!(verify(request)? > 0, "the request is good");
        let ask = |request: &&Request| verify(request).unwrap_or(0);
        let questions = [request; 32];
        let measure = || (0..BATCHES).map(|_| batch(&questions, Pace::OneByOne, ask)).collect();
        black_box(measure());
        let sample = Sample::new(measure());
        println!("{}: {:.0} / {:.0}", request.name, sample.p50(), sample.p99());
    }
    let floor = |_: &()| {
        let hash = digest::digest(&digest::SHA256, black_box(&[7; 512]));
        let key = hmac::Key::new(hmac::HMAC_SHA256, SECRET);
        hmac::sign(&key, hash.as_ref()).as_ref()[0]
    };
    let sample = Sample::new((0..BATCHES).map(|_| batch(&[(); 32], Pace::OneByOne, floor)).collect());
    println!("floor (SHA-256 of 512 bytes, one HMAC-SHA256): {:.0} / {:.0}", sample.p50(), sample.p99());
    Ok(())
}

/// Reads and checks. The length of the proof's nonce depends on all of it.
fn verify(request: &Request) -> anyhow::Result<u8> {
    let received = Received {
        method: &Method::POST,
        path: "/",
        query: Some(&request.query),
        headers: &request.headers,
        body: b"",
    };
    let verified = match extract(&received, NOW_MS)? {
        Presented::Acs3(signed) => signed.verify(&Method::POST, "/", Some(&request.query), b"", SECRET)?,
        Presented::V1(signed) => signed.verify(SECRET)?,
        Presented::Basic { .. } | Presented::Bearer(_) => anyhow::bail!("it is signed"),
    };
    Ok(u8::try_from(verified.nonce().len())?)
}

fn hex(bytes: impl AsRef<[u8]>) -> String {
    bytes.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

/// CreateUser as the current Python SDK sends it.
fn acs3() -> anyhow::Result<Request> {
    let query = "DisplayName=Alice%20A&UserName=alice";
    let headers = [
        ("accept", "application/json"),
        ("host", "127.0.0.1:8081"),
        ("user-agent", "AlibabaCloud (Linux; x86_64) Python/3.11.7 Core/0.4.6 TeaDSL/2"),
        ("x-acs-action", "CreateUser"),
        ("x-acs-content-sha256", EMPTY_SHA256),
        ("x-acs-credentials-provider", "static_ak"),
        ("x-acs-date", DATE),
        ("x-acs-signature-nonce", "f28627c3a20b349226547b23867e229c"),
        ("x-acs-version", "2015-05-01"),
    ];
    let lines: String = headers.iter().map(|(name, value)| format!("{name}:{value}\n")).collect();
    let names = headers.map(|(name, _)| name).join(";");
    let canonical = format!("POST\n/\n{query}\n{lines}\n{names}\n{EMPTY_SHA256}");
    let text = format!("ACS3-HMAC-SHA256\n{}", hex(digest::digest(&digest::SHA256, canonical.as_bytes())));
    let signature = hex(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), text.as_bytes()));
    let authorization =
        format!("ACS3-HMAC-SHA256 Credential={ID},SignedHeaders={names},Signature={signature}");
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(HeaderName::from_static(name), value.parse()?);
    }
    map.insert("authorization", authorization.parse().context("ASCII")?);
    Ok(Request { name: "ACS3-HMAC-SHA256", query: query.replace("%20", "+"), headers: map })
}

/// CreateUser as the older Python SDK sends it. No value needs escaping but the name's blank and the time's colons.
fn v1() -> Request {
    let query = format!(
        "AccessKeyId={ID}&Action=CreateUser&DisplayName=Alice%20A&Format=JSON&RegionId=local&SignatureMethod=HMAC-SHA1\
         &SignatureNonce=f28627c3-a20b-3492-2654-7b23867e229c&SignatureType=&SignatureVersion=1.0\
         &Timestamp={}&UserName=alice&Version=2015-05-01",
        DATE.replace(':', "%3A")
    );
    let escaped = query.replace('%', "%25").replace('&', "%26").replace('=', "%3D");
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &[SECRET, b"&"].concat());
    let signature = STANDARD.encode(hmac::sign(&key, format!("POST&%2F&{escaped}").as_bytes()));
    let signature = signature.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    Request { name: "HMAC-SHA1", query: format!("{query}&Signature={signature}"), headers: HeaderMap::new() }
}
