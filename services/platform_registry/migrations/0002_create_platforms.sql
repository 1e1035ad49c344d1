-- Platforms. `name` is the id without `platforms/`; secrets are kept as the place where they lie, never themselves.
CREATE TABLE platforms (
    platform_id          integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name                 text COLLATE "C" NOT NULL UNIQUE,
    display_name         text NOT NULL,
    kind                 text NOT NULL,
    channel              text NOT NULL,
    capture_mode         text NOT NULL,
    database_uri         text,
    password_file        text,
    password_environment text,
    revision             bigint NOT NULL,
    create_time          timestamptz NOT NULL DEFAULT now(),
    update_time          timestamptz NOT NULL DEFAULT now(),
    CHECK (password_file IS NULL OR password_environment IS NULL)
);
