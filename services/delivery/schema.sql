CREATE SCHEMA delivery;
CREATE TABLE delivery.lane_leases (
    platform text NOT NULL,
    owner text NOT NULL,
    fence bigint NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    address text DEFAULT ''::text NOT NULL
);
ALTER TABLE ONLY delivery.lane_leases
    ADD CONSTRAINT lane_leases_pkey PRIMARY KEY (platform);
