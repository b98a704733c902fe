-- An attachment counts for the whole account, where workspace_id is empty as in every row so far, or for the things of one
-- workspace. It is part of what tells attachments apart, and SQLite changes no primary key, so the table is made anew.
CREATE TABLE scoped_attachments (
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    principal_type TEXT NOT NULL CHECK (principal_type IN ('user', 'group', 'role')),
    principal_id TEXT NOT NULL,
    policy_type TEXT NOT NULL CHECK (policy_type IN ('System', 'Custom')),
    policy_name TEXT NOT NULL,
    folded_policy_name TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    attached_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, principal_type, principal_id, policy_type, folded_policy_name, workspace_id)
);
INSERT INTO scoped_attachments (account_id, principal_type, principal_id, policy_type, policy_name, folded_policy_name,
    workspace_id, attached_at)
SELECT account_id, principal_type, principal_id, policy_type, policy_name, folded_policy_name, '', attached_at
FROM policy_attachments;
DROP TABLE policy_attachments;
ALTER TABLE scoped_attachments RENAME TO policy_attachments;
CREATE INDEX policy_attachments_by_policy ON policy_attachments (account_id, policy_type, folded_policy_name);
CREATE INDEX policy_attachments_by_workspace ON policy_attachments (account_id, workspace_id) WHERE workspace_id <> '';
