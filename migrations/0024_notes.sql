-- Notes of one side, which the other side never sees. They are no part of the record.
CREATE TABLE notes (
    id              TEXT   NOT NULL PRIMARY KEY, -- ULID
    transaction_id  TEXT   NOT NULL REFERENCES transactions (id),
    position        BIGINT NOT NULL, -- their order within the transaction, from 1
    party           TEXT   NOT NULL, -- whose note it is: buyer, seller
    author          TEXT,            -- the name shown; null once its author is forgotten
    user_id         TEXT,            -- the guest of the author who wrote it on the page; null: the API
    contact         TEXT,            -- the key of that author among the contacts; null: the party as a whole, or the API
    text            TEXT,            -- null once it is removed
    created_at      BIGINT NOT NULL,
    removed_at      BIGINT,
    UNIQUE (transaction_id, position)
);
CREATE INDEX notes_by_user ON notes (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX notes_by_contact ON notes (contact) WHERE contact IS NOT NULL;
