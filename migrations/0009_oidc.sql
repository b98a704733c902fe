-- OIDC providers: issuers of tokens whose subjects may take the roles that trust the provider.
CREATE TABLE oidc_providers (
    provider_id TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    name TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    issuer_url TEXT NOT NULL,
    -- JSON arrays of texts.
    client_ids TEXT NOT NULL,
    fingerprints TEXT NOT NULL,
    description TEXT NOT NULL,
    -- Hours.
    issuance_limit_time BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE (account_id, folded_name),
    UNIQUE (account_id, issuer_url)
);
