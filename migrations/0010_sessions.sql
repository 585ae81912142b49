-- Who is signed in on the page, one row for each sign-in. To sign out is to delete the row: whoever
-- holds a copy of the cookie is not let in by it any more.
CREATE TABLE sessions (
    id              TEXT   NOT NULL PRIMARY KEY, -- ULID
    grant_id        TEXT   NOT NULL REFERENCES grants (id),
    expires_at      BIGINT NOT NULL
);
CREATE INDEX sessions_of ON sessions (grant_id, id);
CREATE INDEX sessions_over ON sessions (expires_at);
