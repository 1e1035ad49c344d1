-- Who owns a lane: one process at a time sends to a target.
CREATE TABLE lane_leases (
  platform   text PRIMARY KEY,
  owner      text NOT NULL,
  -- Rises at each change of owner.
  fence      bigint NOT NULL,
  expires_at timestamptz NOT NULL
);
