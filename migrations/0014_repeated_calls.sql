-- The calls of shops that carry an Idempotency-Key, and their answers, for 24 hours.
CREATE TABLE repeated_calls (
    shop          TEXT   NOT NULL,
    call_key      TEXT   NOT NULL, -- as the shop chose it
    number        BIGINT NOT NULL, -- grows with each new key of the shop
    fingerprint   TEXT   NOT NULL, -- SHA-256 of address, media type and body
    id            TEXT   NOT NULL, -- ULID for what the call makes, whichever attempt makes it
    attempt       TEXT   NOT NULL, -- ULID of the attempt that began last
    attempted_at  BIGINT NOT NULL, -- when it began; 0: it ended, and its answer is not kept
    status        BIGINT,          -- of the answer; null: none is kept, and a repeat runs the call again
    headers       TEXT,            -- JSON: pairs of name and value
    body          BYTEA,
    created_at    BIGINT NOT NULL,
    PRIMARY KEY (shop, call_key)
);
CREATE INDEX repeated_calls_oldest ON repeated_calls (created_at);
CREATE INDEX repeated_calls_number ON repeated_calls (shop, number);
