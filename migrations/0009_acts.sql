-- What was done to a record beside what was said in it, each act linked to the one before: see
-- record/acts.rs. Transactions from before have none until they are adopted.
CREATE TABLE acts (
    transaction_id  TEXT   NOT NULL REFERENCES transactions (id),
    number          BIGINT NOT NULL,           -- gapless
    hash            TEXT   NOT NULL,           -- SHA-256 over all but the salt, and the hash before
    at              BIGINT NOT NULL,
    kind            TEXT   NOT NULL,           -- revision, file, expiry, erasure, restore
    subject         TEXT   NOT NULL,           -- revision, source of a file, seq of an entry
    actor           TEXT   NOT NULL,           -- who; empty: Tallyroom itself
    reason          TEXT   NOT NULL,
    adopted         BIGINT NOT NULL,           -- 1: it was found done
    content         TEXT   NOT NULL,           -- SHA-256 over salt and what it is about; or empty
    salt            TEXT,                      -- null: none, or forgotten
    PRIMARY KEY (transaction_id, number)
);
CREATE INDEX acts_of_files ON acts (subject, transaction_id) WHERE kind = 'file' AND salt IS NOT NULL;
ALTER TABLE transactions ADD COLUMN acts BIGINT NOT NULL DEFAULT 0;      -- number of the newest one
ALTER TABLE transactions ADD COLUMN acts_hash TEXT NOT NULL DEFAULT '';  -- of that act
CREATE INDEX transactions_unadopted ON transactions (id) WHERE acts = 0;

-- How often the file was named by an entry, and up to which of these namings acts tell that it is kept.
ALTER TABLE files ADD COLUMN namings BIGINT NOT NULL DEFAULT 1;
ALTER TABLE files ADD COLUMN noted BIGINT NOT NULL DEFAULT 0;
CREATE INDEX files_unnoted ON files (mxc) WHERE state = 'stored' AND noted < namings;

-- A head covers both chains from now on: there may be several for the same entry.
ALTER TABLE heads RENAME TO heads_of_entries;
CREATE TABLE heads (
    transaction_id  TEXT   NOT NULL REFERENCES transactions (id),
    seq             BIGINT NOT NULL,           -- the last entry that it covers
    acts            BIGINT NOT NULL DEFAULT 0, -- the last act that it covers
    signed_at       BIGINT NOT NULL,
    public_key      TEXT   NOT NULL,           -- Ed25519, unpadded base64
    signed          TEXT   NOT NULL,           -- JSON, signed as the Matrix specification says
    PRIMARY KEY (transaction_id, seq, acts)
);
INSERT INTO heads (transaction_id, seq, signed_at, public_key, signed)
    SELECT transaction_id, seq, signed_at, public_key, signed FROM heads_of_entries;
DROP TABLE heads_of_entries;
-- `rooms.head_shown` counts links of both chains from now on; so far there were only entries.

-- Heads on their way to a witness: the newest of each record. One that arrived has no row here.
CREATE TABLE witnessings (
    witness         TEXT   NOT NULL,           -- as in the config
    transaction_id  TEXT   NOT NULL REFERENCES transactions (id),
    signed          TEXT   NOT NULL,           -- JSON
    since           BIGINT NOT NULL,           -- when the oldest head that is on its way was signed
    due_at          BIGINT NOT NULL,
    failures        BIGINT NOT NULL DEFAULT 0, -- in a row
    problem         TEXT,                      -- why it did not arrive, in words
    PRIMARY KEY (witness, transaction_id)
);
CREATE INDEX witnessings_due ON witnessings (witness, due_at);
