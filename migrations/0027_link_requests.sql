-- The Matrix users for whom somebody asked on the page for their link. A row stays after it was answered, so that a user
-- does not get a link again at once. The row of a user who is no contact of the transaction is deleted.
CREATE TABLE link_requests (
    transaction_id  TEXT   NOT NULL REFERENCES transactions (id),
    user_id         TEXT   NOT NULL,
    asked_at        BIGINT NOT NULL,
    is_waiting      BIGINT NOT NULL, -- 1 until it is answered
    PRIMARY KEY (transaction_id, user_id)
);
