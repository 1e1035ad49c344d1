-- One row a process says that all of its lanes are held: ten thousand leases cost one write a second.
CREATE TABLE lane_owners (
  owner      text PRIMARY KEY,
  -- Where its own RPCs are reached by its other replicas; empty where it does not say.
  address    text NOT NULL,
  expires_at timestamptz NOT NULL
);
-- A lane is held as long as the owner's row is there where `owner_row` is the owner's name, and otherwise
-- until `expires_at`, by which alone processes of the version before go.
ALTER TABLE lane_leases ADD COLUMN owner_row text NOT NULL DEFAULT '';
