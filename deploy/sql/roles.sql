-- A role for each service, which owns its schema and sees no other: run it once, in the database of Cognate, as its owner or a superuser.
--
--   psql postgresql://postgres@db/cognate -f deploy/sql/roles.sql
--
-- Then give each role a password (\password cognate_feedback) and each service its own address. Run again it changes nothing. Schemas
-- that a common login made before belong to that login still, and so does what is in them (REASSIGN OWNED).
CREATE OR REPLACE FUNCTION pg_temp.service(noun text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'cognate_' || noun) THEN
    EXECUTE format('CREATE ROLE %I LOGIN', 'cognate_' || noun);
  END IF;
  -- PostgreSQL asks for this before it looks whether the schema is there.
  EXECUTE format('GRANT CREATE ON DATABASE %I TO %I', current_database(), 'cognate_' || noun);
  EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I', noun);
  EXECUTE format('ALTER SCHEMA %I OWNER TO %I', noun, 'cognate_' || noun);
END $$;

SELECT pg_temp.service('platform_registry');
SELECT pg_temp.service('change_capture');
SELECT pg_temp.service('delivery');
SELECT pg_temp.service('feedback');
SELECT pg_temp.service('file_transfer');
