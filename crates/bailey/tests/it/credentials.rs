//! What is told to whoever shows a credential that cannot be taken as it came.

use serde_json::json;

use crate::world::{Credential, Database, Installation, run};

#[test]
fn a_temporary_key_without_its_token_is_told_where_the_token_goes() {
    let mut installation = Installation::new(Database::Sqlite);
    installation.found(&[]);
    installation.start();
    let key = Credential::basic("STS.abcdefghijklmnopqrst", "secret");
    run(async {
        let control = installation.control();
        for (who, advice) in [
            (key.signed(), "Send it in the header `x-acs-security-token`."),
            (key.in_parameters(), "Send it as a parameter."),
            (key.clone(), "HTTP Basic does not carry it; sign the request instead."),
        ] {
            let answer = control.call(&who, "GetCallerIdentity", json!({})).await;
            assert_eq!((answer.status, answer.code().as_str()), (400, "MissingSecurityToken"), "{who:?}");
            let message = format!("SecurityToken is mandatory for this action. {advice}");
            assert_eq!(answer.field("message"), json!(message), "{who:?}");
        }
    });
}
