-- The files that the originals of a transaction carry (BT-125), so that a later revision can name one of them by
-- its digest. The files of an original are listed when somebody next searches for a file by its digest.
ALTER TABLE revisions ADD COLUMN files_listed BIGINT NOT NULL DEFAULT 0; -- whether its original is listed
CREATE TABLE attached_files (
    transaction_id  TEXT   NOT NULL REFERENCES transactions (id),
    sha256          TEXT   NOT NULL, -- of the content, in hexadecimal digits
    revision        BIGINT NOT NULL, -- whose original carries the file; the first one that was listed
    PRIMARY KEY (transaction_id, sha256)
);
