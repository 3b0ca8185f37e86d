-- The requests of requests.tsv by hand. Each gives rows of the exact total and a document, in the same
-- order and number as the page of the service; words are not ranked, which the service does.

-- name: one place, by id
SELECT 1::bigint, json FROM document WHERE reference = 'Location/loc-7'

-- name: one activity
WITH found AS MATERIALIZED (SELECT offer AS id FROM offer_specialty WHERE code = '096')
SELECT (SELECT count(*) FROM found), json
FROM (SELECT id FROM found ORDER BY id LIMIT 200) page JOIN document USING (id) ORDER BY id

-- name: postal code of the place
WITH found AS MATERIALIZED (
    SELECT DISTINCT ol.offer AS id
    FROM location l JOIN offer_location ol ON ol.location = l.id
    WHERE l.postal_code LIKE '44%')
SELECT (SELECT count(*) FROM found), json
FROM (SELECT id FROM found ORDER BY id LIMIT 200) page JOIN document USING (id) ORDER BY id

-- name: near, by distance
WITH found AS MATERIALIZED (
    SELECT ol.offer AS id, min(ST_Distance(l.position, ST_Point(-1.55, 47.218)::geography, false)) AS distance
    FROM location l JOIN offer_location ol ON ol.location = l.id
    WHERE ST_DWithin(l.position, ST_Point(-1.55, 47.218)::geography, 15000, false)
    GROUP BY ol.offer)
SELECT (SELECT count(*) FROM found), json
FROM (SELECT * FROM found ORDER BY distance, id LIMIT 50) page JOIN document USING (id) ORDER BY distance, id

-- name: activity near a patient
WITH found AS MATERIALIZED (
    SELECT s.offer AS id, min(ST_Distance(l.position, ST_Point(2.35, 48.85)::geography, false)) AS distance
    FROM offer_specialty s JOIN offer_location ol USING (offer) JOIN location l ON l.id = ol.location
    WHERE s.code = '096' AND ST_DWithin(l.position, ST_Point(2.35, 48.85)::geography, 20000, false)
    GROUP BY s.offer)
SELECT (SELECT count(*) FROM found), json
FROM (SELECT * FROM found ORDER BY distance, id LIMIT 200) page JOIN document USING (id) ORDER BY distance, id

-- name: free beds of an activity
WITH found AS MATERIALIZED (
    SELECT DISTINCT s.offer AS id
    FROM offer_specialty s JOIN offer_location ol USING (offer) JOIN capacity c USING (location)
    WHERE s.code = '096' AND c.type = '01' AND c.status = '02' AND c.number > 0)
SELECT (SELECT count(*) FROM found), json
FROM (SELECT id FROM found ORDER BY id LIMIT 50) page JOIN document USING (id) ORDER BY id

-- name: free beds, on one count
WITH found AS MATERIALIZED (
    SELECT DISTINCT location AS id FROM capacity WHERE type = '01' AND status = '02' AND number > 0)
SELECT (SELECT count(*) FROM found), json
FROM (SELECT id FROM found ORDER BY id LIMIT 50) page JOIN document USING (id) ORDER BY id

-- name: tariff on one price
WITH found AS MATERIALIZED (
    SELECT DISTINCT o.id
    FROM price p JOIN ancestor a ON a.ancestor = p.organization JOIN offer o ON o.organization = a.organization
    WHERE p.type = '02' AND p.room = '02' AND p.amount < 60)
SELECT (SELECT count(*) FROM found), json
FROM (SELECT id FROM found ORDER BY id LIMIT 50) page JOIN document USING (id) ORDER BY id

-- name: cheapest first
WITH found AS MATERIALIZED (
    SELECT o.id, min(p.per_day) AS per_day
    FROM price p JOIN ancestor a ON a.ancestor = p.organization JOIN offer o ON o.organization = a.organization
    WHERE p.type = '02' AND p.per_day < 70
    GROUP BY o.id)
SELECT (SELECT count(*) FROM found), json
FROM (SELECT * FROM found ORDER BY per_day, id LIMIT 50) page JOIN document USING (id) ORDER BY per_day, id

-- name: cheapest near a patient
WITH near AS MATERIALIZED (
    SELECT DISTINCT ol.offer AS id
    FROM location l JOIN offer_location ol ON ol.location = l.id
    WHERE ST_DWithin(l.position, ST_Point(2.35, 48.85)::geography, 50000, false)),
found AS MATERIALIZED (
    SELECT o.id, min(p.per_day) AS per_day
    FROM near JOIN offer o USING (id) JOIN ancestor a USING (organization) JOIN price p ON p.organization = a.ancestor
    WHERE p.type = '02' AND p.per_day < 90
    GROUP BY o.id)
SELECT (SELECT count(*) FROM found), json
FROM (SELECT * FROM found ORDER BY per_day, id LIMIT 50) page JOIN document USING (id) ORDER BY per_day, id

-- name: category of any ancestor
WITH found AS MATERIALIZED (
    SELECT DISTINCT o.id
    FROM organization_type t JOIN ancestor a ON a.ancestor = t.organization
    JOIN offer o ON o.organization = a.organization
    WHERE t.code = '500')
SELECT (SELECT count(*) FROM found), json
FROM (SELECT id FROM found ORDER BY id LIMIT 50) page JOIN document USING (id) ORDER BY id

-- name: professional of an offer
WITH found AS MATERIALIZED (
    SELECT DISTINCT ro.offer AS id
    FROM practitioner p JOIN role r ON r.practitioner = p.id JOIN role_offer ro ON ro.role = r.id
    WHERE p.gender = 'female')
