-- A key whose value was changed with an overlap answers to the value before, too, until then.
ALTER TABLE api_keys ADD COLUMN previous_hash TEXT;
ALTER TABLE api_keys ADD COLUMN previous_ends_at BIGINT;
-- When it was last used. Written in batches, beside the revisions.
ALTER TABLE api_keys ADD COLUMN last_used_at BIGINT;
