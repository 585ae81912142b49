-- The invoice page: who may see it, and what is written on it.

-- Ways into the page of a transaction. Revoking one, or letting it expire, closes it at once.
CREATE TABLE grants (
    id              TEXT   NOT NULL PRIMARY KEY, -- ULID
    transaction_id  TEXT   NOT NULL REFERENCES transactions (id),
    party           TEXT   NOT NULL,             -- buyer, seller
    contact         TEXT,                        -- key of the contact; null: the party as such
    way             TEXT   NOT NULL,             -- link, matrix, shop
    created_at      BIGINT NOT NULL,
    expires_at      BIGINT NOT NULL,
    revoked_at      BIGINT,
    used_at         BIGINT                       -- the last time
);
CREATE INDEX grants_of ON grants (transaction_id, id);

-- Users of ours through whom contacts speak from the page, one for each contact and transaction.
CREATE TABLE guests (
    transaction_id  TEXT   NOT NULL REFERENCES transactions (id),
    user_id         TEXT   NOT NULL,
    party           TEXT   NOT NULL,
    contact         TEXT,                        -- as in grants
    display_name    TEXT   NOT NULL,
    made_at         BIGINT,                      -- when the homeserver had it, name and all
    PRIMARY KEY (transaction_id, user_id)
);

-- What was written on the page, in order of writing, on its way into the room.
CREATE TABLE outgoing (
    transaction_id  TEXT   NOT NULL REFERENCES transactions (id),
    id              TEXT   NOT NULL PRIMARY KEY, -- ULID
    user_id         TEXT   NOT NULL,             -- the guest who says it
    client_id       TEXT   NOT NULL,             -- the page's own id: sent twice, it is one message
    event_type      TEXT   NOT NULL,
    content         TEXT,                        -- JSON; null once the room has it: the record does too
    sha256          TEXT,                        -- of a file in the file store to upload first
    written_at      BIGINT NOT NULL,
    event_id        TEXT,                        -- once the room has it
    problem         TEXT,                        -- why it will not get there
    UNIQUE (transaction_id, user_id, client_id)
);
CREATE INDEX outgoing_waiting ON outgoing (transaction_id, id)
    WHERE event_id IS NULL AND problem IS NULL;
CREATE INDEX outgoing_event ON outgoing (transaction_id, event_id) WHERE event_id IS NOT NULL;

-- How far people have read.
CREATE TABLE receipts (
    transaction_id  TEXT   NOT NULL REFERENCES transactions (id),
    user_id         TEXT   NOT NULL,
    event_id        TEXT   NOT NULL,
    at              BIGINT NOT NULL, -- when they had
    PRIMARY KEY (transaction_id, user_id)
);

-- The lines of a conversation, newest first. Word for word as in the queries.
CREATE INDEX entries_lines ON entries (transaction_id, read_at, event_id)
    WHERE party <> 'bot' AND kind IN ('text', 'notice', 'emote', 'image', 'file', 'audio',
        'voice', 'video', 'location', 'sticker', 'poll_start', 'encrypted', 'unknown', 'malformed');
