-- The language of what the bot writes in the room of a transaction: a tag such as de-AT; null: that of the shop.
ALTER TABLE revisions ADD COLUMN language TEXT;
