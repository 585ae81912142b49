-- What happened to the transactions of each shop, in one order. A row is written in the tx that does what it tells of,
-- and holds no words of people: what an event says is put together from the record when it is read.
-- On SQLite, the type of `id` is INTEGER PRIMARY KEY AUTOINCREMENT: see `migrations_for` in src/store/mod.rs.
CREATE TABLE events (
    id              BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, -- the order of the feed; no id is given twice
    shop            TEXT   NOT NULL,
    transaction_id  TEXT   NOT NULL,
    kind            TEXT   NOT NULL, -- such as entry.created: see src/event/kind.rs
    subject         BIGINT,          -- the number of the revision, the seq of the entry, the number of the act
    detail          TEXT,            -- JSON
    at              BIGINT NOT NULL
);
CREATE INDEX events_of_shop ON events (shop, id);
CREATE INDEX events_of_transaction ON events (transaction_id, id);

-- What was told last, so that nothing is told twice: whether the room as a whole has a problem, and whether a person is in
-- the room.
ALTER TABLE rooms ADD COLUMN told_problem BIGINT NOT NULL DEFAULT 0;
ALTER TABLE members ADD COLUMN told_in BIGINT NOT NULL DEFAULT 0;
UPDATE members SET told_in = 1 WHERE membership = 'join';

-- The newest event of each shop that was deleted because it was old. Who has not read it yet has missed something.
CREATE TABLE expired_events (
    shop            TEXT   NOT NULL PRIMARY KEY,
    id              BIGINT NOT NULL
);
