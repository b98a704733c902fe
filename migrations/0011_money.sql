-- What calls cost, in micro-units of the account's currency, and how long they took, summed up. What was written before had no
-- price and no time, and counts as none.
ALTER TABLE usage_hours ADD COLUMN cost BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_hours ADD COLUMN duration_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_hours ADD COLUMN answered_calls BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_hours ADD COLUMN first_byte_ms BIGINT NOT NULL DEFAULT 0;
-- What may be spent in a month (UTC). What a level is not about is empty; a key's budget names its workspace, too.
CREATE TABLE budgets (
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    level TEXT NOT NULL CHECK (level IN ('account', 'workspace', 'member', 'key')),
    workspace_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    api_key_id TEXT NOT NULL,
    budget TEXT NOT NULL,
    PRIMARY KEY (account_id, level, workspace_id, user_id, api_key_id)
);
-- The percentages that were reached, once in each month.
CREATE TABLE budget_notices (
    account_id TEXT NOT NULL REFERENCES accounts (account_id),
    level TEXT NOT NULL,
    workspace_id TEXT NOT NULL,
    user_id TEXT NOT NULL,
    api_key_id TEXT NOT NULL,
    month_at BIGINT NOT NULL,
    percent BIGINT NOT NULL,
    noticed_at BIGINT NOT NULL,
    PRIMARY KEY (account_id, level, workspace_id, user_id, api_key_id, month_at, percent)
);
