-- What IMS adds to access keys and users.

-- JSON in the form of IMS; NULL where none was set.
ALTER TABLE accounts ADD COLUMN network_policy TEXT;
ALTER TABLE access_keys ADD COLUMN network_policy TEXT;
-- Written at most once a minute, beside the revisions.
ALTER TABLE access_keys ADD COLUMN last_used_at BIGINT;
ALTER TABLE access_keys ADD COLUMN last_used_service TEXT;

-- Credentials of one RAM user for one service. Only a keyed hash of the secret is kept.
CREATE TABLE service_credentials (
    service_credential_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    user_id TEXT NOT NULL REFERENCES users (user_id),
    service_name TEXT NOT NULL,
    name TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    active BOOLEAN NOT NULL,
    expires_at BIGINT,
    created_at BIGINT NOT NULL
);
CREATE INDEX service_credentials_by_user ON service_credentials (account_id, user_id);

-- The recycle bin. What lies in it is in no other table, so nothing can find it by mistake; names may stand there twice.
CREATE TABLE recycled_users (
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
    recycled_at BIGINT NOT NULL
);
CREATE INDEX recycled_users_by_name ON recycled_users (account_id, folded_name);
-- owner_id is empty for root's keys; the owner may lie in the bin too.
CREATE TABLE recycled_access_keys (
    access_key_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    owner_id TEXT NOT NULL,
    sealed_secret TEXT NOT NULL,
    network_policy TEXT,
    created_at BIGINT NOT NULL,
    recycled_at BIGINT NOT NULL
);
CREATE INDEX recycled_access_keys_by_owner ON recycled_access_keys (account_id, owner_id);

-- The last credential report of each account, as CSV.
CREATE TABLE credential_reports (
    account_id TEXT PRIMARY KEY REFERENCES accounts (account_id),
    content TEXT NOT NULL,
    generated_at BIGINT NOT NULL
);
