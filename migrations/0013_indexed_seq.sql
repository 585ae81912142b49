-- Up to which entry each record is in the full-text index, which is written in the background. Every record that
-- exists is in it, because so far each entry was indexed when it was written.
ALTER TABLE transactions ADD COLUMN indexed_seq BIGINT NOT NULL DEFAULT 0;
UPDATE transactions SET indexed_seq = last_seq;
CREATE INDEX transactions_unindexed ON transactions (shop, id) WHERE indexed_seq < last_seq;
