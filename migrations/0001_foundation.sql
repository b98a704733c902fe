-- The foundation. One text for SQLite and PostgreSQL: TEXT ids, hashes and JSON, BIGINT milliseconds and counts,
-- BOOLEAN, CHECK for closed lists, and every constraint complete at creation, since SQLite cannot add them.

-- One row: what belongs to the installation and not to an account.
CREATE TABLE installation (
    id BIGINT PRIMARY KEY CHECK (id = 1),
    sealed_data_key TEXT NOT NULL,
    -- Counts every commit. Taken at the start of each writing transaction, so that revisions come in the order of commits.
    revision BIGINT NOT NULL
);

CREATE TABLE accounts (
    account_id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL
);

-- What each revision changed, for whoever applies revisions to a directory.
CREATE TABLE changes (
    revision BIGINT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    changes TEXT NOT NULL
);

-- The audit chain: each record's hash covers its columns and the hash before it.
CREATE TABLE audit_records (
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    sequence BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL,
    request_id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    actor TEXT NOT NULL,
    access_key_id TEXT NOT NULL,
    source_ip TEXT NOT NULL,
    operation TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    target TEXT NOT NULL,
    outcome TEXT NOT NULL CHECK (outcome IN ('allow', 'deny')),
    reason TEXT NOT NULL,
    chain TEXT NOT NULL,
    state_before TEXT NOT NULL,
    state_after TEXT NOT NULL,
    hash TEXT NOT NULL,
    PRIMARY KEY (account_id, sequence)
);
CREATE INDEX audit_records_by_request ON audit_records (account_id, request_id);
CREATE TABLE audit_heads (
    account_id TEXT PRIMARY KEY REFERENCES accounts (account_id),
    sequence BIGINT NOT NULL,
    hash TEXT NOT NULL,
    -- Authenticates the two columns above, so that cutting records off the end needs the key as well.
    mac TEXT NOT NULL
);

CREATE TABLE users (
    user_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    name TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    display_name TEXT NOT NULL,
    email TEXT NOT NULL,
    mobile_phone TEXT NOT NULL,
    comments TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (account_id, folded_name)
);

-- user_id is NULL for root's keys.
CREATE TABLE access_keys (
    access_key_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    user_id TEXT REFERENCES users (user_id),
    sealed_secret TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL
);
CREATE INDEX access_keys_by_user ON access_keys (account_id, user_id);

CREATE TABLE policies (
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    name TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    description TEXT NOT NULL,
    default_version BIGINT NOT NULL,
    last_version BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, folded_name)
);
CREATE TABLE policy_versions (
    account_id TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    version BIGINT NOT NULL,
    document TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, folded_name, version),
    FOREIGN KEY (account_id, folded_name) REFERENCES policies (account_id, folded_name) ON DELETE CASCADE
);
CREATE TABLE policy_attachments (
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    principal_type TEXT NOT NULL CHECK (principal_type IN ('user', 'group', 'role')),
    principal_id TEXT NOT NULL,
    policy_type TEXT NOT NULL CHECK (policy_type IN ('System', 'Custom')),
    policy_name TEXT NOT NULL,
    folded_policy_name TEXT NOT NULL,
    attached_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, principal_type, principal_id, policy_type, folded_policy_name)
);
CREATE INDEX policy_attachments_by_policy ON policy_attachments (account_id, policy_type, folded_policy_name);

CREATE TABLE workspaces (
    workspace_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    name TEXT NOT NULL,
    is_default BOOLEAN NOT NULL,
    open_models BOOLEAN NOT NULL,
    service_site TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    UNIQUE (account_id, name)
);
CREATE TABLE studio_users (
    user_id TEXT PRIMARY KEY REFERENCES users (user_id),
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    display_name TEXT NOT NULL,
    created_at BIGINT NOT NULL
);
-- epoch is the revision that gave this seat: a key made under another seat does not come back with it.
CREATE TABLE members (
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    workspace_id TEXT NOT NULL REFERENCES workspaces (workspace_id),
    user_id TEXT NOT NULL REFERENCES studio_users (user_id),
    pages TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    added_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (workspace_id, user_id)
);
CREATE INDEX members_by_user ON members (user_id);

-- owner_id is empty for root's keys; a deleted owner's id stays, so that nobody else comes to own the key.
CREATE TABLE api_keys (
    api_key_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    workspace_id TEXT NOT NULL REFERENCES workspaces (workspace_id),
    owner_id TEXT NOT NULL,
    epoch BIGINT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    tail TEXT NOT NULL,
    description TEXT NOT NULL,
    auth TEXT,
    disabled BOOLEAN NOT NULL,
    expires_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX api_keys_by_workspace ON api_keys (account_id, workspace_id, owner_id);

CREATE TABLE providers (
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    name TEXT NOT NULL,
    definition TEXT NOT NULL,
    sealed_credential TEXT,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, name)
);
CREATE TABLE models (
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    model TEXT NOT NULL,
    definition TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, model)
);
CREATE TABLE model_grants (
    account_id TEXT NOT NULL,
    workspace_id TEXT NOT NULL REFERENCES workspaces (workspace_id),
    model TEXT NOT NULL,
    inference BOOLEAN NOT NULL,
    fine_tune BOOLEAN NOT NULL,
    deploy BOOLEAN NOT NULL,
    PRIMARY KEY (account_id, workspace_id, model),
    FOREIGN KEY (account_id, model) REFERENCES models (account_id, model)
);
-- level_id is empty for the account's own limits.
CREATE TABLE model_limits (
    account_id TEXT NOT NULL,
    level TEXT NOT NULL CHECK (level IN ('account', 'workspace', 'key')),
    level_id TEXT NOT NULL,
    model TEXT NOT NULL,
    limits TEXT NOT NULL,
    PRIMARY KEY (account_id, level, level_id, model),
    FOREIGN KEY (account_id, model) REFERENCES models (account_id, model)
);

-- Calls and tokens by hour. Written in batches, beside the revisions.
CREATE TABLE usage_hours (
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    hour_at BIGINT NOT NULL,
    workspace_id TEXT NOT NULL,
    api_key_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    model TEXT NOT NULL,
    calls BIGINT NOT NULL,
    failed_calls BIGINT NOT NULL,
    cut_calls BIGINT NOT NULL,
    input_tokens BIGINT NOT NULL,
    output_tokens BIGINT NOT NULL,
    PRIMARY KEY (account_id, hour_at, workspace_id, api_key_id, owner_id, model)
);
-- Refused model calls, so that a request id can be explained. account_id is empty when the key was nobody's.
CREATE TABLE gateway_decisions (
    request_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL,
    owner_id TEXT NOT NULL,
    recorded_at BIGINT NOT NULL,
    decision TEXT NOT NULL
);
CREATE INDEX gateway_decisions_by_time ON gateway_decisions (recorded_at);
