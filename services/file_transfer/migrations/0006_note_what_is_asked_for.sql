-- A wait says when its record last asked for its file, contents that are damaged are found by themselves, and a directory
-- that was written into is known again.

-- What no record asks for any more is forgotten: its trouble was discarded, or its sync has other fields by now.
ALTER TABLE waits ADD COLUMN asked_at timestamptz NOT NULL DEFAULT now();

CREATE INDEX files_damaged ON files (sha256) WHERE damaged_at IS NOT NULL;

-- Platforms in whose directories files were put: those have a mark from then on (.cognate-place), or are other ones.
CREATE TABLE written_places (
    platform text PRIMARY KEY
);
