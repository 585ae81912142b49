-- Mails that came in as answers. Each is here once, however often it is delivered.
CREATE TABLE arrived_mails (
    id              TEXT   NOT NULL PRIMARY KEY, -- ULID
    transaction_id  TEXT   NOT NULL REFERENCES transactions (id),
    mail_contact_id TEXT   NOT NULL REFERENCES mail_contacts (id),
    digest          TEXT   NOT NULL,             -- SHA-256 of its Message-ID, or else of the mail
    state           TEXT   NOT NULL,             -- said, held, discarded, empty, automatic, bounce
    detail          TEXT,                        -- held: other_address, too_many; bounce: the status code
    sender          TEXT,                        -- held: the address of its author
    user_id         TEXT,                        -- said, held: the guest who says it
    arrived_at      BIGINT NOT NULL,
    UNIQUE (mail_contact_id, digest)
);
CREATE INDEX arrived_mails_of ON arrived_mails (transaction_id, state);
CREATE INDEX arrived_mails_by_time ON arrived_mails (mail_contact_id, arrived_at);
CREATE INDEX arrived_mails_of_guest ON arrived_mails (user_id) WHERE state = 'held';

-- What a mail that is held back would say: its files, and then its text.
CREATE TABLE held_parts (
    mail_id         TEXT   NOT NULL REFERENCES arrived_mails (id),
    place           BIGINT NOT NULL,
    content         TEXT   NOT NULL,             -- content of the event, as in outgoing
    sha256          TEXT,                        -- the file, in the file store
    PRIMARY KEY (mail_id, place)
);
CREATE INDEX held_parts_of_file ON held_parts (sha256) WHERE sha256 IS NOT NULL;
