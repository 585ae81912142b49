-- The mails that are over, oldest first: they are deleted after some time.
CREATE INDEX mails_over ON mails (made_at) WHERE due_at IS NULL;

-- The mails that were given up, for the list of problems.
CREATE INDEX mails_given_up ON mails (made_at) WHERE due_at IS NULL AND sent_at IS NULL AND problem IS NOT NULL;
