-- E-mail between a conversation and its contacts without a Matrix account.

-- Whom Tallyroom writes to: a contact of a transaction with an e-mail address and without a Matrix account. A row is made
-- when the first mail to the contact is due.
CREATE TABLE mail_contacts (
    id              TEXT   NOT NULL PRIMARY KEY, -- ULID: in the address for answers and in Message-IDs
    transaction_id  TEXT   NOT NULL REFERENCES transactions (id),
    party           TEXT   NOT NULL,             -- buyer, seller
    contact         TEXT   NOT NULL,             -- key of the contact, as in grants
    address         TEXT   NOT NULL,             -- the e-mail address
    due_at          BIGINT,                      -- when what they have not read is sent; null: nothing waits
    told_seq        BIGINT NOT NULL DEFAULT 0,   -- the last entry of the record that a mail told them of
    answered        TEXT,                        -- Message-ID of the last mail of theirs, for threading
    UNIQUE (transaction_id, party, contact)
);
CREATE INDEX mail_contacts_due ON mail_contacts (due_at) WHERE due_at IS NOT NULL;

-- Mails to contacts, each committed before it is sent for the first time, so that each try sends the same one. What they say
-- is put together from the record when they are sent: no words of people are in here.
CREATE TABLE mails (
    id              TEXT   NOT NULL PRIMARY KEY, -- ULID: in its Message-ID
    mail_contact_id TEXT   NOT NULL REFERENCES mail_contacts (id),
    kind            TEXT   NOT NULL,             -- words, invitation, reminder, link
    from_seq        BIGINT,                      -- of words: the first and the last entry
    to_seq          BIGINT,
    detail          TEXT,                        -- of a reminder: the due date, and the days from there to the reminder
    made_at         BIGINT NOT NULL,
    due_at          BIGINT,                      -- the next try; null: sent or given up
    tries           BIGINT NOT NULL DEFAULT 0,
    sent_at         BIGINT,
    problem         TEXT                         -- of the last try; our words and the code of the server only
);
CREATE INDEX mails_due ON mails (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX mails_of ON mails (mail_contact_id, id);
CREATE UNIQUE INDEX mails_once ON mails (mail_contact_id, detail) WHERE detail IS NOT NULL;

-- The invoices that are due on a day, for reminders.
CREATE INDEX revisions_due ON revisions (due_date, transaction_id);

-- Links that were asked for on the page, by Matrix ID or e-mail address.
CREATE INDEX link_requests_waiting ON link_requests (asked_at) WHERE is_waiting = 1;

-- The addresses that a shop does not write to any more.
CREATE TABLE silenced_addresses (
    shop            TEXT   NOT NULL,
    address         TEXT   NOT NULL,             -- in lower case
    because         TEXT   NOT NULL,             -- asked (they unsubscribed), bounced
    at              BIGINT NOT NULL,
    PRIMARY KEY (shop, address)
);
