-- The role that backups are taken with (cognate backup, the chart's backup.existingSecret): it reads four schemas and writes nothing. Run it
-- when the services have started once, in the database of Cognate, as a superuser, or as the owner of the schemas if that one may make roles:
--
--   psql postgresql://postgres@db/cognate -f deploy/sql/backup.sql
--
-- Then give it a password (\password cognate_backup). Run again it changes nothing, and finds owners that are others by now.
DO $$
DECLARE
  noun text;
  owner name;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cognate_backup') THEN
    CREATE ROLE cognate_backup LOGIN;
  END IF;
  FOREACH noun IN ARRAY ARRAY['platform_registry', 'change_capture', 'feedback', 'file_transfer'] LOOP
    SELECT rolname INTO owner FROM pg_namespace JOIN pg_roles ON pg_roles.oid = nspowner WHERE nspname = noun;
    IF owner IS NULL THEN
      RAISE EXCEPTION 'there is no schema % in the database %: start the services first, or roles.sql', noun, current_database();
    END IF;
    EXECUTE format('GRANT USAGE ON SCHEMA %I TO cognate_backup', noun);
    EXECUTE format('GRANT SELECT ON ALL TABLES IN SCHEMA %I TO cognate_backup', noun);
    -- What later migrations make belongs to whom they log in as: the service's role, or the one login of all.
    EXECUTE format('ALTER DEFAULT PRIVILEGES FOR ROLE %I IN SCHEMA %I GRANT SELECT ON TABLES TO cognate_backup', owner, noun);
  END LOOP;
END $$;
