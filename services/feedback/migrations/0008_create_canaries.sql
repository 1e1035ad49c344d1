-- When the newest canary was captured that a target has, so that a restart does not forget how long one has been missed.
CREATE TABLE canaries (
    source text NOT NULL,
    target text NOT NULL,
    captured_at timestamptz NOT NULL,
    PRIMARY KEY (source, target)
);
