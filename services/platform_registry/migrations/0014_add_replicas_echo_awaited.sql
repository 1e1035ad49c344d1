-- A delivery has deleted the record, and its platform, which is captured too, has not said so yet: what it still says of the record
-- is said of this entity.
ALTER TABLE replicas ADD COLUMN echo_awaited boolean DEFAULT false NOT NULL;
