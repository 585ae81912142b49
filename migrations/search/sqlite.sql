-- The full text index on SQLite. Safe to run at every start.
CREATE TABLE IF NOT EXISTS search_rows (
    id              INTEGER PRIMARY KEY, -- when it is read, then at random: 2^12 for a millisecond
    transaction_id  TEXT    NOT NULL,
    seq             BIGINT  NOT NULL,
    shop            TEXT    NOT NULL,
    party           TEXT    NOT NULL,
    scope           TEXT    NOT NULL, -- shop, party and transaction as words, to look among few
    words           TEXT    NOT NULL, -- as they are compared, with spaces between them
    UNIQUE (transaction_id, seq)
);
-- For what people said last in a shop, by the millisecond. No other index has this order, so PostgreSQL does not go
-- through the rows of other shops in the hope that there are few.
CREATE INDEX IF NOT EXISTS search_rows_said ON search_rows (shop, (id / 4096))
    WHERE party IN ('buyer', 'seller');
CREATE VIRTUAL TABLE IF NOT EXISTS search USING fts5 (
    scope, words,
    content = 'search_rows', content_rowid = 'id',
    -- Words come folded: nothing is left to be done to them.
    tokenize = 'unicode61 remove_diacritics 0'
);
-- What is erased leaves the index at once.
INSERT INTO search (search, rank) VALUES ('secure-delete', 1);
CREATE TRIGGER IF NOT EXISTS search_rows_in AFTER INSERT ON search_rows BEGIN
    INSERT INTO search (rowid, scope, words) VALUES (new.id, new.scope, new.words);
END;
CREATE TRIGGER IF NOT EXISTS search_rows_out AFTER DELETE ON search_rows BEGIN
    INSERT INTO search (search, rowid, scope, words)
    VALUES ('delete', old.id, old.scope, old.words);
END;
