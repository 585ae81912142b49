-- What was said of a payment in the room. 0: nothing; 1: that it was handed in; 2: that it was taken back. Of payments from
-- before this version nothing more is said.
ALTER TABLE payments ADD COLUMN told BIGINT NOT NULL DEFAULT 0;
UPDATE payments SET told = CASE WHEN taken_back_at IS NULL THEN 1 ELSE 2 END;

-- The order of lists by the last change.
CREATE INDEX transactions_updated ON transactions (shop, updated_at, id);
