-- The payments that shops handed in. They reduce what is due.
CREATE TABLE payments (
    id              TEXT   NOT NULL PRIMARY KEY, -- ULID
    transaction_id  TEXT   NOT NULL REFERENCES transactions (id),
    amount          TEXT   NOT NULL,             -- decimal number, in the currency of the invoice at that time
    currency        TEXT   NOT NULL,             -- ISO 4217
    paid_on         TEXT   NOT NULL,             -- YYYY-MM-DD
    reference       TEXT,
    created_at      BIGINT NOT NULL,
    taken_back_at   BIGINT                       -- null: it counts
);
CREATE INDEX payments_of ON payments (transaction_id, id);

-- The sum of the payments that count, so that a transaction is read without them.
ALTER TABLE transactions ADD COLUMN paid TEXT NOT NULL DEFAULT '0'; -- decimal number
-- How often a payment was handed in or taken back.
ALTER TABLE transactions ADD COLUMN payment_changes BIGINT NOT NULL DEFAULT 0;

-- Each room is looked at once: from now on it has a due time at the end of the due date of its invoice.
UPDATE rooms SET due_at = 0 WHERE due_at IS NULL AND stopped = 0;
