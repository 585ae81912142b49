-- The due date (YYYY-MM-DD) whose end the shop was told of as an event. Null: the invoice was not overdue since. What was
-- overdue before this version is not told.
ALTER TABLE rooms ADD COLUMN told_overdue TEXT;
UPDATE rooms SET told_overdue = CAST(CURRENT_DATE AS TEXT);

-- A stopped room is looked at once: from now on it has a due time at the end of the due date of its invoice, too.
UPDATE rooms SET due_at = 0 WHERE due_at IS NULL AND stopped = 1;
