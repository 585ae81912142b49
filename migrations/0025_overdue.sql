-- The due date (YYYY-MM-DD) whose end the shop was told of as an event. Null: the invoice was not overdue since. What was
-- overdue before this version is not told; what is due today is told tomorrow. The text that is written sorts between
-- yesterday and today ("2026-11-3" on 2026-11-30), because both databases can make it.
ALTER TABLE rooms ADD COLUMN told_overdue TEXT;
UPDATE rooms SET told_overdue = SUBSTR(CAST(CURRENT_DATE AS TEXT), 1, 9)
    || CASE SUBSTR(CAST(CURRENT_DATE AS TEXT), 10, 1) WHEN '0' THEN ''
       ELSE CAST(CAST(SUBSTR(CAST(CURRENT_DATE AS TEXT), 10, 1) AS BIGINT) - 1 AS TEXT) END;

-- A stopped room is looked at once: from now on it has a due time at the end of the due date of its invoice, too.
UPDATE rooms SET due_at = 0 WHERE due_at IS NULL AND stopped = 1;
