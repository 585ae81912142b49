-- The messages to the bot in the rooms of transactions (`!tally …`) that it has not answered yet.
CREATE TABLE room_commands (
    transaction_id  TEXT   NOT NULL REFERENCES transactions (id),
    seq             BIGINT NOT NULL, -- of the entry with the message
    PRIMARY KEY (transaction_id, seq)
);

-- The rooms in which the bot writes to one person each.
CREATE TABLE direct_rooms (
    user_id         TEXT   NOT NULL PRIMARY KEY,
    alias_localpart TEXT   NOT NULL,
    attempted_at    BIGINT,          -- when a createRoom began whose outcome is unknown
    room_id         TEXT
);
CREATE INDEX direct_rooms_by_room ON direct_rooms (room_id);
