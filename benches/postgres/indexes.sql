-- Made after the load: keys, indexes that hold all that a question needs, and what the planner knows.
ALTER TABLE document ADD PRIMARY KEY (id);
CREATE UNIQUE INDEX ON document (reference);
ALTER TABLE organization ADD PRIMARY KEY (id);
ALTER TABLE location ADD PRIMARY KEY (id);
ALTER TABLE offer ADD PRIMARY KEY (id);
ALTER TABLE practitioner ADD PRIMARY KEY (id);
ALTER TABLE role ADD PRIMARY KEY (id);
ALTER TABLE anomaly ADD PRIMARY KEY (id);

-- An organization and everything it is part of.
CREATE TABLE ancestor AS
WITH RECURSIVE up (organization, ancestor) AS (
    SELECT id, id FROM organization
    UNION
    SELECT up.organization, o.part_of FROM up JOIN organization o ON o.id = up.ancestor
    WHERE o.part_of IS NOT NULL
)
SELECT organization, ancestor FROM up;
CREATE UNIQUE INDEX ON ancestor (ancestor, organization);
CREATE UNIQUE INDEX ON ancestor (organization, ancestor);

CREATE INDEX ON organization_name USING gin (name gin_trgm_ops);
CREATE INDEX ON organization_type (code, organization);
CREATE INDEX ON price (type, room, amount) INCLUDE (organization);
CREATE INDEX ON price (type, per_day) INCLUDE (organization);
CREATE INDEX ON price (organization);
CREATE INDEX ON location (postal_code) INCLUDE (id);
CREATE INDEX ON location USING gist (position);
CREATE INDEX ON location (last_updated DESC, id);
CREATE INDEX ON capacity (type, status, number) INCLUDE (location);
CREATE INDEX ON capacity (location);
CREATE INDEX ON offer (organization) INCLUDE (id);
CREATE INDEX ON offer (name, id);
CREATE INDEX ON offer USING gin (words) WITH (fastupdate = off);
CREATE INDEX ON offer_type (code, offer);
CREATE INDEX ON offer_type (offer, code);
CREATE INDEX ON offer_specialty (code, offer);
CREATE INDEX ON offer_specialty (offer, code);
CREATE INDEX ON offer_location (offer, location);
CREATE INDEX ON offer_location (location, offer);
CREATE INDEX ON practitioner (gender, id);
CREATE INDEX ON role (practitioner, id);
CREATE INDEX ON role_offer (role, offer);
CREATE INDEX ON role_offer (offer, role);
CREATE INDEX ON anomaly (status, focus);
CREATE INDEX ON word USING gin (word gin_trgm_ops);

-- Where page 99 of all offers by name ends: what a page's link would carry.
CREATE TABLE page_99 AS SELECT name, id FROM offer ORDER BY name, id OFFSET 99 * 50 - 1 LIMIT 1;
