-- One number counts every change of platforms, models and syncs; its row is also the lock that writers take in turn.
-- Answers to creates are kept, so that a create sent again answers as the first time.
CREATE TABLE configuration (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    revision bigint NOT NULL
);
INSERT INTO configuration (revision) VALUES (1);

CREATE TABLE answers (
    request_id  uuid PRIMARY KEY,
    method      text NOT NULL,
    request     bytea NOT NULL,
    response    bytea NOT NULL,
    create_time timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX answers_by_age ON answers (create_time);
