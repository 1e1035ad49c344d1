-- Who has which content, how far uploads are hashed, and which process does what all of them could do.

-- Platforms that have shown that they have a content: they sent all bytes of it, the service read it in their directory, or put it there.
-- Knowing the hash of a content, or of a part of it, is no right to it.
CREATE TABLE possessions (
    platform text NOT NULL,
    file_id bigint NOT NULL REFERENCES files ON DELETE CASCADE,
    -- It was sent, and no record that leads to it has been seen since.
    is_unbound boolean NOT NULL,
    PRIMARY KEY (platform, file_id)
);
CREATE INDEX possessions_of_file ON possessions (file_id);
CREATE INDEX possessions_unbound ON possessions (platform) WHERE is_unbound;

INSERT INTO possessions (platform, file_id, is_unbound)
SELECT known.platform, f.file_id, false
FROM (SELECT platform, sha256 FROM seen_files
      UNION
      -- 3: PLACED
      SELECT platform, sha256 FROM placements WHERE state = 3 AND sha256 IS NOT NULL
      UNION
      SELECT platform, sha256 FROM bindings WHERE sha256 IS NOT NULL
      UNION
      SELECT platform, file_sha256 FROM uploads WHERE file_sha256 IS NOT NULL) known
JOIN files f ON f.sha256 = known.sha256;

-- The SHA-256 of the committed bytes as far as it is, so that nobody reads them again. NULL: they are read.
ALTER TABLE uploads ADD COLUMN hash_state bytea;

-- Until when a process cuts it into chunks.
ALTER TABLE files ADD COLUMN cut_until timestamptz;

-- What one of the processes does for all of them, and when it is due again.
CREATE TABLE chores (
    name text PRIMARY KEY,
    due_at timestamptz NOT NULL
);
