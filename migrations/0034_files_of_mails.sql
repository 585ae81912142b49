-- How many bytes the files of an answer by e-mail have, so that nobody can send too many in an hour.
ALTER TABLE arrived_mails ADD COLUMN bytes BIGINT NOT NULL DEFAULT 0;

-- The files of messages that are not in the room yet. Their bytes have to stay in the file store.
CREATE INDEX outgoing_files ON outgoing (sha256) WHERE sha256 IS NOT NULL;
