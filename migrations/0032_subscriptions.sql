-- Browsers that want to be told of answers by Web Push, while nobody looks at the page.
CREATE TABLE subscriptions (
    id              TEXT   NOT NULL PRIMARY KEY, -- ULID
    transaction_id  TEXT   NOT NULL REFERENCES transactions (id),
    grant_id        TEXT   NOT NULL,
    session_id      TEXT   NOT NULL,             -- it ends with this session
    user_id         TEXT   NOT NULL,             -- the guest through whom they speak
    endpoint        TEXT   NOT NULL,             -- the address that their push service gave to the browser
    public_key      TEXT   NOT NULL,             -- of the browser: P-256, Base64url
    auth            TEXT   NOT NULL,             -- its authentication secret: 16 bytes, Base64url
    language        TEXT   NOT NULL,
    told_seq        BIGINT NOT NULL,             -- the last entry of the record that it was told of
    due_at          BIGINT,                      -- when to look whether there is something to tell; null: nothing is new
    tries           BIGINT NOT NULL DEFAULT 0,   -- that failed, in a row
    UNIQUE (transaction_id, user_id, endpoint)
);
CREATE INDEX subscriptions_due ON subscriptions (due_at) WHERE due_at IS NOT NULL;
