-- What a change of a sync's rules would take away is counted before it goes, and held where it is too much: how that stands, and what
-- the sync was before. No part of what somebody wrote, as `broken`.
ALTER TABLE syncs
    ADD COLUMN guard_state integer DEFAULT 0 NOT NULL,
    ADD COLUMN guard_leaving_count bigint DEFAULT 0 NOT NULL,
    ADD COLUMN guard_record_count bigint DEFAULT 0 NOT NULL,
    ADD COLUMN guard_time timestamptz,
    ADD COLUMN guarded_definition jsonb;
