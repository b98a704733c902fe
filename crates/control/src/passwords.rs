//! Hashing passwords: Argon2id with the parameters that OWASP recommends, on threads that may block, a few at once.
//!
//! Every answer about a password costs exactly one verification, whether there is anything to verify or not: how long it
//! takes tells nothing. The count of verifications is a metric, and what the tests compare.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use bailey_domain::access::Principal;
use bailey_domain::{AccountId, Entropy, Error, Secret};
use bailey_store::LoginProfile;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::control::Control;

/// OWASP's first choice for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;
const SALT_BYTES: usize = 16;
/// Verifications at once. Each takes a core and 19 MiB; the rest of the machine stays for everybody else.
const AT_ONCE: usize = 2;
/// Sign-ins at once, and as many again for those who have signed in; whoever comes on top is asked to come again.
const MAY_WAIT: usize = 64;
const PATIENCE: Duration = Duration::from_secs(20);
/// What is verified where there is nothing to verify: a hash under the same parameters, of which no password is known.
const NOBODYS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$Ym9keSdzIHNhbHQgYXQgYWxs$8mYpTqTtb3mFOxQh4cV6a3NqfB0l0y8s7sV5tO2n1Yc";

/// The workers.
#[derive(Debug)]
pub(crate) struct Passwords {
    running: Arc<Semaphore>,
    waiting: Semaphore,
    signing_in: Semaphore,
    verifications: AtomicU64,
}

impl Default for Passwords {
    fn default() -> Self {
        Self {
            running: Arc::new(Semaphore::new(AT_ONCE)),
            waiting: Semaphore::new(2 * MAY_WAIT),
            signing_in: Semaphore::new(MAY_WAIT),
            verifications: AtomicU64::new(0),
        }
    }
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).expect("OWASP's parameters are valid");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

fn busy() -> Error {
    Error::Unavailable { message: "too many passwords are being checked; please try again".to_owned() }
}

impl Passwords {
    /// How many verifications there were.
    pub(crate) fn verifications(&self) -> u64 {
        self.verifications.load(Ordering::Relaxed)
    }

    /// A place among those who sign in, taken before anything is written for them: nobody of them has shown anything yet.
    pub(crate) fn enter(&self) -> Result<SemaphorePermit<'_>, Error> {
        self.signing_in.try_acquire().map_err(|_| busy())
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T, Error> {
        let _place = self.waiting.try_acquire().map_err(|_| busy())?;
        let turn = tokio::time::timeout(PATIENCE, Arc::clone(&self.running).acquire_owned());
        let turn = turn.await.map_err(|_| busy())?.map_err(Error::internal)?;
        tokio::task::spawn_blocking(move || {
            let _turn = turn;
            work()
        })
        .await
        .map_err(Error::internal)
    }

    /// The hash of a new password, in PHC form.
    async fn hash(&self, entropy: &dyn Entropy, password: &Secret<String>) -> Result<Secret<String>, Error> {
        let mut salt = [0; SALT_BYTES];
        entropy.fill(&mut salt);
        let password = password.clone();
        let hashed = self
            .run(move || {
                argon2()
                    .hash_password_with_salt(password.reveal().as_bytes(), &salt)
                    .map(|hash| hash.to_string())
            })
            .await?;
        hashed.map(Secret::new).map_err(|error| Error::internal(error.to_string()))
    }

    /// Whether the password has this hash; without one it has not, and takes as long to find out.
    async fn verify(&self, password: &Secret<String>, hash: Option<Secret<String>>) -> Result<bool, Error> {
        self.verifications.fetch_add(1, Ordering::Relaxed);
        let password = password.clone();
        self.run(move || {
            let text = hash.as_ref().map_or(NOBODYS, |hash| hash.reveal());
            let parsed = PasswordHash::new(text).map_err(|error| Error::internal(error.to_string()))?;
            let right = argon2().verify_password(password.reveal().as_bytes(), &parsed).is_ok();
            Ok(right && hash.is_some())
        })
        .await?
    }
}

