-- The place of an entry in the reading order. Its former name, `read_at`, looked like a read receipt.
ALTER TABLE entries RENAME COLUMN read_at TO sort_at;
