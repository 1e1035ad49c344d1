-- The target: other table names, other columns, other types, ids of its own that start elsewhere, and some rows of its own.
CREATE TABLE monies (
    money_no   bigint GENERATED ALWAYS AS IDENTITY (START WITH 500) PRIMARY KEY,
    iso_code   varchar(3) NOT NULL UNIQUE,
    iso_number varchar(3),
    label      varchar(80) NOT NULL
);

CREATE TABLE tongues (
    tongue_no bigint GENERATED ALWAYS AS IDENTITY (START WITH 70000) PRIMARY KEY,
    code3     varchar(3) NOT NULL UNIQUE,
    code2     varchar(2),
    title     varchar(100) NOT NULL,
    scope     varchar(1) NOT NULL,
    kind      varchar(1) NOT NULL
);

CREATE TABLE nations (
    nation_no  bigint GENERATED ALWAYS AS IDENTITY (START WITH 10000) PRIMARY KEY,
    iso2       varchar(2) NOT NULL UNIQUE,
    iso3       varchar(3) NOT NULL UNIQUE,
    iso_number integer NOT NULL,
    title      varchar(120) NOT NULL,
    long_title varchar(200),
    "Flag"     varchar(8),
    flag_image varchar(120),
    listed_at  timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE regions (
    region_no bigint GENERATED ALWAYS AS IDENTITY (START WITH 300000) PRIMARY KEY,
    iso_code  varchar(10) NOT NULL UNIQUE,
    title     varchar(120) NOT NULL,
    kind      varchar(60) NOT NULL,
    nation_no bigint NOT NULL REFERENCES nations,
    within_no bigint REFERENCES regions
);

-- The shop's own: never touched by a sync.
INSERT INTO nations (iso2, iso3, iso_number, title) VALUES ('XS', 'XSH', 990, 'The Shop Itself'), ('XW', 'XWA', 991, 'Warehouse');
INSERT INTO regions (iso_code, title, kind, nation_no) SELECT 'XS-1', 'Front Desk', 'Desk', nation_no FROM nations WHERE iso2 = 'XS';
INSERT INTO monies (iso_code, label) VALUES ('PTS', 'Loyalty points');
INSERT INTO tongues (code3, title, scope, kind) VALUES ('qsh', 'Shop talk', 'I', 'C');
