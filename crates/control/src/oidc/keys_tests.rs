//! When keys are fetched, and when not.

use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::super::Unchecked;
use super::super::fixture::{ISSUER, Issuer, NOW, claims, provider};
use super::{AGE, Documents, Keys, PAUSE};

/// Documents by URL, and what was asked for.
struct Shelf {
    documents: Mutex<Vec<(String, Value)>>,
    asked: Mutex<Vec<String>>,
}

const DISCOVERY: &str = "https://issuer.example/tenant/.well-known/openid-configuration";
const KEYS: &str = "https://keys.example/jwks";

impl Shelf {
    fn of(issuer: &Issuer) -> Self {
        let discovery = json!({ "issuer": ISSUER, "jwks_uri": KEYS });
        let shelf = Self { documents: Mutex::default(), asked: Mutex::default() };
        shelf.put(DISCOVERY, discovery);
        shelf.put(KEYS, issuer.jwks());
        shelf
    }

    fn put(&self, url: &str, document: Value) {
        let mut documents = self.documents.lock().unwrap();
        documents.retain(|(own, _)| own != url);
        documents.push((url.to_owned(), document));
    }

    /// How many documents were asked for since the last time.
    fn asked(&self) -> usize {
        std::mem::take(&mut *self.asked.lock().unwrap()).len()
    }
}

impl Documents for Shelf {
    fn private_issuers(&self) -> bool {
        false
    }

    fn fetch<'a>(
        &'a self,
        url: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send + 'a>> {
        self.asked.lock().unwrap().push(url.to_owned());
        let documents = self.documents.lock().unwrap();
        let found =
            documents.iter().find(|(own, _)| own == url).map(|(_, text)| text.to_string().into_bytes());
        Box::pin(async move { found.ok_or_else(|| "nothing is there".to_owned()) })
    }
}

/// A shelf that can only be reached when its gate is open.
struct Gated<'a> {
    shelf: &'a Shelf,
    gate: Semaphore,
}

impl Documents for Gated<'_> {
    fn private_issuers(&self) -> bool {
        self.shelf.private_issuers()
    }

    fn fetch<'a>(
        &'a self,
        url: &'a str,
    ) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, String>> + Send + 'a>> {
        let fetch = self.shelf.fetch(url);
        Box::pin(async move {
            let _through = self.gate.acquire().await.unwrap();
            fetch.await
        })
    }
}

async fn ask(keys: &Keys, shelf: &dyn Documents, token: &str, now_ms: i64) -> Result<(), String> {
    let token = Unchecked::read(token).unwrap();
    keys.verify(shelf, &provider(), &token, now_ms).await.map_err(|error| error.code().to_owned())
}

const INVALID: &str = "AuthenticationFail.OIDCToken.Invalid";
const BROKEN: &str = "AuthenticationFail.OIDCToken.IssuerConfigurationBroken";

#[tokio::test]
async fn keys_are_fetched_once_and_again_when_they_are_old() {
    let (issuer, keys) = (Issuer::new(), Keys::default());
    let (shelf, token) = (Shelf::of(&issuer), issuer.token("rsa", "RS256", &claims(&json!({}))));
    let together = (0..20).map(|_| ask(&keys, &shelf, &token, NOW));
    for answer in futures_of(together).await {
        assert_eq!(answer, Ok(()));
    }
    assert_eq!(shelf.asked(), 2);
    ask(&keys, &shelf, &token, NOW + AGE - 1).await.unwrap();
    assert_eq!(shelf.asked(), 0);
    ask(&keys, &shelf, &token, NOW + AGE).await.unwrap();
    assert_eq!(shelf.asked(), 2);
    // Old keys do not count when new ones are not to be had.
    shelf.put(KEYS, json!({}));
    assert_eq!(ask(&keys, &shelf, &token, NOW + 2 * AGE).await, Err(BROKEN.to_owned()));
}

/// One after the other here; the keys are behind one lock.
async fn futures_of<F: Future>(all: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut answers = Vec::new();
    for one in all {
        answers.push(one.await);
    }
    answers
}

