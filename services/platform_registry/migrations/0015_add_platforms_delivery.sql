-- How deliveries reach a platform without a database, what it takes, and whether it is locked. The two messages as JSON, as the
-- contract prints them; secrets are kept as the place where they lie.
ALTER TABLE platforms
    ADD COLUMN webhook          jsonb,
    ADD COLUMN delivery         jsonb,
    ADD COLUMN lock_reason      text,
    ADD COLUMN lock_time        timestamptz,
    ADD COLUMN lock_expire_time timestamptz;
