-- What need not be paid because the payments came within the time of a discount for early payment.
ALTER TABLE transactions ADD COLUMN discount TEXT NOT NULL DEFAULT '0'; -- decimal number
