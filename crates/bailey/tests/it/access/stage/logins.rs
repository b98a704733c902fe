//! What the operations about signing in are asked.

use serde_json::{Value, json};

use super::{Asked, Outcome, Stage};
use crate::access::cast::Person;
use crate::world::{Credential, codes, id_of};

/// The passwords of a person, one after the other.
fn password(name: &str, number: u32) -> String {
    format!("Passw0rd-{name}-{number}")
}

/// Whose password a caller's is: several callers stand for root.
fn whose(caller: &Person) -> String {
    format!("{} {}", caller.account, caller.user_id)
}

fn sign_in_name(caller: &Person) -> &'static str {
    if caller.user_id.is_empty() { "root" } else { caller.name }
}

impl Stage {
    /// Gives a person a first password, and everything that `lasting` users have.
    pub(super) async fn sign_on(&mut self, root: &Credential, user: &str) {
        let first = json!({ "UserName": user, "Password": password(user, 0) });
        self.control.done(root, "CreateLoginProfile", first).await;
    }

    /// Makes a device, bound to the user where there is one.
    pub(super) async fn device(
        &self,
        root: &Credential,
        name: &str,
        user: Option<&str>,
    ) -> (String, Vec<String>) {
        let made =
            self.control.done(root, "CreateVirtualMFADevice", json!({ "VirtualMFADeviceName": name })).await;
        let serial = id_of(&made, "/VirtualMFADevice/SerialNumber");
        let codes = codes(&id_of(&made, "/VirtualMFADevice/Base32StringSeed"));
        if let Some(user) = user {
            self.control.done(root, "BindMFADevice", binding(user, &serial, &codes)).await;
        }
        (serial, codes)
    }

    /// The present password of a caller, who gets the first one when it is asked for.
    async fn present_password(&mut self, caller: &Person) -> String {
        if !self.passwords.contains_key(&whose(caller)) {
            if caller.user_id.is_empty() {
                let first = json!({ "password": password("root", 0) });
                self.control.done(&caller.credential, "UpdateRootLogin", first).await;
            } else {
                let root = self.here.root.clone();
                self.sign_on(&root, caller.name).await;
            }
            self.passwords.insert(whose(caller), 0);
        }
        password(sign_in_name(caller), self.passwords[&whose(caller)])
    }

    async fn signing_in(&mut self, caller: &Person) -> Value {
        let name = sign_in_name(caller);
        let password = self.present_password(caller).await;
        json!({ "userName": format!("{name}@{}", caller.account), "password": password })
    }

    /// `None` for operations that are about something else.
    pub(super) async fn login(
        &mut self,
        operation: &str,
        thing: &'static str,
        caller: &Person,
        outcome: Outcome,
    ) -> Option<Asked> {
        let root = self.here.root.clone();
        let plain = |parameters: Value| Some(Asked::new(parameters, &json!({}), &[]));
        match operation {
            "CreateSession" => {
                let mut asked = Asked::new(self.signing_in(caller).await, &json!({}), &[]);
                asked.credential = Some(Credential::Nothing);
                return Some(asked);
            }
            "DeleteSession" => {
                let mut asked = Asked::new(json!({}), &json!({}), &[]);
                // Whom a policy keeps from signing in has no session to end.
                if outcome == Outcome::Done {
                    let parameters = self.signing_in(caller).await;
                    let made = self.control.done(&Credential::Nothing, "CreateSession", parameters).await;
                    asked.credential = Some(Credential::Bearer(id_of(&made, "/token")));
                }
                return Some(asked);
            }
            "UpdateRootLogin" => {
                if outcome == Outcome::Done {
                    *self.passwords.entry(whose(caller)).or_default() += 1;
                }
                let number = self.passwords.get(&whose(caller)).copied().unwrap_or_default();
                return plain(json!({ "password": password(sign_in_name(caller), number) }));
            }
            "ChangePassword" => {
                let old = self.present_password(caller).await;
                if outcome == Outcome::Done {
                    *self.passwords.entry(whose(caller)).or_default() += 1;
                }
                let number = self.passwords[&whose(caller)] + u32::from(outcome == Outcome::Refused);
                let next = password(sign_in_name(caller), number);
                return plain(json!({ "OldPassword": old, "NewPassword": next }));
            }
            "CreateVirtualMFADevice" => {
                let name = self.passing("device");
                return plain(json!({ "VirtualMFADeviceName": name }));
            }
            "ListVirtualMFADevices"
            | "GetPasswordPolicy"
            | "GetSecurityPreference"
            | "GetAccountAlias"
            | "ClearAccountAlias" => return plain(json!({})),
            "SetPasswordPolicy" => return plain(json!({ "MinimumPasswordLength": 8 })),
            "SetSecurityPreference" => return plain(json!({ "LoginSessionDuration": 6 })),
            "SetAccountAlias" => return plain(json!({ "AccountAlias": self.passing("alias") })),
            _ => {}
        }
        let about =
            |user: &String, further: Value| Some(Asked::new(json!({ "UserName": user }), &further, &[user]));
        if matches!(operation, "GetLoginProfile" | "GetUserMFAInfo") {
            return about(&Self::name("lasting", thing), json!({}));
        }
        let changes = [
            "CreateLoginProfile",
            "UpdateLoginProfile",
            "DeleteLoginProfile",
            "BindMFADevice",
            "UnbindMFADevice",
        ];
        if operation == "DeleteVirtualMFADevice" {
            let serial = match outcome {
                Outcome::Done => {
                    let name = self.passing("device");
                    self.device(&root, &name, None).await.0
                }
                Outcome::Refused => self.kept("device", thing),
            };
            return Some(Asked::new(json!({ "SerialNumber": serial }), &json!({}), &[&serial]));
        }
        if !changes.contains(&operation) {
            return None;
        }
        let user = match outcome {
            Outcome::Done => self.passing("user"),
            Outcome::Refused => Self::name("lasting", thing),
        };
        if outcome == Outcome::Done {
            self.control.done(&root, "CreateUser", json!({ "UserName": user })).await;
            if matches!(operation, "UpdateLoginProfile" | "DeleteLoginProfile") {
                self.sign_on(&root, &user).await;
            }
        }
        let further = match operation {
            "CreateLoginProfile" | "UpdateLoginProfile" => json!({ "Password": password("new", 0) }),
            "BindMFADevice" if outcome == Outcome::Done => {
                let (serial, codes) = self.device(&root, &user, None).await;
                binding(&user, &serial, &codes)
            }
            "BindMFADevice" => {
                let codes = ["000000", "111111"].map(str::to_owned);
                binding(&user, &self.kept("device", thing), &codes)
            }
            "UnbindMFADevice" if outcome == Outcome::Done => {
                self.device(&root, &user, Some(&user)).await;
                json!({})
            }
            _ => json!({}),
        };
        let mut asked = about(&user, further)?;
        asked.ids.extend(asked.parameters["SerialNumber"].as_str().map(str::to_owned));
        Some(asked)
    }
}

fn binding(user: &str, serial: &str, codes: &[String]) -> Value {
    json!({
        "UserName": user, "SerialNumber": serial,
        "AuthenticationCode1": codes[0], "AuthenticationCode2": codes[1],
    })
}