/// What the sealed hash of a password is bound to.
fn label(account: AccountId, principal: Principal) -> String {
    format!("login_profiles/{account}/{principal}")
}

impl Control {
    /// How many passwords have been verified since the start.
    pub fn password_verifications(&self) -> u64 {
        self.passwords.verifications()
    }

    /// The sealed hash of a password that somebody is to get.
    pub(crate) async fn sealed_password(
        &self,
        account: AccountId,
        principal: Principal,
        password: &Secret<String>,
    ) -> Result<String, Error> {
        let hash = self.passwords.hash(&*self.entropy, password).await?;
        Ok(self.sealer().seal(&*self.entropy, &label(account, principal), hash.reveal().as_bytes()))
    }

    /// Whether this is somebody's password. Costs one verification, whoever it is and whatever there is.
    pub(crate) async fn is_password(
        &self,
        account: AccountId,
        profile: Option<&LoginProfile>,
        password: &Secret<String>,
    ) -> Result<bool, Error> {
        let hash = profile
            .map(|profile| self.sealer().open_text(&label(account, profile.principal), &profile.sealed_hash))
            .transpose()?;
        self.passwords.verify(password, hash).await
    }

    /// Checks what of a new password depends on nobody's earlier ones; `field` is its parameter's name.
    pub(crate) async fn check_strength(
        &self,
        account: AccountId,
        field: &str,
        password: &Secret<String>,
    ) -> Result<(), Error> {
        self.store.find_password_policy(account).await?.check(field, password.reveal())
    }

    /// Checks a new password against the account's policy, earlier passwords included; `field` is its parameter's name.
    pub(crate) async fn check_new_password(
        &self,
        account: AccountId,
        profile: Option<&LoginProfile>,
        field: &str,
        password: &Secret<String>,
    ) -> Result<(), Error> {
        let policy = self.store.find_password_policy(account).await?;
        policy.check(field, password.reveal())?;
        let Some(profile) = profile.filter(|_| policy.reuse_prevention > 0) else { return Ok(()) };
        let former =
            self.store.former_passwords(account, profile.principal, policy.reuse_prevention - 1).await?;
        for sealed in std::iter::once(&profile.sealed_hash).chain(&former) {
            let hash = self.sealer().open_text(&label(account, profile.principal), sealed)?;
            if self.passwords.verify(password, Some(hash)).await? {
                return Err(Error::invalid(
                    format!("InvalidParameter.{field}.ReusePrevention"),
                    format!(
                        "The parameter - \"{field}\" is not compliant with the reuse prevention password policy. It must be none of the last {} passwords.",
                        policy.reuse_prevention
                    ),
                ));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bailey_domain::clock::Fixed;

    fn secret(text: &str) -> Secret<String> {
        Secret::new(text.to_owned())
    }

    #[tokio::test]
    async fn a_hash_is_of_one_password_and_carries_owasps_parameters() {
        let passwords = Passwords::default();
        let hash = passwords.hash(&Fixed::seeded(1), &secret("Correct-horse1")).await.unwrap();
        assert!(hash.reveal().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert!(passwords.verify(&secret("Correct-horse1"), Some(hash.clone())).await.unwrap());
        assert!(!passwords.verify(&secret("correct-horse1"), Some(hash.clone())).await.unwrap());
        // The stored text is no password (a peer once took its own hashes at the door).
        assert!(!passwords.verify(&hash.clone(), Some(hash)).await.unwrap());
        assert!(!passwords.verify(&secret("Correct-horse1"), None).await.unwrap());
        assert_eq!(passwords.verifications(), 4);
    }

    #[test]
    fn nobodys_hash_has_the_parameters_of_everybodys() {
        let parsed = PasswordHash::new(NOBODYS).unwrap();
        let params = Params::try_from(&parsed).unwrap();
        assert_eq!((params.m_cost(), params.t_cost(), params.p_cost()), (MEMORY_KIB, PASSES, LANES));
        assert_eq!(parsed.hash.unwrap().len(), Params::DEFAULT_OUTPUT_LEN);
    }
}
