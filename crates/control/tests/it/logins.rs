//! Signing in, by a clock that the test sets: what every failure costs, what locks and unlocks, what expires.

use bailey_control::{IssuedSession, LoginText, MfaProof, SignIn};
use bailey_domain::login::{Duty, PasswordPolicy};
use bailey_domain::name::{MfaDeviceName, UserName};
use bailey_domain::totp::Code;
use bailey_domain::{Caller, Principal, Secret};
use ring::hmac;

use crate::world::{World, origin, root, world};

pub(crate) const RIGHT: &str = "Correct-horse-1";
pub(crate) const WRONG: &str = "Battery-staple-2";
const STEP: i64 = 30_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

pub(crate) fn secret(text: &str) -> Secret<String> {
    Secret::new(text.to_owned())
}

pub(crate) fn name(text: &str) -> UserName {
    UserName::parse("UserName", text).unwrap()
}

fn login(password: &str) -> LoginText {
    LoginText { password: Some(secret(password)), ..LoginText::default() }
}

/// The code that an app with this seed (base 32) shows so many steps from now.
pub(crate) fn code(world: &World, seed: &str, offset: i64) -> Code {
    use bailey_domain::Clock as _;
    let bits: String = seed
        .bytes()
        .map(|letter| if letter.is_ascii_digit() { letter - b'2' + 26 } else { letter - b'A' })
        .map(|value| format!("{value:05b}"))
        .collect();
    let bytes = bits.as_bytes().chunks_exact(8);
    let key: Vec<u8> =
        bytes.map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap()).collect();
    let step = world.clock.now_ms() / STEP + offset;
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key);
    let digest = hmac::sign(&key, &step.to_be_bytes());
    let digest = digest.as_ref();
    let at = usize::from(digest[19] & 15);
    let number = u32::from_be_bytes(digest[at..at + 4].try_into().unwrap()) & 0x7fff_ffff;
    Code::parse("mfaCode", &format!("{:06}", number % 1_000_000)).unwrap()
}

impl World {
    pub(crate) async fn hire(&self, user: &str) {
        self.control.create_user(&root(self), name(user), Default::default()).await.unwrap();
        self.control.create_login_profile(&root(self), &name(user), login(RIGHT)).await.unwrap();
    }

    pub(crate) async fn sign_in(
        &self,
        user: &str,
        password: &str,
        code: Option<Code>,
    ) -> Option<IssuedSession> {
        let sign_in = SignIn { user_name: user.to_owned(), password: secret(password), code };
        self.control.create_session(&origin(self), &sign_in).await.unwrap()
    }

    /// Binds a device and gives its seed. The present step is used up by it.
    pub(crate) async fn bind(&self, user: &str) -> String {
        let device = MfaDeviceName::parse("name", user).unwrap();
        let made = self.control.create_virtual_mfa_device(&root(self), &device).await.unwrap();
        let seed = made.seed.reveal().clone();
        let proof = MfaProof {
            serial_number: made.serial_number,
            first: code(self, &seed, -1),
            second: code(self, &seed, 0),
        };
        self.control.bind_mfa_device(&root(self), &name(user), &proof).await.unwrap();
        seed
    }

    pub(crate) async fn caller(&self, session: &IssuedSession) -> Option<Caller> {
        let origin = origin(self);
        let found = self.control.session(session.token.reveal().as_bytes(), origin.source_ip, origin.now_ms);
        let found = found.await.unwrap()?;
        Some(Caller { principal: found.principal, session: Some(found.signed_in), ..root(self) })
    }

    async fn policy(&self, policy: PasswordPolicy) {
        self.control.set_password_policy(&root(self), &policy).await.unwrap();
    }
}

/// Timing is told by the number of password verifications and of commits, since a clock would tell it badly.
#[tokio::test]
async fn every_failure_costs_one_verification_and_one_record() {
    let world = world().await;
    for user in ["present", "locked", "bound", "expired"] {
        world.hire(user).await;
    }
    world.control.create_user(&root(&world), name("without"), Default::default()).await.unwrap();
    let seed = world.bind("bound").await;
    for _ in 0..6 {
        assert!(world.sign_in("locked", WRONG, None).await.is_none());
    }
    for (user, password, code) in [
        ("present", WRONG, None),
        ("locked", RIGHT, None),
        ("locked", WRONG, None),
        ("without", RIGHT, None),
        ("nobody", RIGHT, None),
        ("no name", RIGHT, None),
        ("present@nowhere", RIGHT, None),
        ("root", RIGHT, None),
        ("", "", None),
        ("bound", RIGHT, None),
        ("bound", RIGHT, Some(code(&world, &seed, 0))),
        ("bound", WRONG, Some(code(&world, &seed, 1))),
    ] {
        let (verified, revision) =
            (world.control.password_verifications(), world.control.directory().revision());
        assert!(world.sign_in(user, password, code).await.is_none(), "{user}");
        assert_eq!(world.control.password_verifications() - verified, 1, "{user}");
        assert_eq!(world.control.directory().revision() - revision, 1, "{user}");
    }
    let verified = world.control.password_verifications();
    assert!(world.sign_in("present", RIGHT, None).await.is_some());
    assert_eq!(world.control.password_verifications() - verified, 1, "success costs the same");
}

