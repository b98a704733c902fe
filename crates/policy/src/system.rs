//! The system policies that every installation has: names, versions and documents as data.
//!
//! The Bailian and RAM read-only texts follow the system-policy reference of the real service; those of
//! `AdministratorAccess`, `AliyunRAMFullAccess` and `AliyunSTSAssumeRoleAccess` follow from their names, as their
//! text is not published. Management of workspaces, models and limits has the service code `modelstudio` here, so
//! it is added to the policies that manage Model Studio, and its reads to those that read.

/// A policy that belongs to the system: everybody may attach it, nobody may change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SystemPolicy {
    /// Its name, unique without regard to case.
    pub name: &'static str,
    /// What it gives, for people.
    pub description: &'static str,
    /// Its default version, such as `v3`.
    pub version: &'static str,
    /// The policy document.
    pub document: &'static str,
}

/// The system policy of this name, without regard to ASCII case.
pub fn find(name: &str) -> Option<&'static SystemPolicy> {
    ALL.iter().find(|policy| policy.name.eq_ignore_ascii_case(name))
}

/// Every system policy.
pub const ALL: &[SystemPolicy] = &[
    SystemPolicy {
        name: "AdministratorAccess",
        description: "Full access to all services and resources of the account.",
        version: "v1",
        document: r#"{
  "Version": "1",
  "Statement": [
    { "Effect": "Allow", "Action": "*", "Resource": "*" }
  ]
}"#,
    },
    SystemPolicy {
        name: "AliyunRAMFullAccess",
        description: "Full access to Resource Access Management (RAM): users, groups, roles, policies and access keys.",
        version: "v1",
        document: r#"{
  "Version": "1",
  "Statement": [
    { "Effect": "Allow", "Action": "ram:*", "Resource": "*" }
  ]
}"#,
    },
    SystemPolicy {
        name: "AliyunRAMReadOnlyAccess",
        description: "Read-only access to Resource Access Management (RAM).",
        version: "v3",
        document: r#"{
  "Version": "1",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "ram:Get*",
        "ram:List*",
        "ram:GenerateCredentialReport",
        "accessanalyzer:Get*",
        "accessanalyzer:List*"
      ],
      "Resource": "*"
    }
  ]
}"#,
    },
    SystemPolicy {
        name: "AliyunSTSAssumeRoleAccess",
        description: "Permission to assume RAM roles with the Security Token Service (STS).",
        version: "v1",
        document: r#"{
  "Version": "1",
  "Statement": [
    { "Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*" }
  ]
}"#,
    },
    SystemPolicy {
        name: "AliyunBailianFullAccess",
        description: "Full access to Model Studio: management, features and data. It is not membership of a workspace.",
        version: "v3",
        document: r#"{
  "Version": "1",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "bailiancontrol:*",
        "bailiandata:*",
        "sfm:*",
        "bailianchatbot:*",
        "modelstudio:*",
        "ram:ListUserBasicInfos",
        "ram:ListRoles"
      ],
      "Resource": "*"
    }
  ]
}"#,
    },
    SystemPolicy {
        name: "AliyunBailianReadOnlyAccess",
        description: "Read-only access to Model Studio: management, features and data.",
        version: "v1",
        document: r#"{
  "Version": "1",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "bailiancontrol:Get*",
        "bailiancontrol:Describe*",
        "bailiancontrol:List*",
        "bailiancontrol:Query*",
        "bailiandata:Get*",
        "bailiandata:Describe*",
        "bailiandata:List*",
        "bailiandata:Query*",
        "sfm:Get*",
        "sfm:Describe*",
        "sfm:List*",
        "sfm:Query*",
        "modelstudio:Get*",
        "modelstudio:List*"
      ],
      "Resource": "*"
    }
  ]
}"#,
    },
    SystemPolicy {
        name: "AliyunBailianControlFullAccess",
        description: "Full access to the management of Model Studio.",
        version: "v1",
        document: r#"{
  "Version": "1",
  "Statement": [
    { "Effect": "Allow", "Action": ["bailiancontrol:*", "modelstudio:*"], "Resource": "*" }
  ]
}"#,
    },
    SystemPolicy {
        name: "AliyunBailianControlReadOnlyAccess",
        description: "Read-only access to the management of Model Studio.",
        version: "v1",
        document: r#"{
  "Version": "1",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "bailiancontrol:Get*",
        "bailiancontrol:Describe*",
        "bailiancontrol:List*",
        "bailiancontrol:Query*",
        "modelstudio:Get*",
        "modelstudio:List*"
      ],
      "Resource": "*"
    }
  ]
}"#,
    },
    SystemPolicy {
        name: "AliyunBailianDataFullAccess",
        description: "Full access to the data and features of Model Studio.",
        version: "v1",
        document: r#"{
  "Version": "1",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": ["bailiandata:*", "sfm:*", "ram:ListUserBasicInfos", "ram:ListRoles"],
      "Resource": "*"
    }
  ]
}"#,
    },
    SystemPolicy {
        name: "AliyunBailianDataReadOnlyAccess",
        description: "Read-only access to the data and features of Model Studio, and asking questions of applications.",
        version: "v2",
        document: r#"{
  "Version": "1",
  "Statement": [
    {
      "Effect": "Allow",
      "Action": [
        "bailiandata:Get*",
        "bailiandata:Describe*",
        "bailiandata:List*",
        "bailiandata:Query*",
        "sfm:Get*",
        "sfm:Describe*",
        "sfm:List*",
        "sfm:Query*",
        "sfm:CreateSession",
        "sfm:AbortGenerateAnswer"
      ],
      "Resource": "*"
    }
  ]
}"#,
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ActionCatalogue, Context, Policy, Request, evaluate};

    const ACTIONS: [&str; 8] = [
        "ram:CreateUser",
        "ram:ListRoles",
        "sts:AssumeRole",
        "bailiancontrol:QueryPlan",
        "bailiandata:ListFiles",
        "sfm:CreateIndex",
        "modelstudio:GetWorkspace",
        "modelstudio:CreateWorkspace",
    ];

    #[test]
    fn each_parses_and_allows_just_what_its_name_says() {
        let catalogue = ActionCatalogue::new(ACTIONS).unwrap();
        let allowed: Vec<(&str, Vec<&str>)> = ALL
            .iter()
            .map(|system| {
                let policy = Policy::parse(system.document, &catalogue).unwrap();
                let allows = |name: &&str| {
                    let action = &catalogue.resolve(name);
                    let request = Request { action, resource: "*", context: &Context::default() };
                    evaluate([&policy], &request).is_allowed()
                };
                (system.name, ACTIONS.iter().copied().filter(allows).collect())
            })
            .collect();
        let [create_user, list_roles, assume, control, data, index, get, create] = ACTIONS;
        let expected = vec![
            ("AdministratorAccess", ACTIONS.to_vec()),
            ("AliyunRAMFullAccess", vec![create_user, list_roles]),
            ("AliyunRAMReadOnlyAccess", vec![list_roles]),
            ("AliyunSTSAssumeRoleAccess", vec![assume]),
            ("AliyunBailianFullAccess", vec![list_roles, control, data, index, get, create]),
            ("AliyunBailianReadOnlyAccess", vec![control, data, get]),
            ("AliyunBailianControlFullAccess", vec![control, get, create]),
            ("AliyunBailianControlReadOnlyAccess", vec![control, get]),
            ("AliyunBailianDataFullAccess", vec![list_roles, data, index]),
            ("AliyunBailianDataReadOnlyAccess", vec![data]),
        ];
        assert_eq!(allowed, expected);
    }

    #[test]
    fn names_are_found_in_any_case_and_documents_fit_the_limit() {
        assert_eq!(find("administratoraccess").map(|policy| policy.version), Some("v1"));
        assert_eq!(find("Nobody"), None);
        assert!(ALL.iter().all(|policy| policy.document.len() <= 6144 && !policy.description.is_empty()));
    }
}
