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

-- Models are named with their platform; those of a platform that is deleted go with it, and its own row says so.
CREATE FUNCTION note_configuration_change() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
DECLARE
    changed jsonb;
    of_platform text := '';
    noted bigint;
BEGIN
    IF TG_OP = 'DELETE' THEN
        changed := to_jsonb(OLD);
    ELSE
        changed := to_jsonb(NEW);
    END IF;
    IF TG_TABLE_NAME = 'models' THEN
        SELECT p.name INTO of_platform FROM platforms p WHERE p.platform_id = (changed->>'platform_id')::integer;
        IF NOT FOUND THEN
            RETURN NULL;
        END IF;
    END IF;
    UPDATE configuration SET changes = changes + 1 RETURNING changes INTO noted;
    INSERT INTO configuration_changes AS c (kind, platform, name, change)
    VALUES (TG_TABLE_NAME, of_platform, coalesce(changed->>'name', changed->>'model'), noted)
    ON CONFLICT (kind, platform, name) DO UPDATE SET change = excluded.change;
    RETURN NULL;
END
$$;

CREATE TRIGGER platforms_noted AFTER INSERT OR UPDATE OR DELETE ON platforms
    FOR EACH ROW EXECUTE FUNCTION note_configuration_change();
CREATE TRIGGER pipelines_noted AFTER INSERT OR UPDATE OR DELETE ON pipelines
    FOR EACH ROW EXECUTE FUNCTION note_configuration_change();
CREATE TRIGGER syncs_noted AFTER INSERT OR UPDATE OR DELETE ON syncs
    FOR EACH ROW EXECUTE FUNCTION note_configuration_change();
-- The ledger names models that the catalogue does not know; they are no part of the configuration.
CREATE TRIGGER models_noted AFTER INSERT ON models
    FOR EACH ROW WHEN (NEW.definition IS NOT NULL) EXECUTE FUNCTION note_configuration_change();
CREATE TRIGGER models_changed AFTER UPDATE ON models
    FOR EACH ROW WHEN (OLD.definition IS NOT NULL OR NEW.definition IS NOT NULL) EXECUTE FUNCTION note_configuration_change();
CREATE TRIGGER models_gone AFTER DELETE ON models
    FOR EACH ROW WHEN (OLD.definition IS NOT NULL) EXECUTE FUNCTION note_configuration_change();

-- Whether any sync names a model is asked with every catalogue that is put, and of replicas that were detached.
CREATE INDEX syncs_by_source_model ON syncs (source_model_id);
CREATE INDEX syncs_by_target_model ON syncs (target_model_id);