#[tokio::test]
async fn an_unknown_key_makes_one_fetch_a_minute_whatever_is_sent() {
    let (issuer, keys) = (Issuer::new(), Keys::default());
    let shelf = Shelf::of(&issuer);
    let good = issuer.token("rsa", "RS256", &claims(&json!({})));
    ask(&keys, &shelf, &good, NOW).await.unwrap();
    assert_eq!(shelf.asked(), 2);
    for count in 0..50 {
        let token = issuer.token(&format!("new-{count}"), "RS256", &claims(&json!({})));
        assert_eq!(ask(&keys, &shelf, &token, NOW + count).await, Err(INVALID.to_owned()));
    }
    assert_eq!(shelf.asked(), 0);
    // A wrong signature under a known key is no reason to fetch.
    let wrong = Issuer::new().token("p256", "ES256", &claims(&json!({})));
    assert_eq!(ask(&keys, &shelf, &wrong, NOW + PAUSE).await, Err(INVALID.to_owned()));
    assert_eq!(shelf.asked(), 0);

    // The issuer has another key now, and is asked when the minute is over.
    let mut jwks = issuer.jwks();
    jwks["keys"][0]["kid"] = json!("rotated");
    shelf.put(KEYS, jwks);
    let rotated = issuer.token("rotated", "RS256", &claims(&json!({})));
    assert_eq!(ask(&keys, &shelf, &rotated, NOW + PAUSE - 1).await, Err(INVALID.to_owned()));
    assert_eq!(ask(&keys, &shelf, &rotated, NOW + PAUSE).await, Ok(()));
    assert_eq!(shelf.asked(), 2);
    assert_eq!(ask(&keys, &shelf, &good, NOW + PAUSE).await, Err(INVALID.to_owned()), "the old key is out");
}

#[tokio::test]
async fn a_known_key_waits_for_no_fetch() {
    let (issuer, keys) = (Issuer::new(), Keys::default());
    let shelf = Shelf::of(&issuer);
    let good = issuer.token("rsa", "RS256", &claims(&json!({})));
    ask(&keys, &shelf, &good, NOW).await.unwrap();
    assert_eq!(shelf.asked(), 2);
    let slow = Gated { shelf: &shelf, gate: Semaphore::new(0) };
    let (one, two) = ["new-1", "new-2"].map(|key| issuer.token(key, "RS256", &claims(&json!({})))).into();
    let unknown =
        async { tokio::join!(ask(&keys, &slow, &one, NOW + PAUSE), ask(&keys, &slow, &two, NOW + PAUSE)) };
    tokio::pin!(unknown);
    let known = tokio::time::timeout(Duration::from_secs(5), ask(&keys, &slow, &good, NOW + PAUSE));
    tokio::select! {
        biased;
        _ = &mut unknown => panic!("the issuer has not answered yet"),
        answer = known => assert_eq!(answer, Ok(Ok(()))),
    }
    slow.gate.add_permits(1);
    assert_eq!(unknown.await, (Err(INVALID.to_owned()), Err(INVALID.to_owned())));
    assert_eq!(shelf.asked(), 2, "two who came at once caused one fetch");
}

#[tokio::test]
async fn an_issuer_that_cannot_be_asked_is_left_alone_for_a_minute() {
    let (issuer, keys) = (Issuer::new(), Keys::default());
    let (shelf, token) = (Shelf::of(&issuer), issuer.token("rsa", "RS256", &claims(&json!({}))));
    let cases = [
        json!({}),
        json!({ "issuer": "https://other.example", "jwks_uri": KEYS }),
        json!({ "issuer": ISSUER, "jwks_uri": "http://keys.example/jwks" }),
        json!({ "issuer": ISSUER, "jwks_uri": "http://127.0.0.1/jwks" }),
        json!({ "issuer": ISSUER, "jwks_uri": "file:///etc/passwd" }),
        json!({ "issuer": ISSUER, "jwks_uri": "https://keys.example/none" }),
    ];
    let mut now = NOW;
    for discovery in cases {
        shelf.put(DISCOVERY, discovery.clone());
        assert_eq!(ask(&keys, &shelf, &token, now).await, Err(BROKEN.to_owned()), "{discovery}");
        assert!(shelf.asked() > 0);
        assert_eq!(ask(&keys, &shelf, &token, now + PAUSE - 1).await, Err(BROKEN.to_owned()));
        assert_eq!(shelf.asked(), 0);
        now += PAUSE;
    }
    shelf.put(DISCOVERY, json!({ "issuer": ISSUER, "jwks_uri": KEYS }));
    for set in [
        json!({ "keys": [] }),
        json!({ "keys": [{ "kty": "oct", "k": "AAAA" }] }),
        json!([]),
        json!({ "keys": vec![json!({}); 101] }),
    ] {
        shelf.put(KEYS, set.clone());
        assert_eq!(ask(&keys, &shelf, &token, now).await, Err(BROKEN.to_owned()), "{set}");
        now += PAUSE;
    }
    shelf.put(KEYS, issuer.jwks());
    assert_eq!(ask(&keys, &shelf, &token, now).await, Ok(()));
}
