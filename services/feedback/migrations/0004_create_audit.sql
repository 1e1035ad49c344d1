-- Who did what: entries are only ever added, and each holds the hash of the one before (docs/audit.md).
CREATE TABLE audit_entries (
    -- Without a gap.
    sequence bigint PRIMARY KEY,
    -- By the clock of the process that wrote it: it may go back from one entry to the next.
    created_at timestamptz NOT NULL,
    -- cognate.v1.AuditPhase
    phase smallint NOT NULL,
    principal text NOT NULL,
    principal_display_name text NOT NULL,
    address text NOT NULL,
    method text NOT NULL,
    target text NOT NULL,
    request_id text NOT NULL,
    code text NOT NULL,
    request text NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    -- What people call a method by; no part of the hash.
    method_name text NOT NULL GENERATED ALWAYS AS (substring(method FROM '[^/]*$')) STORED
);
CREATE INDEX audit_entries_by_principal ON audit_entries (principal, sequence);
CREATE INDEX audit_entries_by_method ON audit_entries (method_name, sequence);
CREATE INDEX audit_entries_by_target ON audit_entries (target, sequence);
CREATE INDEX audit_entries_by_time ON audit_entries (created_at, sequence);

-- The one row whose lock makes appenders take turns, so that the numbers have no gap and the chain no fork.
CREATE TABLE audit_head (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    last_sequence bigint NOT NULL,
    last_hash bytea NOT NULL
) WITH (fillfactor = 10);
INSERT INTO audit_head (last_sequence, last_hash) VALUES (0, decode(repeat('00', 32), 'hex'));

-- Against mistakes. Whoever may drop a trigger is found out by the chain.
CREATE FUNCTION refuse_audit_change() RETURNS trigger
    LANGUAGE plpgsql
    AS $$
BEGIN
    RAISE EXCEPTION 'entries of the audit are only ever added: % of % is refused', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER audit_entries_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
ALTER TABLE audit_entries ENABLE ALWAYS TRIGGER audit_entries_append_only;
CREATE TRIGGER audit_head_stays BEFORE DELETE OR TRUNCATE ON audit_head
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change();
ALTER TABLE audit_head ENABLE ALWAYS TRIGGER audit_head_stays;
