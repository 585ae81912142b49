-- The messages to the bot in the rooms of transactions (`!tally …`) that it has not answered yet.
CREATE TABLE room_commands (
    transaction_id  TEXT   NOT NULL REFERENCES transactions (id),
    seq             BIGINT NOT NULL, -- of the entry with the message
    done_at         BIGINT,          -- when it had its effect; it is still to be answered then
    PRIMARY KEY (transaction_id, seq)
);

-- The rooms that the bot has beside those of transactions: one for the admins, and one for each person to whom it
-- writes directly.
CREATE TABLE bot_rooms (
    purpose         TEXT   NOT NULL PRIMARY KEY, -- `admins`, or a Matrix user ID
    alias_localpart TEXT   NOT NULL,
    attempted_at    BIGINT,          -- when a createRoom began whose outcome is unknown
    room_id         TEXT
);
CREATE INDEX bot_rooms_by_room ON bot_rooms (room_id);

-- The messages to the bot in the room of the admins. An answered one stays for a while, so that it is not taken for a
-- new one if it arrives by another way, too.
CREATE TABLE admin_commands (
    event_id        TEXT   NOT NULL PRIMARY KEY,
    sender          TEXT   NOT NULL,
    words           TEXT   NOT NULL,
    sent_at         BIGINT NOT NULL, -- as the homeserver states it, at the latest the time of receipt
    done_at         BIGINT,          -- when it had its effect; it is still to be answered then
    answered_at     BIGINT
);
CREATE INDEX admin_commands_due ON admin_commands (sent_at) WHERE answered_at IS NULL;

-- The problems that were seen, and whether the admins were told of them.
CREATE TABLE seen_problems (
    id              TEXT   NOT NULL PRIMARY KEY, -- a digest of what, transaction and subject
    what            TEXT   NOT NULL,
    transaction_id  TEXT   NOT NULL,
    subject         TEXT   NOT NULL,
    why             TEXT   NOT NULL,
    seen_at         BIGINT NOT NULL,
    told_at         BIGINT,          -- when the admins were told
    gone_at         BIGINT,          -- since when it is not there any more
    message         TEXT             -- the id of the message that is telling this now
);
