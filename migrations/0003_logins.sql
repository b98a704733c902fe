-- Signing in with a password. In every table user_id is empty for root, as owner_id is for API keys.

-- What an account chose about signing in; NULL is the default. The alias stands for the account in sign-in names, so
-- it is one account's in the whole installation.
CREATE TABLE account_logins (
    account_id TEXT PRIMARY KEY REFERENCES accounts (account_id),
    alias TEXT UNIQUE,
    password_policy TEXT,
    security_preference TEXT
);

-- Hashes are Argon2id in PHC form, and sealed: a stolen table is nothing to guess passwords against.
CREATE TABLE login_profiles (
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    user_id TEXT NOT NULL,
    sealed_hash TEXT NOT NULL,
    password_reset_required BOOLEAN NOT NULL,
    mfa_bind_required BOOLEAN NOT NULL,
    changed_at BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    last_login_at BIGINT,
    PRIMARY KEY (account_id, user_id)
);
-- Passwords of before, newest revision last. They outlive the login profile, so that deleting it forgets nothing.
CREATE TABLE former_passwords (
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    user_id TEXT NOT NULL,
    revision BIGINT NOT NULL,
    sealed_hash TEXT NOT NULL,
    PRIMARY KEY (account_id, user_id, revision)
);

-- user_id is NULL while a device is bound to nobody. used_step is the time step of the last code that was accepted.
CREATE TABLE mfa_devices (
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    name TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    sealed_seed TEXT NOT NULL,
    created_by TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    user_id TEXT,
    activated_at BIGINT,
    used_step BIGINT NOT NULL,
    PRIMARY KEY (account_id, folded_name),
    UNIQUE (account_id, user_id)
);

-- seen_at is written once a minute, beside the revisions.
CREATE TABLE sessions (
    session_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    user_id TEXT NOT NULL,
    hash TEXT NOT NULL UNIQUE,
    mfa_present BOOLEAN NOT NULL,
    duty TEXT CHECK (duty IN ('changePassword', 'bindMfaDevice')),
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL
);
CREATE INDEX sessions_by_user ON sessions (account_id, user_id, created_at);

-- Attempts within the hour that began with the first of them, by a keyed hash of the name that was tried: what is
-- typed into the field of the name is a password now and then.
CREATE TABLE sign_in_attempts (
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    name_hash TEXT NOT NULL,
    attempts BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, name_hash)
);
CREATE INDEX sign_in_attempts_by_time ON sign_in_attempts (account_id, started_at);
