-- The full text index on PostgreSQL. Safe to run at every start.
SELECT pg_advisory_xact_lock(8145714);
CREATE TABLE IF NOT EXISTS search_rows (
    id              BIGINT  GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    transaction_id  TEXT    NOT NULL,
    seq             BIGINT  NOT NULL,
    shop            TEXT    NOT NULL,
    party           TEXT    NOT NULL,
    read_at         BIGINT  NOT NULL,
    scope           TEXT    NOT NULL, -- of use to the other database only
    words           TEXT    NOT NULL, -- as they are compared, with spaces between them
    vector          TSVECTOR GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, words)) STORED,
    UNIQUE (transaction_id, seq)
);
CREATE INDEX IF NOT EXISTS search_rows_vector ON search_rows USING gin (vector);
-- For what is so common that the newest matches are found faster by going back in time.
CREATE INDEX IF NOT EXISTS search_rows_shop ON search_rows (shop, id);
