-- The tests of custom policies: the JSON list that was sent. A policy without tests has no row.

CREATE TABLE policy_tests (
    account_id TEXT NOT NULL,
    folded_name TEXT NOT NULL,
    tests TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, folded_name),
    FOREIGN KEY (account_id, folded_name) REFERENCES policies (account_id, folded_name) ON DELETE CASCADE
);
