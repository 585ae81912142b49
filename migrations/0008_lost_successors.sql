-- Rooms that somebody put in the place of a room of ours, and whose words are in no record. A row
-- stays until the bot is let in, or until every contact is in the room where the transaction goes on.
CREATE TABLE lost_successors (
    room_id         TEXT   NOT NULL PRIMARY KEY,
    transaction_id  TEXT   NOT NULL REFERENCES transactions (id),
    since           BIGINT NOT NULL,
    why             TEXT   NOT NULL             -- closed (the bot was not let in), stranger (it does
                                                -- not name our room as its predecessor)
);
CREATE INDEX lost_successors_of ON lost_successors (transaction_id);

-- 0: the room that this one replaced still has to lead people here. 1: it does, or cannot be made to.
ALTER TABLE rooms ADD COLUMN led_on BIGINT NOT NULL DEFAULT 1;
-- How often something that the bot told was removed by others and told again.
ALTER TABLE rooms ADD COLUMN retold BIGINT NOT NULL DEFAULT 0;
-- 1: the shop has asked for the contacts to be invited, and the room has not come to rest since.
ALTER TABLE rooms ADD COLUMN wanted_again BIGINT NOT NULL DEFAULT 0;
-- 1: the bot is a creator of the room that it followed. Null: as `record_rooms.why` says.
ALTER TABLE rooms ADD COLUMN creator BIGINT;
