-- What could not be got yet, and what was given up. Nothing of it is deleted, so that an
-- administrator can see it and have it taken up again.

-- A gap stays until its events are in the journal.
ALTER TABLE gaps ADD COLUMN state TEXT NOT NULL DEFAULT 'open'; -- open, given_up
ALTER TABLE gaps ADD COLUMN refusals BIGINT NOT NULL DEFAULT 0; -- how often the homeserver said no
ALTER TABLE gaps ADD COLUMN problem TEXT;                       -- why it was not read, in words
ALTER TABLE gaps ADD COLUMN failing_since BIGINT;               -- null: the last try succeeded
ALTER TABLE gaps ADD COLUMN given_up_at BIGINT;

ALTER TABLE files ADD COLUMN refusals BIGINT NOT NULL DEFAULT 0; -- how often it was refused
ALTER TABLE files ADD COLUMN failing_since BIGINT;
ALTER TABLE files ADD COLUMN given_up_at BIGINT;
-- For the order of fetching; null in rows from before these columns existed.
ALTER TABLE files ADD COLUMN server TEXT;                        -- the homeserver that it is from
ALTER TABLE files ADD COLUMN shop TEXT;                          -- whose record named it first

-- Other homeservers from which files could not be fetched. One that answers has no row here.
CREATE TABLE media_servers (
    name      TEXT   NOT NULL PRIMARY KEY,
    failures  BIGINT NOT NULL,                                   -- in a row
    retry_at  BIGINT NOT NULL                                    -- not before this time
);
