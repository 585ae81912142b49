-- What of a room could not be done, one row for each step, and who can be reached.

-- Steps that the homeserver refused. The others of the room go on. A step that succeeds, or that
-- is no longer needed, has no row here.
CREATE TABLE room_problems (
    transaction_id  TEXT   NOT NULL REFERENCES transactions (id),
    step            TEXT   NOT NULL,             -- such as publish_state
    problem         TEXT   NOT NULL,             -- why, in words
    failures        BIGINT NOT NULL,             -- in a row
    since           BIGINT NOT NULL,             -- when it failed for the first time
    retry_at        BIGINT NOT NULL,             -- not before this time
    PRIMARY KEY (transaction_id, step)
);

-- Turns in a row that ended before the room had nothing left to do.
ALTER TABLE rooms ADD COLUMN turns BIGINT NOT NULL DEFAULT 0;
-- How many summaries of this room are gone. Each new one is a send of its own.
ALTER TABLE rooms ADD COLUMN summaries_gone BIGINT NOT NULL DEFAULT 0;
-- The last revision whose changes were told in the room. Nothing is told for the first one, nor
-- for what was changed before this column existed.
ALTER TABLE rooms ADD COLUMN told_revision BIGINT NOT NULL DEFAULT 1;
-- The revision that is being told; null: none, or it is known what became of it.
ALTER TABLE rooms ADD COLUMN telling_revision BIGINT;
UPDATE rooms SET told_revision =
    (SELECT t.revision FROM transactions t WHERE t.id = rooms.transaction_id);

-- Since when the membership is what it is; null: not known.
ALTER TABLE members ADD COLUMN since BIGINT;
-- 1: they left while they were only invited.
ALTER TABLE members ADD COLUMN declined BIGINT NOT NULL DEFAULT 0;
-- Since when their homeserver (ours) has said that there is no such account; null: it has not.
ALTER TABLE members ADD COLUMN missing_since BIGINT;
-- When to ask for their account again; null: never asked.
ALTER TABLE members ADD COLUMN look_at BIGINT;
-- Since when inviting or removing them has failed; null: it has not.
ALTER TABLE members ADD COLUMN failing_since BIGINT;

-- Invitations of users of other homeservers, handed over by their rooms: to be done one at a time
-- for each server. A row stays until it is known what became of it.
CREATE TABLE far_invitations (
    transaction_id  TEXT   NOT NULL REFERENCES transactions (id),
    user_id         TEXT   NOT NULL,
    server          TEXT   NOT NULL,             -- of the user
    since           BIGINT NOT NULL,             -- when it was handed over
    due_at          BIGINT NOT NULL,             -- not before this time
    began_at        BIGINT,                      -- the try in flight; null: there is none
    tried           BIGINT NOT NULL DEFAULT 0,   -- 1: an earlier try may have succeeded
    PRIMARY KEY (transaction_id, user_id)
);
CREATE INDEX far_invitations_server ON far_invitations (server, due_at);

-- Other homeservers that could not be reached, over all rooms. One that answers has no row here.
CREATE TABLE servers (
    name      TEXT   NOT NULL PRIMARY KEY,
    failures  BIGINT NOT NULL,                   -- in a row
    since     BIGINT NOT NULL,
    retry_at  BIGINT NOT NULL,
    problem   TEXT   NOT NULL
);

-- Whose contact somebody is who asks the bot to be let in again.
CREATE INDEX contacts_user ON contacts (user_id);
