-- One schema for SQLite and PostgreSQL. TEXT, BIGINT and BYTEA mean the same on both through
-- sqlx's Any driver (SQLite keeps whatever bytes it is given in a column of an unknown type).
-- Times are milliseconds since 1970-01-01T00:00:00Z. Yes/no is 1/0.

-- A commercial transaction. What may change lives in its revisions.
CREATE TABLE transactions (
    id           TEXT   NOT NULL PRIMARY KEY, -- ULID
    shop         TEXT   NOT NULL,
    external_id  TEXT   NOT NULL,
    revision     BIGINT NOT NULL,             -- the current one
    last_seq     BIGINT NOT NULL DEFAULT 0,   -- of the newest entry of its record
    last_hash    TEXT   NOT NULL DEFAULT '',  -- of that entry: the head of the record's chain
    sign_due_at  BIGINT,                      -- when to sign the head; null: nothing new to sign
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL,
    UNIQUE (shop, external_id)
);
CREATE INDEX transactions_newest ON transactions (shop, id);
CREATE INDEX transactions_sign_due ON transactions (sign_due_at) WHERE sign_due_at IS NOT NULL;

-- What the shop said about it, every version.
CREATE TABLE revisions (
    transaction_id  TEXT   NOT NULL REFERENCES transactions (id),
    revision        BIGINT NOT NULL,
    content_hash    TEXT   NOT NULL, -- SHA-256 of what was submitted, normalised
    status          TEXT   NOT NULL,
    invoice         TEXT   NOT NULL, -- JSON
    buyer           TEXT   NOT NULL, -- JSON
    seller          TEXT   NOT NULL, -- JSON
    warnings        TEXT   NOT NULL, -- JSON
    redactions      TEXT,            -- honour, retain; null: as the config says
    original_type   TEXT,            -- media type of the file it came in, if it was one
    original        BYTEA,
    created_at      BIGINT NOT NULL,
    PRIMARY KEY (transaction_id, revision)
);

-- Which Matrix user speaks for which party. Former contacts stay, so that what they said is theirs.
CREATE TABLE contacts (
    transaction_id  TEXT   NOT NULL REFERENCES transactions (id),
    user_id         TEXT   NOT NULL,
    party           TEXT   NOT NULL,
    active          BIGINT NOT NULL,
    PRIMARY KEY (transaction_id, user_id)
);

-- The room of a transaction: what is known to be done, and when to look again.
CREATE TABLE rooms (
    transaction_id   TEXT   NOT NULL PRIMARY KEY REFERENCES transactions (id),
    alias_localpart  TEXT   NOT NULL UNIQUE, -- fixed before the first call; not guessable
    room_id          TEXT   UNIQUE,
    room_version     TEXT,
    attempted_at     BIGINT,                 -- first createRoom whose outcome is not known yet
    published        TEXT,                   -- digest of the state events last written
    summary_event    TEXT,
    summary_shown    TEXT,                   -- digest of the summary as last sent or edited
    summary_pinned   TEXT,                   -- digest of the headline when it was last pinned
    head_shown       BIGINT,                 -- seq of the signed head last written to the room
    ready_at         BIGINT,                 -- first time nothing was left to do
    due_at           BIGINT,                 -- when to look next; null: nothing to do
    wakes            BIGINT NOT NULL DEFAULT 0, -- counts every new reason to look
    failures         BIGINT NOT NULL DEFAULT 0, -- in a row
    problem          TEXT,                   -- what stands in the way, in words
    stopped          BIGINT NOT NULL DEFAULT 0, -- 1: only an operator can help
    correlation      TEXT                    -- of the call or push that asked last
);
CREATE INDEX rooms_due ON rooms (due_at);

-- People in (or on their way to) the room of a transaction.
CREATE TABLE members (
    transaction_id  TEXT   NOT NULL REFERENCES transactions (id),
    user_id         TEXT   NOT NULL,
    membership      TEXT,                    -- as in m.room.member; null: not invited yet
    membership_at   BIGINT NOT NULL DEFAULT 0, -- origin_server_ts of the newest member event seen
    display_name    TEXT,
    failures        BIGINT NOT NULL DEFAULT 0,
    retry_at        BIGINT,
    problem         TEXT,                    -- why inviting or removing failed
    gave_up         BIGINT NOT NULL DEFAULT 0,
    PRIMARY KEY (transaction_id, user_id)
);

-- Messages of ours whose sending has begun; looked for before they are ever sent again.
CREATE TABLE sends (
    transaction_id  TEXT   NOT NULL REFERENCES transactions (id),
    send_key        TEXT   NOT NULL,
    send_id         TEXT   NOT NULL UNIQUE,  -- Matrix transaction id and marker in the content
    first_tried_at  BIGINT NOT NULL,
    event_id        TEXT,
    PRIMARY KEY (transaction_id, send_key)
);

-- Raw events as received, once each, in order of receipt per room. Everything else is derived.
CREATE TABLE journal_rooms (
    room_id           TEXT   NOT NULL PRIMARY KEY,
    last_position     BIGINT NOT NULL,
    derived_position  BIGINT NOT NULL
);
CREATE INDEX journal_rooms_underived ON journal_rooms (room_id)
    WHERE derived_position < last_position;
