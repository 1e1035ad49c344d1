-- Who may call. Of a secret only its SHA-256 is kept; keys stay after they were revoked, so that what they did can be told. And
-- secrets of platforms that are kept sealed; those of a webhook lie sealed in its JSON.
CREATE TABLE keys (
    key_id            text COLLATE "C" PRIMARY KEY,
    secret_hash       bytea NOT NULL,
    role              text NOT NULL,
    platform          text COLLATE "C",
    scopes            text[] NOT NULL,
    display_name      text NOT NULL,
    allowed_addresses text[] NOT NULL,
    max_rate          double precision NOT NULL,
    revision          bigint NOT NULL DEFAULT 1,
    create_time       timestamptz NOT NULL DEFAULT now(),
    expire_time       timestamptz,
    revoke_time       timestamptz,
    last_used_time    timestamptz,
    last_used_address text NOT NULL DEFAULT '',
    -- The key that this one was made for in a rotation, which goes on while both are good.
    replaces          text COLLATE "C" REFERENCES keys,
    confirm_time      timestamptz,
    CHECK ((role = 'ROLE_PLATFORM') = (platform IS NOT NULL))
);
CREATE INDEX keys_by_time ON keys (create_time, key_id);
CREATE INDEX keys_by_platform ON keys (platform) WHERE revoke_time IS NULL;
CREATE INDEX keys_by_replaced ON keys (replaces) WHERE revoke_time IS NULL;

-- One-time tokens with which platforms get their keys.
CREATE TABLE enrolment_tokens (
    token_id          text COLLATE "C" PRIMARY KEY,
    secret_hash       bytea NOT NULL,
    platform          text COLLATE "C" NOT NULL,
    allowed_addresses text[] NOT NULL,
    max_rate          double precision NOT NULL,
    create_time       timestamptz NOT NULL DEFAULT now(),
    expire_time       timestamptz NOT NULL,
    use_time          timestamptz
);
CREATE INDEX enrolment_tokens_by_platform ON enrolment_tokens (platform);
CREATE INDEX enrolment_tokens_by_expire_time ON enrolment_tokens (expire_time);

ALTER TABLE platforms
    ADD COLUMN password_sealed jsonb,
    ADD CHECK (num_nonnulls(password_file, password_environment, password_sealed) <= 1);
