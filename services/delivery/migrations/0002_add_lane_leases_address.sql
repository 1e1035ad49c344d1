-- Where the owner's own RPCs are reached by its other replicas; empty where it does not say.
ALTER TABLE lane_leases ADD COLUMN address text NOT NULL DEFAULT '';
