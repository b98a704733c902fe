//! The lasting things, looked at again.

use serde_json::json;

use super::{BYSTANDER, HELD, Stage};

impl Stage {
    /// Lets the lasting users sign in, and binds a device to each.
    pub(super) async fn sign_on_lasting(&mut self) {
        for (root, thing) in [(self.here.root.clone(), "own"), (self.abroad.root.clone(), "foreign")] {
            let user = Self::name("lasting", thing);
            self.sign_on(&root, &user).await;
            let (serial, _) = self.device(&root, &user, Some(&user)).await;
            self.lasting.insert(("device", thing), serial);
        }
        let absent = format!("acs:ram::{}:mfa/lasting-none", self.here.id);
        self.lasting.insert(("device", "absent"), absent);
    }

    /// Checks that every lasting thing is as it was: nothing that was refused has touched it.
    pub(crate) async fn survives(&self) {
        let (control, places) = (&self.control, &self.places);
        for (account, thing) in [(&self.here, "own"), (&self.abroad, "foreign")] {
            let root = &account.root;
            let (user, policy) = (Self::name("lasting", thing), Self::name("policy", thing));
            let keys = control.done(root, "ListAccessKeys", json!({ "UserName": user })).await;
            assert_eq!(keys["AccessKeys"]["AccessKey"].as_array().unwrap().len(), 1);
            assert_eq!(keys["AccessKeys"]["AccessKey"][0]["AccessKeyId"], self.kept("access key", thing));
            assert_eq!(keys["AccessKeys"]["AccessKey"][0]["Status"], "Active");
            let profile = control.done(root, "GetLoginProfile", json!({ "UserName": user })).await;
            assert_eq!(profile["LoginProfile"]["MFABindRequired"], false);
            let device = control.done(root, "GetUserMFAInfo", json!({ "UserName": user })).await;
            assert_eq!(device["MFADevice"]["SerialNumber"], self.kept("device", thing));
            let bin = json!({ "UserId": self.kept("user id", thing) });
            let deleted = control.done(root, "ListAccessKeysInRecycleBin", bin).await;
            let recycled_key = self.kept("recycled key", thing);
            assert_eq!(deleted["AccessKeys"]["AccessKey"][0]["AccessKeyId"], recycled_key, "{deleted}");
            let recycled = json!({ "UserId": self.kept("recycled user", thing) });
            control.done(root, "GetUserInRecycleBin", recycled).await;
            let held =
                control.done(root, "ListServiceCredentials", json!({ "UserPrincipalName": user })).await;
            assert_eq!(held["ServiceCredentials"].as_array().unwrap().len(), 1, "{held}");
            assert_eq!(held["ServiceCredentials"][0]["Status"], "Active", "{held}");
            let attached = control.done(root, "ListPoliciesForUser", json!({ "UserName": user })).await;
            assert_eq!(attached["Policies"]["Policy"].as_array().unwrap().len(), 1, "{attached}");
            assert_eq!(attached["Policies"]["Policy"][0]["PolicyName"], HELD);
            let group = Self::name("group", thing);
            let members = control.done(root, "ListUsersForGroup", json!({ "GroupName": group })).await;
            assert_eq!(members["Users"]["User"].as_array().unwrap().len(), 1, "{members}");
            assert_eq!(members["Users"]["User"][0]["UserName"], user);
            let held = control.done(root, "ListPoliciesForGroup", json!({ "GroupName": group })).await;
            assert_eq!(held["Policies"]["Policy"].as_array().unwrap().len(), 1, "{held}");
            assert_eq!(held["Policies"]["Policy"][0]["PolicyName"], HELD);
            let role = Self::name("role", thing);
            let shown = control.done(root, "GetRole", json!({ "RoleName": role })).await;
            assert_eq!(shown["Role"]["Description"], "", "{shown}");
            let tagged = json!({ "ResourceType": "role", "ResourceNames": [role] });
            let tags = control.done(root, "ListTagResources", tagged).await;
            let tags: Vec<_> =
                tags["TagResources"].as_array().unwrap().iter().map(|tag| &tag["TagValue"]).collect();
            assert_eq!(tags, ["lasting"]);
            let held = control.done(root, "ListPoliciesForRole", json!({ "RoleName": role })).await;
            assert_eq!(held["Policies"]["Policy"].as_array().unwrap().len(), 1, "{held}");
            let provider = Self::name("oidc-provider", thing);
            let shown = control.done(root, "GetOIDCProvider", json!({ "OIDCProviderName": provider })).await;
            assert_eq!(shown["OIDCProvider"]["ClientIds"], "bailey,spare", "{shown}");
            assert_eq!(shown["OIDCProvider"]["Description"], "", "{shown}");
            let typed = json!({ "PolicyName": policy, "PolicyType": "Custom" });
            let versions = control.done(root, "ListPolicyVersions", typed).await;
            assert_eq!(
                versions["PolicyVersions"]["PolicyVersion"].as_array().unwrap().len(),
                1,
                "{versions}"
            );
            let models = control.all(root, "ListModels", "models", json!({})).await;
            assert!(models.iter().any(|model| model["model"] == Self::name("model", thing)), "{models:?}");
            let providers = control.all(root, "ListProviders", "providers", json!({})).await;
            let provider = Self::name("provider", thing);
            assert!(providers.iter().any(|entry| entry["name"] == provider), "{providers:?}");
            let users = control.all(root, "ListStudioUsers", "users", json!({})).await;
            let known = users.iter().find(|known| known["userName"] == user).unwrap();
            assert_eq!(known["workspaces"], json!([]), "nobody gave them a seat");
            let settings = control.done(root, "GetSettings", json!({})).await;
            assert_eq!(settings["settings"]["quotaUsers"], 100_000);
        }
        for (account, thing) in [(&self.here, "own"), (&self.here, "beside"), (&self.abroad, "foreign")] {
            let key = control
                .done(&account.root, "GetApiKey", json!({ "apiKeyId": self.kept("key", thing) }))
                .await;
            assert_eq!(key["apiKey"]["disabled"], 0);
        }
        for workspace in [&places.own, &places.beside] {
            let seat = json!({ "workspaceId": workspace, "userName": BYSTANDER });
            control.done(&self.here.root, "GetMember", seat).await;
        }
        let abroad = control.all(&self.abroad.root, "ListWorkspaces", "workspaces", json!({})).await;
        assert!(abroad.iter().any(|workspace| workspace["workspaceName"] == "Abroad"), "{abroad:?}");
    }
}