CREATE TABLE journal (
    room_id      TEXT   NOT NULL,
    position     BIGINT NOT NULL,
    event_id     TEXT   NOT NULL,
    source       TEXT   NOT NULL, -- push, sync, backfill
    correlation  TEXT   NOT NULL,
    received_at  BIGINT NOT NULL,
    raw          TEXT,            -- null once erased
    salt         TEXT,            -- hides erased content from guesses at its digest; erased with it
    audited      BIGINT NOT NULL DEFAULT 0, -- the last audit that found it on the homeserver
    absent_since BIGINT,          -- when an audit no longer found it there
    PRIMARY KEY (room_id, position),
    UNIQUE (room_id, event_id)
);

CREATE INDEX journal_newest ON journal (received_at);

-- Stretches of a room's history that a limited sync left out, still to be read backwards.
CREATE TABLE gaps (
    room_id     TEXT   NOT NULL,
    from_token  TEXT   NOT NULL, -- read on from here; empty: from now
    to_token    TEXT   NOT NULL, -- down to here; empty: to the start
    audit       BIGINT NOT NULL DEFAULT 0, -- not 0: the audit that this reading is for
    upto        BIGINT NOT NULL DEFAULT 0, -- the journal's last position when the audit began
    failures    BIGINT NOT NULL DEFAULT 0,
    due_at      BIGINT NOT NULL,
    PRIMARY KEY (room_id, to_token)
);

-- The record: a chain of what is fixed for ever, and what is derived from the raw events.
CREATE TABLE entries (
    transaction_id  TEXT   NOT NULL REFERENCES transactions (id),
    seq             BIGINT NOT NULL,  -- gapless, in order of receipt
    hash            TEXT   NOT NULL,  -- SHA-256 over the fixed part and the hash before it
    content         TEXT   NOT NULL,  -- SHA-256 over salt and raw event
    erased          TEXT,             -- why raw event and derived part are gone: redacted, forgotten
    room_id         TEXT   NOT NULL,
    position        BIGINT NOT NULL,  -- of its raw event in the journal
    event_id        TEXT   NOT NULL,
    event_type      TEXT   NOT NULL,
    kind            TEXT   NOT NULL,
    sender          TEXT   NOT NULL,
    party           TEXT   NOT NULL,  -- buyer, seller, bot, other
    display_name    TEXT,
    sent_at         BIGINT NOT NULL,  -- by the sender's homeserver
    received_at     BIGINT NOT NULL,
    read_at         BIGINT NOT NULL,  -- its place in the reading order
    source          TEXT   NOT NULL,
    text            TEXT,
    html            TEXT,
    relates_to      TEXT,             -- JSON
    target          TEXT,             -- event id in relates_to
    redacted_by     TEXT,             -- event id of the redaction; empty: before it came to us
    attachments     TEXT   NOT NULL,  -- JSON
    membership      TEXT,             -- JSON: who came, went or changed their name by it
    remark          TEXT,
    marker          TEXT,             -- of our own sends
    derivation      BIGINT NOT NULL,  -- version of the derivation that wrote this row
    PRIMARY KEY (transaction_id, seq),
    UNIQUE (room_id, position),
    UNIQUE (transaction_id, event_id)
);
CREATE INDEX entries_reading ON entries (transaction_id, read_at, event_id);
CREATE INDEX entries_sender ON entries (sender);
CREATE INDEX entries_target ON entries (transaction_id, target) WHERE target IS NOT NULL;
CREATE INDEX entries_marker ON entries (transaction_id, marker) WHERE marker IS NOT NULL;

-- Heads of records as signed: what the parties, and whoever holds an export, can compare with.
CREATE TABLE heads (
    transaction_id  TEXT   NOT NULL REFERENCES transactions (id),
    seq             BIGINT NOT NULL,
    signed_at       BIGINT NOT NULL,
    public_key      TEXT   NOT NULL,  -- Ed25519, unpadded base64
    signed          TEXT   NOT NULL,  -- JSON, signed as the Matrix specification says
    PRIMARY KEY (transaction_id, seq)
);

-- Files that messages name, each once, wherever it is named.
CREATE TABLE files (
    mxc         TEXT   NOT NULL PRIMARY KEY,
    state       TEXT   NOT NULL,             -- wanted, stored, refused, missing, expired, erased
    due_at      BIGINT,                      -- when to do something about it; null: nothing to do
    failures    BIGINT NOT NULL DEFAULT 0,   -- in a row
    problem     TEXT,                        -- why it is not here
    sha256      TEXT,                        -- of its bytes: its address in the file store
    size        BIGINT,                      -- bytes
    media_type  TEXT,                        -- as its first bytes say
    stored_at   BIGINT
);
CREATE INDEX files_due ON files (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX files_sha256 ON files (sha256) WHERE sha256 IS NOT NULL;
CREATE TABLE entry_files (
    transaction_id  TEXT   NOT NULL,
    seq             BIGINT NOT NULL,
    mxc             TEXT   NOT NULL REFERENCES files (mxc),
    PRIMARY KEY (transaction_id, seq, mxc)
);
CREATE INDEX entry_files_mxc ON entry_files (mxc);

-- Single facts of this installation: the sync token, uploaded pictures.
CREATE TABLE facts (
    name   TEXT NOT NULL PRIMARY KEY,
    value  TEXT NOT NULL
);
