-- What calls cost, in micro-units of the account's currency, and how long they took, summed up. What was written before had no
-- price and no time, and counts as none.
ALTER TABLE usage_hours ADD COLUMN cost BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_hours ADD COLUMN duration_ms BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_hours ADD COLUMN answered_calls BIGINT NOT NULL DEFAULT 0;
ALTER TABLE usage_hours ADD COLUMN first_byte_ms BIGINT NOT NULL DEFAULT 0;
