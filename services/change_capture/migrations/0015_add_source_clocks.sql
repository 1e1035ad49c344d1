-- How far each source's clock is ahead of ours, and which of its times cannot be right. An agent's source has a row for this alone.
ALTER TABLE sources
    -- In microseconds, as measured last; NULL: not measured. Without an error where the way there is not known.
    ADD COLUMN clock_offset_us bigint,
    ADD COLUMN clock_error_us bigint,
    ADD COLUMN out_of_bounds_count bigint NOT NULL DEFAULT 0,
    -- The last of them, in words, and when it was received.
    ADD COLUMN out_of_bounds text NOT NULL DEFAULT '',
    ADD COLUMN out_of_bounds_at timestamptz;
