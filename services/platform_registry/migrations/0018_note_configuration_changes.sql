-- What has changed of the configuration and when, so that a process that knows an older state reads that alone. Noted by the tables
-- themselves: a program of the version before, which writes beside this one, knows nothing of it. Numbers rise in the order of commits,
-- because each is taken under the lock of the one row of `configuration`. One row for each object that ever changed; what is gone keeps its.
ALTER TABLE configuration ADD COLUMN changes bigint DEFAULT 0 NOT NULL;

CREATE TABLE configuration_changes (
    kind     text COLLATE "C" NOT NULL,
    platform text COLLATE "C" NOT NULL,
    name     text COLLATE "C" NOT NULL,
    change   bigint NOT NULL,
    PRIMARY KEY (kind, platform, name)
);
CREATE INDEX configuration_changes_by_number ON configuration_changes (change);

-- Once for each statement: the row of `configuration` is written once, however many objects are. Models are named with their platform; those of
-- a platform that is deleted go with it, and its own row says so. The ledger names models that the catalogue does not know; they are no part of
-- the configuration. Rows of one name (syncs that are deleted keep theirs) are one object.
CREATE FUNCTION note_configuration_changes() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    of_platforms text[];
    names text[];
    noted bigint;
BEGIN
    IF TG_TABLE_NAME <> 'models' THEN
        SELECT array_agg(''::text), array_agg(o.name) INTO of_platforms, names
        FROM (SELECT DISTINCT c.name FROM changed c) o;
    ELSIF TG_OP = 'UPDATE' THEN
        SELECT array_agg(p.name), array_agg(c.model) INTO of_platforms, names
        FROM changed c JOIN former f USING (model_id) JOIN platforms p ON p.platform_id = c.platform_id
        WHERE c.definition IS NOT NULL OR f.definition IS NOT NULL;
    ELSE
        SELECT array_agg(p.name), array_agg(c.model) INTO of_platforms, names
        FROM changed c JOIN platforms p ON p.platform_id = c.platform_id
        WHERE c.definition IS NOT NULL;
    END IF;
    IF names IS NULL THEN
        RETURN NULL;
    END IF;
    UPDATE configuration SET changes = changes + cardinality(names) RETURNING changes - cardinality(names) INTO noted;
    INSERT INTO configuration_changes AS c (kind, platform, name, change)
    SELECT TG_TABLE_NAME, o.platform, o.name, noted + o.place
    FROM unnest(of_platforms, names) WITH ORDINALITY AS o(platform, name, place)
    ON CONFLICT (kind, platform, name) DO UPDATE SET change = excluded.change;
    RETURN NULL;
END
$$;

CREATE TRIGGER platforms_came AFTER INSERT ON platforms REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_configuration_changes();
CREATE TRIGGER platforms_changed AFTER UPDATE ON platforms REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_configuration_changes();
CREATE TRIGGER platforms_gone AFTER DELETE ON platforms REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_configuration_changes();
CREATE TRIGGER pipelines_came AFTER INSERT ON pipelines REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_configuration_changes();
CREATE TRIGGER pipelines_changed AFTER UPDATE ON pipelines REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_configuration_changes();
CREATE TRIGGER pipelines_gone AFTER DELETE ON pipelines REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_configuration_changes();
CREATE TRIGGER syncs_came AFTER INSERT ON syncs REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_configuration_changes();
CREATE TRIGGER syncs_changed AFTER UPDATE ON syncs REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_configuration_changes();
CREATE TRIGGER syncs_gone AFTER DELETE ON syncs REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_configuration_changes();
CREATE TRIGGER models_came AFTER INSERT ON models REFERENCING NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_configuration_changes();
CREATE TRIGGER models_changed AFTER UPDATE ON models REFERENCING OLD TABLE AS former NEW TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_configuration_changes();
CREATE TRIGGER models_gone AFTER DELETE ON models REFERENCING OLD TABLE AS changed
    FOR EACH STATEMENT EXECUTE FUNCTION note_configuration_changes();

-- Whether any sync names a model is asked with every catalogue that is put, and of replicas that were detached.
CREATE INDEX syncs_by_source_model ON syncs (source_model_id);
CREATE INDEX syncs_by_target_model ON syncs (target_model_id);
