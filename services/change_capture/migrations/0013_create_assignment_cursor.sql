-- Up to which revision of assignments the records have been put on their way again.
CREATE TABLE assignment_cursor (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    revision bigint NOT NULL
);
INSERT INTO assignment_cursor (revision) VALUES (0);
