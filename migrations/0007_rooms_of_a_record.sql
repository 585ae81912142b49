-- Which rooms are ours, which of them belong to which record, and what others do to them.

-- Every room that is or was the room of a transaction. What is said in any of them is recorded.
CREATE TABLE record_rooms (
    room_id         TEXT   NOT NULL PRIMARY KEY,
    transaction_id  TEXT   NOT NULL REFERENCES transactions (id),
    since           BIGINT NOT NULL,
    why             TEXT   NOT NULL,   -- created, upgraded, replaced
    gone_at         BIGINT             -- when the homeserver did not have it any more
);
CREATE INDEX record_rooms_of ON record_rooms (transaction_id);
INSERT INTO record_rooms (room_id, transaction_id, since, why)
    SELECT e.room_id, e.transaction_id, MIN(e.received_at), 'created' FROM entries e
    GROUP BY e.room_id, e.transaction_id;
INSERT INTO record_rooms (room_id, transaction_id, since, why)
    SELECT r.room_id, r.transaction_id, COALESCE(r.ready_at, 0), 'created' FROM rooms r
    WHERE r.room_id IS NOT NULL
    ON CONFLICT (room_id) DO NOTHING;

-- Rooms that are not ours, and who of us has to leave them or to decline the invitation.
CREATE TABLE departures (
    room_id   TEXT   NOT NULL,
    user_id   TEXT   NOT NULL,
    due_at    BIGINT NOT NULL,
    failures  BIGINT NOT NULL DEFAULT 0, -- in a row
    PRIMARY KEY (room_id, user_id)
);
CREATE INDEX departures_due ON departures (due_at);

-- When encryption was seen in the current room: nobody can read it here. Null: it has none.
ALTER TABLE rooms ADD COLUMN encrypted_at BIGINT;
-- When the current room was replaced by a tombstone that is still to be followed. Null: it was not.
ALTER TABLE rooms ADD COLUMN tombstone_at BIGINT;
-- The room that this tombstone names, until it is found to be no successor of ours.
ALTER TABLE rooms ADD COLUMN successor TEXT;
-- Rooms that followed one another without a call of the shop in between.
ALTER TABLE rooms ADD COLUMN upgrades BIGINT NOT NULL DEFAULT 0;
-- The room whose place the next one takes. Null: it takes nobody's place.
ALTER TABLE rooms ADD COLUMN predecessor TEXT;
-- When the homeserver's admin deleted the room with a block. Null: nobody did, or the shop has
-- asked for a new one since.
ALTER TABLE rooms ADD COLUMN blocked_at BIGINT;
-- Times in a row that others changed what is ours, and when they did last.
ALTER TABLE rooms ADD COLUMN repairs BIGINT NOT NULL DEFAULT 0;
ALTER TABLE rooms ADD COLUMN repaired_at BIGINT;

-- Entries that cannot be read, to be counted.
CREATE INDEX entries_encrypted ON entries (transaction_id) WHERE kind = 'encrypted';
