-- RAM groups. Their policies stand in policy_attachments.

CREATE TABLE groups (
    group_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    name TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    comments TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (account_id, folded_name)
);
CREATE TABLE group_members (
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    group_id TEXT NOT NULL REFERENCES groups (group_id),
    user_id TEXT NOT NULL REFERENCES users (user_id),
    joined_at BIGINT NOT NULL,
    PRIMARY KEY (group_id, user_id)
);
CREATE INDEX group_members_by_user ON group_members (account_id, user_id);