#[tokio::test]
async fn a_lock_is_of_the_name_and_opens_within_the_hour() {
    let world = world().await;
    world.hire("Alice").await;
    for spelling in ["alice", "ALICE", "Alice", "aLiCe"] {
        assert!(world.sign_in(spelling, WRONG, None).await.is_none());
    }
    // The fifth attempt is the last that counts for anything, and a right one starts anew.
    assert!(world.sign_in("alice", RIGHT, None).await.is_some());
    for _ in 0..5 {
        assert!(world.sign_in("alice", WRONG, None).await.is_none());
    }
    assert!(world.sign_in(&format!("Alice@{}", world.founded.account), RIGHT, None).await.is_none());
    world.clock.advance_ms(HOUR - 1);
    assert!(world.sign_in("alice", RIGHT, None).await.is_none());
    world.clock.advance_ms(1);
    assert!(world.sign_in("alice", RIGHT, None).await.is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn guesses_at_once_are_counted_before_they_are_checked() {
    let world = std::sync::Arc::new(world().await);
    world.hire("alice").await;
    let guess = |password: String| {
        let world = std::sync::Arc::clone(&world);
        tokio::spawn(async move { world.sign_in("alice", &password, None).await.is_some() })
    };
    let wrong: Vec<_> = (0..12).map(|number| guess(format!("Wrong-guess-{number}"))).collect();
    for guess in wrong {
        assert!(!guess.await.unwrap());
    }
    assert!(world.sign_in("alice", RIGHT, None).await.is_none(), "twelve at once were twelve");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_code_lets_one_in_of_a_hundred() {
    let world = std::sync::Arc::new(world().await);
    world.hire("alice").await;
    world.policy(PasswordPolicy { max_attempts: 0, ..PasswordPolicy::default() }).await;
    let seed = world.bind("alice").await;
    let mut let_in = 0;
    // 64 may sign in at once.
    for _ in 0..2 {
        let tries: Vec<_> = (0..49)
            .map(|_| {
                let (world, code) = (std::sync::Arc::clone(&world), code(&world, &seed, 1));
                tokio::spawn(async move { world.sign_in("alice", RIGHT, Some(code)).await.is_some() })
            })
            .collect();
        for one in tries {
            let_in += usize::from(one.await.unwrap());
        }
    }
    assert_eq!(let_in, 1);
    world.clock.advance_ms(2 * STEP);
    assert!(world.sign_in("alice", RIGHT, Some(code(&world, &seed, 0))).await.is_some());
}

#[tokio::test]
async fn an_old_password_lets_in_to_be_changed_or_not_at_all() {
    let world = world().await;
    world.hire("alice").await;
    world
        .control
        .update_root_login(
            &root(&world),
            &bailey_control::RootLoginChange { password: Some(secret(RIGHT)), ..Default::default() },
        )
        .await
        .unwrap();
    world.policy(PasswordPolicy { max_age_days: 30, ..PasswordPolicy::default() }).await;
    assert_eq!(world.sign_in("alice", RIGHT, None).await.unwrap().duty, None);
    world.clock.advance_ms(30 * DAY);
    let session = world.sign_in("alice", RIGHT, None).await.unwrap();
    assert_eq!(session.duty, Some(Duty::ChangePassword));
    world.policy(PasswordPolicy { max_age_days: 30, hard_expiry: true, ..PasswordPolicy::default() }).await;
    assert!(world.sign_in("alice", RIGHT, None).await.is_none());
    assert_eq!(
        world.sign_in("root", RIGHT, None).await.unwrap().duty,
        None,
        "nobody could let root in again"
    );

    let alice = world.caller(&session).await.unwrap();
    let denied = world.control.get_account_alias(&alice).await.unwrap_err();
    assert_eq!(denied.code(), "NoPermission");
    world.control.change_password(&alice, &secret(RIGHT), &secret(WRONG)).await.unwrap();
    assert_eq!(world.caller(&session).await.unwrap().session.unwrap().duty, None);
    assert_eq!(world.sign_in("alice", WRONG, None).await.unwrap().duty, None);
}

#[tokio::test]
async fn sessions_end_by_idling_and_by_age() {
    let world = world().await;
    world.hire("alice").await;
    let session = world.sign_in("alice", RIGHT, None).await.unwrap();
    // Used all the time it lives six hours; the use is written down each minute, beside the calls.
    for _ in 0..(6 * 60 / 20 - 1) {
        world.clock.advance_ms(HOUR / 3);
        assert!(matches!(world.caller(&session).await.unwrap().principal, Principal::User(_)));
    }
    world.clock.advance_ms(HOUR / 3);
    assert!(world.caller(&session).await.is_none());

    let session = world.sign_in("alice", RIGHT, None).await.unwrap();
    world.clock.advance_ms(HOUR / 2 - 1);
    assert!(world.caller(&session).await.is_some());
    world.clock.advance_ms(HOUR / 2);
    assert!(world.caller(&session).await.is_none());
    assert!(world.caller(&session).await.is_none(), "asking does not wake it");

    let day = |preference: &mut bailey_domain::login::SecurityPreference| preference.session_hours = 24;
    world.control.set_security_preference(&root(&world), &day).await.unwrap();
    let session = world.sign_in("alice", RIGHT, None).await.unwrap();
    assert_eq!(session.expires_at - root(&world).now_ms, 12 * HOUR, "twelve hours at most");
}

#[tokio::test]
async fn a_wrong_present_password_counts_like_a_failed_sign_in() {
    let world = world().await;
    world.hire("alice").await;
    let session = world.sign_in("alice", RIGHT, None).await.unwrap();
    let alice = world.caller(&session).await.unwrap();
    for _ in 0..5 {
        let error = world.control.change_password(&alice, &secret(WRONG), &secret("Another-one-3")).await;
        assert_eq!(error.unwrap_err().code(), "InvalidParameter.OldPassword.Incorrect");
    }
    let error = world.control.change_password(&alice, &secret(RIGHT), &secret("Another-one-3")).await;
    assert_eq!(error.unwrap_err().code(), "InvalidParameter.OldPassword.Incorrect");
    assert!(world.sign_in("alice", RIGHT, None).await.is_none());
}

/// The database has it sealed; what is sealed is the hash, with its parameters and a salt of its own.
#[tokio::test]
async fn what_is_stored_of_a_password_is_its_argon2id_hash() {
    let world = world().await;
    let mut hashes = Vec::new();
    for user in ["alice", "bob"] {
        world.hire(user).await;
        let account = world.founded.account;
        let found = world.store.find_user(account, &name(user)).await.unwrap().unwrap();
        let principal = Principal::User(found.user_id);
        let profile = world.store.find_login_profile(account, principal).await.unwrap().unwrap();
        let label = format!("login_profiles/{account}/{principal}");
        hashes.push(world.control.sealer().open_text(&label, &profile.sealed_hash).unwrap());
    }
    let salts: std::collections::BTreeSet<_> = hashes
        .iter()
        .map(|hash| {
            let parts: Vec<&str> = hash.reveal().split('$').collect();
            assert_eq!(parts[..4], ["", "argon2id", "v=19", "m=19456,t=2,p=1"]);
            // 16 bytes and 32, in base 64 without padding.
            assert_eq!((parts[4].len(), parts[5].len(), parts.len()), (22, 43, 6));
            parts[4].to_owned()
        })
        .collect();
    assert_eq!(salts.len(), 2, "one password, two salts");
}

/// What anybody types for a name may be a password.
#[tokio::test]
async fn a_name_that_is_nobodys_is_written_down_nowhere() {
    let world = world().await;
    world.hire("alice").await;
    let typed = "Passw0rd-in-the-wrong-field";
    assert!(world.sign_in(typed, RIGHT, None).await.is_none());
    assert!(world.sign_in(&format!("{typed}@{}", world.founded.account), RIGHT, None).await.is_none());
    assert!(world.sign_in(&format!("alice@{typed}"), RIGHT, None).await.is_none());
    assert!(world.sign_in("ALICE", WRONG, None).await.is_none());
    let filter =
        bailey_control::AuditFilter { operation: Some("CreateSession".to_owned()), ..Default::default() };
    let cursor = bailey_control::Cursor { after: String::new(), limit: 100 };
    let records = world.control.list_audit_records(&root(&world), &filter, &cursor).await.unwrap();
    let shown = format!("{records:?}");
    assert!(!shown.contains("wrong-field"), "{shown}");
    assert!(shown.contains("\"alice\"") && shown.contains("an unknown name"), "{shown}");
    for file in std::fs::read_dir(world.directory()).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let text = String::from_utf8_lossy(&bytes);
        assert!(!text.contains("wrong-field") && !text.contains("$argon2id$"));
    }
}
