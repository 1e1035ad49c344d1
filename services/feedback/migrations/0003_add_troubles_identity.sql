-- In whose name it was to be written, what was to be done, and since when it is held: so that what is held can be shown, released and
-- given up by identity.
ALTER TABLE troubles ADD COLUMN acting_identity text NOT NULL DEFAULT '';
-- cognate.v1.Operation; 0 where it is not known.
ALTER TABLE troubles ADD COLUMN operation smallint NOT NULL DEFAULT 0;
-- When the target first refused the login for this version. Kept when that made it DEAD; NULL otherwise.
ALTER TABLE troubles ADD COLUMN held_at timestamptz;
UPDATE troubles SET held_at = updated_at WHERE state = 5;

DROP INDEX troubles_held;
CREATE INDEX troubles_held ON troubles (platform, acting_identity) WHERE state = 5 AND NOT replay;
CREATE INDEX troubles_held_since ON troubles (held_at) WHERE state = 5 AND NOT replay;
