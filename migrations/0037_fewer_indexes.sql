-- Every entry was written to two more indexes than anything reads. The lines of a conversation are read by `entries_lines`,
-- and what a person wrote is looked for together with what is about them, so no index can help.
DROP INDEX entries_reading;
DROP INDEX entries_sender;
