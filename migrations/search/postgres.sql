-- The full text index on PostgreSQL. Safe to run at every start.
SELECT pg_advisory_xact_lock(8145714);
CREATE TABLE IF NOT EXISTS search_rows (
    id              BIGINT  NOT NULL PRIMARY KEY, -- when it is read, then at random: 2^12 for a ms
    transaction_id  TEXT    NOT NULL,
    seq             BIGINT  NOT NULL,
    shop            TEXT    NOT NULL,
    party           TEXT    NOT NULL,
    scope           TEXT    NOT NULL, -- of use to the other database only
    words           TEXT    NOT NULL, -- as they are compared, with spaces between them
    vector          TSVECTOR GENERATED ALWAYS AS (to_tsvector('simple'::regconfig, words)) STORED,
    UNIQUE (transaction_id, seq)
);
CREATE INDEX IF NOT EXISTS search_rows_vector ON search_rows USING gin (vector);
-- For what is so common that the newest matches are found faster by going back in time.
CREATE INDEX IF NOT EXISTS search_rows_shop ON search_rows (shop, id);
-- For what people said last in a shop, by the millisecond. No other index has this order, so PostgreSQL does not go
-- through the rows of other shops in the hope that there are few.
CREATE INDEX IF NOT EXISTS search_rows_said ON search_rows (shop, (id / 4096))
    WHERE party IN ('buyer', 'seller');
