-- How often a delivery was released for this version, so that a platform can say how often is enough (HoldPolicy.max_releases); and how
-- long is too long is each platform's own.
ALTER TABLE troubles ADD COLUMN release_count integer NOT NULL DEFAULT 0;

DROP INDEX troubles_held_since;
CREATE INDEX troubles_held_since ON troubles (platform, held_at) WHERE state = 5 AND NOT replay;
