-- A delivery has deleted the record, and its platform, which is captured too, has not said so yet: what it still says of the record
-- is said of this entity.
ALTER TABLE replicas ADD COLUMN echo_awaited boolean DEFAULT false NOT NULL;
-- Few rows, and no column of it changes with a plan: those stay in place (0008).
CREATE INDEX replicas_echo_awaited ON replicas (entity_id) WHERE echo_awaited;
