-- The words that were the status of a transaction so far, each once and one a line, the newest first. A status such as
-- "shipped" does not say whether money is asked for. The last one before it that does is among these.
ALTER TABLE transactions ADD COLUMN statuses TEXT NOT NULL DEFAULT '';
UPDATE transactions SET statuses = COALESCE((SELECT string_agg(words.status, '
') FROM (SELECT status FROM revisions WHERE transaction_id = transactions.id
    GROUP BY status ORDER BY MAX(revision) DESC LIMIT 64) AS words), '');