SELECT (SELECT count(*) FROM found), json
FROM (SELECT id FROM found ORDER BY id LIMIT 50) page JOIN document USING (id) ORDER BY id

-- name: open anomalies
WITH found AS MATERIALIZED (
    SELECT DISTINCT o.id FROM anomaly a JOIN offer o ON o.id = a.focus WHERE a.status = '02')
SELECT (SELECT count(*) FROM found), json
FROM (SELECT id FROM found ORDER BY id LIMIT 50) page JOIN document USING (id) ORDER BY id

-- name: words
WITH found AS MATERIALIZED (
    SELECT id FROM offer
    WHERE words @@ (SELECT string_agg(quote_literal(word), ' | ')::tsquery FROM word WHERE word LIKE '%cardio%'))
SELECT (SELECT count(*) FROM found), json
FROM (SELECT id FROM found ORDER BY id LIMIT 50) page JOIN document USING (id) ORDER BY id

-- name: words near a patient
WITH found AS MATERIALIZED (
    SELECT DISTINCT o.id
    FROM location l JOIN offer_location ol ON ol.location = l.id JOIN offer o ON o.id = ol.offer
    WHERE ST_DWithin(l.position, ST_Point(2.35, 48.85)::geography, 20000, false)
    AND o.words @@ (SELECT string_agg(quote_literal(word), ' | ')::tsquery FROM word WHERE word LIKE '%cardio%'))
SELECT (SELECT count(*) FROM found), json
FROM (SELECT id FROM found ORDER BY id LIMIT 50) page JOIN document USING (id) ORDER BY id

-- name: filter
WITH found AS MATERIALIZED (
    SELECT DISTINCT s.offer AS id
    FROM offer_specialty s JOIN offer_location ol USING (offer) JOIN location l ON l.id = ol.location
    WHERE s.code IN ('096', '172') AND l.postal_code LIKE '75%')
SELECT (SELECT count(*) FROM found), json
FROM (SELECT id FROM found ORDER BY id LIMIT 50) page JOIN document USING (id) ORDER BY id

-- name: part of a name
WITH found AS MATERIALIZED (
    SELECT DISTINCT organization AS id FROM organization_name WHERE name LIKE '%hospital%')
SELECT (SELECT count(*) FROM found), json
FROM (SELECT id FROM found ORDER BY id LIMIT 50) page JOIN document USING (id) ORDER BY id

-- name: changed since, newest first
SELECT (SELECT count(*) FROM location WHERE last_updated >= '2025-06-01T00:00:00+02:00'), json
FROM (
    SELECT id, last_updated FROM location WHERE last_updated >= '2025-06-01T00:00:00+02:00'
    ORDER BY last_updated DESC, id LIMIT 50) page
JOIN document USING (id) ORDER BY last_updated DESC, id

-- name: all, by name
SELECT (SELECT count(*) FROM offer), json
FROM (SELECT id, name FROM offer ORDER BY name, id LIMIT 50) page JOIN document USING (id) ORDER BY name, id

-- name: all, by name, page 100
SELECT (SELECT count(*) FROM offer), json
FROM page_99, LATERAL (
    SELECT id, name FROM offer WHERE (offer.name, offer.id) > (page_99.name, page_99.id)
    ORDER BY name, id LIMIT 50) page
JOIN document ON document.id = page.id ORDER BY page.name, page.id

-- name: facets around a patient
WITH found AS MATERIALIZED (
    SELECT DISTINCT ol.offer
    FROM location l JOIN offer_location ol ON ol.location = l.id
    WHERE ST_DWithin(l.position, ST_Point(2.35, 48.85)::geography, 20000, false)),
activity AS (
    SELECT code, count(*) AS offers FROM found JOIN offer_specialty USING (offer)
    GROUP BY code ORDER BY offers DESC LIMIT 50),
type AS (
    SELECT code, count(*) AS offers FROM found JOIN offer_type USING (offer)
    GROUP BY code ORDER BY offers DESC LIMIT 50)
SELECT (SELECT count(*) FROM found), json_build_object('facet', 'activity', 'code', code, 'count', offers)::text
FROM activity
UNION ALL
SELECT (SELECT count(*) FROM found), json_build_object('facet', 'type', 'code', code, 'count', offers)::text
FROM type

-- name: facets of the country
WITH activity AS (
    SELECT code, count(*) AS offers FROM offer_specialty GROUP BY code ORDER BY offers DESC LIMIT 50)
SELECT (SELECT count(*) FROM offer), json_build_object('facet', 'activity', 'code', code, 'count', offers)::text
FROM activity

-- name: count only
SELECT count(*), NULL::text FROM offer_type WHERE code = '01'

-- name: offers with all they refer to
WITH found AS MATERIALIZED (SELECT offer AS id FROM offer_specialty WHERE code = '096'),
page AS MATERIALIZED (SELECT id FROM found ORDER BY id LIMIT 200),
roles AS MATERIALIZED (SELECT DISTINCT ro.role AS id FROM page JOIN role_offer ro ON ro.offer = page.id),
answer AS (
    SELECT id FROM page
    UNION ALL SELECT id FROM roles
    UNION ALL SELECT DISTINCT a.ancestor FROM page JOIN offer USING (id) JOIN ancestor a USING (organization)
    UNION ALL SELECT DISTINCT ol.location FROM page JOIN offer_location ol ON ol.offer = page.id
    UNION ALL SELECT DISTINCT r.practitioner FROM roles JOIN role r USING (id))
SELECT (SELECT count(*) FROM found), json FROM answer JOIN document USING (id)
