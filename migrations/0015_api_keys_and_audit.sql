-- The keys that `tallyroom key` made. Those of the config are not in here.
CREATE TABLE api_keys (
    id              TEXT   NOT NULL PRIMARY KEY, -- ULID
    shop            TEXT   NOT NULL,
    -- A name is never given a second time, so that the audit log stays clear.
    name            TEXT   NOT NULL,
    -- SHA-256 of the key, as hexadecimal digits. The key itself is stored nowhere.
    digest          TEXT   NOT NULL,
    scopes          TEXT   NOT NULL,             -- names with commas between them
    created_at      BIGINT NOT NULL,
    used_at         BIGINT,                      -- the last use, to the minute
    revoked_at      BIGINT
);
CREATE UNIQUE INDEX api_keys_by_digest ON api_keys (digest);
CREATE UNIQUE INDEX api_keys_by_name ON api_keys (shop, name);

-- Who read, exported, linked and erased what. Rows are only added, and deleted when they are old.
CREATE TABLE audit_log (
    shop            TEXT   NOT NULL,
    position        BIGINT NOT NULL,             -- gapless within a shop, in the order of the commits
    at              BIGINT NOT NULL,
    way             TEXT   NOT NULL,             -- api or command
    actor           TEXT   NOT NULL,             -- the name of the key, or the user of the system
    action          TEXT   NOT NULL,
    transaction_id  TEXT,
    subject         TEXT,                        -- the id of a link, the name of a key
    address         TEXT,                        -- where the call came from
    request_id      TEXT,
    PRIMARY KEY (shop, position)
);
CREATE INDEX audit_log_of ON audit_log (transaction_id, position);
CREATE INDEX audit_log_by_time ON audit_log (at);

-- The position of the newest row of each shop, whose row a tx locks to add to the log.
CREATE TABLE audit_ends (
    shop            TEXT   NOT NULL PRIMARY KEY,
    position        BIGINT NOT NULL
);
