-- The dates of each invoice, so that a list can be filtered by them. Revisions from before have none, and get theirs
-- when somebody first filters by a date.
ALTER TABLE revisions ADD COLUMN issue_date TEXT; -- YYYY-MM-DD; null: not noted yet
ALTER TABLE revisions ADD COLUMN due_date TEXT;   -- YYYY-MM-DD; empty: the invoice has none; null: not noted yet
