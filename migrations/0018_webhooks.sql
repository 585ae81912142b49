-- Where shops want to be told of events. Those of the config are in here, too.
CREATE TABLE webhooks (
    id              TEXT   NOT NULL PRIMARY KEY, -- ULID
    shop            TEXT   NOT NULL,
    url             TEXT   NOT NULL,
    types           TEXT   NOT NULL,             -- names with commas between them; empty: all
    secrets         TEXT   NOT NULL,             -- JSON, newest first: [{"id", "secret", "until"}]
    in_config       BIGINT NOT NULL,
    after_event     BIGINT NOT NULL,             -- it gets only events after this one
    created_at      BIGINT NOT NULL,
    off_since       BIGINT,                      -- null: it is on
    off_because     TEXT,                        -- asked: by the shop; gone: it answered 410
    failures        BIGINT NOT NULL DEFAULT 0,   -- tries in a row that failed, of all its deliveries
    paused_until    BIGINT NOT NULL DEFAULT 0,   -- as its Retry-After asked
    deleted_at      BIGINT                       -- its deliveries are deleted in the background, then this row
);
CREATE INDEX webhooks_of_shop ON webhooks (shop, id);

-- What is sent to each of them: one row for each event.
CREATE TABLE webhook_deliveries (
    webhook_id      TEXT   NOT NULL,
    event_id        BIGINT NOT NULL,
    transaction_id  TEXT   NOT NULL,
    kind            TEXT   NOT NULL,             -- the type of the event
    state           BIGINT NOT NULL DEFAULT 0,   -- 0: waiting; 1: delivered; 2: dead
    since           BIGINT NOT NULL,             -- when it began to wait
    tries           BIGINT NOT NULL DEFAULT 0,   -- since then
    tried_at        BIGINT,
    status          BIGINT,                      -- of the last answer; null: there was none
    took_ms         BIGINT,
    problem         TEXT,                        -- of the last try; our words, nothing of the receiver
    PRIMARY KEY (webhook_id, event_id)
);
CREATE INDEX webhook_deliveries_waiting ON webhook_deliveries (webhook_id, transaction_id, event_id)
    WHERE state = 0;
CREATE INDEX webhook_deliveries_by_state ON webhook_deliveries (webhook_id, state, event_id);
CREATE INDEX webhook_deliveries_over ON webhook_deliveries (since) WHERE state <> 0;

-- A row for each webhook and transaction with deliveries that wait. The one with the smallest event_id is next.
CREATE TABLE webhook_queues (
    webhook_id      TEXT   NOT NULL,
    transaction_id  TEXT   NOT NULL,
    due_at          BIGINT NOT NULL,
    PRIMARY KEY (webhook_id, transaction_id)
);
CREATE INDEX webhook_queues_due ON webhook_queues (webhook_id, due_at);
