-- Messages that the shop itself writes, by the API. Each is one or several rows: one for each file, and one for the text.
ALTER TABLE outgoing ADD COLUMN message TEXT; -- ULID of the shop's message; null: it is from the page
CREATE INDEX outgoing_message ON outgoing (transaction_id, message) WHERE message IS NOT NULL;
