-- What stands above the policies of users and roles: at most one boundary each, and control policies of the account.
CREATE TABLE permission_boundaries (
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    principal_type TEXT NOT NULL,
    principal_id TEXT NOT NULL,
    policy_type TEXT NOT NULL,
    policy_name TEXT NOT NULL,
    folded_policy_name TEXT NOT NULL,
    attached_at BIGINT NOT NULL,
    PRIMARY KEY (principal_type, principal_id)
);
CREATE INDEX permission_boundaries_by_policy ON permission_boundaries (account_id, policy_type, folded_policy_name);
CREATE TABLE control_policies (
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    policy_type TEXT NOT NULL,
    policy_name TEXT NOT NULL,
    folded_policy_name TEXT NOT NULL,
    attached_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, policy_type, folded_policy_name)
);
