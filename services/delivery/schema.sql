CREATE SCHEMA delivery;
CREATE TABLE delivery.lane_leases (
    platform text NOT NULL,
    owner text NOT NULL,
    fence bigint NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    address text DEFAULT ''::text NOT NULL,
    owner_row text DEFAULT ''::text NOT NULL
);
CREATE TABLE delivery.lane_owners (
    owner text NOT NULL,
    address text NOT NULL,
    expires_at timestamp with time zone NOT NULL
);
ALTER TABLE ONLY delivery.lane_leases
    ADD CONSTRAINT lane_leases_pkey PRIMARY KEY (platform);
ALTER TABLE ONLY delivery.lane_owners
    ADD CONSTRAINT lane_owners_pkey PRIMARY KEY (owner);
