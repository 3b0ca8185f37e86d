-- The directory in relational form. Documents stand apart from what is searched, so that scans read only
-- what they compare; every resource has one number for life. What an unfinished load left is dropped.
DROP SCHEMA public CASCADE;
CREATE SCHEMA public;
CREATE EXTENSION postgis;
CREATE EXTENSION pg_trgm;

CREATE TABLE document (
    id integer NOT NULL,
    reference text COLLATE "C" NOT NULL,
    json text COMPRESSION lz4 NOT NULL
);
CREATE TABLE organization (id integer NOT NULL, part_of integer);
CREATE TABLE organization_name (organization integer NOT NULL, name text COLLATE "C" NOT NULL);
CREATE TABLE organization_type (organization integer NOT NULL, code text COLLATE "C" NOT NULL);
CREATE TABLE price (
    organization integer NOT NULL,
    type text COLLATE "C",
    room text COLLATE "C",
    amount double precision,
    per_day double precision
);
CREATE TABLE location (
    id integer NOT NULL,
    postal_code text COLLATE "C",
    position geography(Point, 4326),
    last_updated timestamptz NOT NULL
);
CREATE TABLE capacity (
    location integer NOT NULL,
    type text COLLATE "C",
    status text COLLATE "C",
    number integer
);
-- Words are folded (case, accents) and distinct before they come: no dictionary of PostgreSQL is faster.
CREATE TABLE offer (
    id integer NOT NULL,
    organization integer,
    name text COLLATE "C" NOT NULL,
    words tsvector COMPRESSION lz4 NOT NULL
);
CREATE TABLE offer_type (offer integer NOT NULL, code text COLLATE "C" NOT NULL);
CREATE TABLE offer_specialty (offer integer NOT NULL, code text COLLATE "C" NOT NULL);
CREATE TABLE offer_location (offer integer NOT NULL, location integer NOT NULL);
CREATE TABLE practitioner (id integer NOT NULL, gender text COLLATE "C");
CREATE TABLE role (id integer NOT NULL, practitioner integer);
CREATE TABLE role_offer (role integer NOT NULL, offer integer NOT NULL);
CREATE TABLE anomaly (id integer NOT NULL, status text COLLATE "C", focus integer);
CREATE TABLE word (word text COLLATE "C" NOT NULL);
