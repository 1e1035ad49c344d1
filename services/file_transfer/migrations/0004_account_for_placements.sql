-- How a platform's files stand is kept in sum, each platform's work is found by itself, and waits and agents' answers are remembered.

-- What a platform's placements come to. Kept by the statements that change them: nothing that is done often adds up all rows.
CREATE TABLE placement_totals (
    platform text PRIMARY KEY,
    -- Of those that records lead to; of these, what is in place, and of those on their way their bytes that are.
    file_count bigint NOT NULL,
    file_bytes bigint NOT NULL,
    placed_count bigint NOT NULL,
    placed_bytes bigint NOT NULL,
    -- Of all that are there or are to be there: what the quota counts.
    kept_bytes bigint NOT NULL
) WITH (fillfactor = 50);

CREATE FUNCTION count_placements() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO placement_totals AS t
        SELECT platform, -count(sha256), -COALESCE(sum(size_bytes) FILTER (WHERE sha256 IS NOT NULL), 0),
               -count(sha256) FILTER (WHERE state = 3),
               -COALESCE(sum(CASE state WHEN 3 THEN size_bytes WHEN 2 THEN placed_bytes ELSE 0 END)
                         FILTER (WHERE sha256 IS NOT NULL), 0),
               -COALESCE(sum(size_bytes) FILTER (WHERE state <> 4), 0)
        FROM gone GROUP BY platform ORDER BY platform
        ON CONFLICT (platform) DO UPDATE
        SET file_count = t.file_count + excluded.file_count, file_bytes = t.file_bytes + excluded.file_bytes,
            placed_count = t.placed_count + excluded.placed_count, placed_bytes = t.placed_bytes + excluded.placed_bytes,
            kept_bytes = t.kept_bytes + excluded.kept_bytes;
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO placement_totals AS t
        SELECT platform, count(sha256), COALESCE(sum(size_bytes) FILTER (WHERE sha256 IS NOT NULL), 0),
               count(sha256) FILTER (WHERE state = 3),
               COALESCE(sum(CASE state WHEN 3 THEN size_bytes WHEN 2 THEN placed_bytes ELSE 0 END)
                        FILTER (WHERE sha256 IS NOT NULL), 0),
               COALESCE(sum(size_bytes) FILTER (WHERE state <> 4), 0)
        FROM made GROUP BY platform ORDER BY platform
        ON CONFLICT (platform) DO UPDATE
        SET file_count = t.file_count + excluded.file_count, file_bytes = t.file_bytes + excluded.file_bytes,
            placed_count = t.placed_count + excluded.placed_count, placed_bytes = t.placed_bytes + excluded.placed_bytes,
            kept_bytes = t.kept_bytes + excluded.kept_bytes;
    END IF;
    RETURN NULL;
END
$$;

-- Nothing is there, and nothing will be: what no record leads to and no target has.
DELETE FROM placements WHERE state <> 3 AND sha256 IS NULL;

CREATE TRIGGER placements_made AFTER INSERT ON placements
    REFERENCING NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION count_placements();
CREATE TRIGGER placements_changed AFTER UPDATE ON placements
    REFERENCING OLD TABLE AS gone NEW TABLE AS made FOR EACH STATEMENT EXECUTE FUNCTION count_placements();
CREATE TRIGGER placements_gone AFTER DELETE ON placements
    REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION count_placements();

INSERT INTO placement_totals
SELECT platform, count(sha256), COALESCE(sum(size_bytes) FILTER (WHERE sha256 IS NOT NULL), 0),
       count(sha256) FILTER (WHERE state = 3),
       COALESCE(sum(CASE state WHEN 3 THEN size_bytes WHEN 2 THEN placed_bytes ELSE 0 END)
                FILTER (WHERE sha256 IS NOT NULL), 0),
       COALESCE(sum(size_bytes) FILTER (WHERE state <> 4), 0)
FROM placements GROUP BY platform;

-- Until then its agent does not want to be asked again.
ALTER TABLE placements ADD COLUMN not_before timestamptz;
DROP INDEX placements_missing;
CREATE INDEX placements_missing ON placements (platform, created_at, path) WHERE state = 2 AND sha256 IS NOT NULL;

-- Each platform's own queue: a long one of another is not walked through.
DROP INDEX placements_to_do;
CREATE INDEX placements_to_do ON placements (platform, next_attempt_at) WHERE state = 2 AND next_attempt_at IS NOT NULL;
DROP INDEX reads_due;
CREATE INDEX reads_due ON reads (platform, next_attempt_at);

-- Since when what is waited for is there.
ALTER TABLE waits ADD COLUMN ready_at timestamptz;
CREATE INDEX waits_of_entity ON waits (entity_id);

-- Contents that an agent was asked for and will not send, and why.
CREATE TABLE refused_uploads (
    platform text NOT NULL,
    sha256 bytea NOT NULL,
    reason text NOT NULL,
    message text NOT NULL,
    refused_at timestamptz NOT NULL,
    PRIMARY KEY (platform, sha256)
);
