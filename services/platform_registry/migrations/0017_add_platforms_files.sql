-- Where a platform keeps its files: the message as JSON, as the contract prints it.
ALTER TABLE platforms ADD COLUMN files jsonb;
