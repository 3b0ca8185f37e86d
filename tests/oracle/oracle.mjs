// Computes the expected results of the acceptance catalogue over the shipped sample by brute force
// and writes tests/scenarios/expected.json. Run after a change of the sample or of the catalogue:
//
//   npm install --no-package-lock && npm start
//
// It asks no server and knows nothing of the product's code; the test suite compares.

import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { crc32 } from 'node:zlib';
import { compiler } from './engine.mjs';
import { communePoints, haversineKm, pointOf } from './geo.mjs';
import {
  Store, canonicalizeExpression, canonicalizer, decompressed, list, sampleFiles,
} from './store.mjs';

/** Both answers are right this close to the edge of a circle. */
const EDGE_KM = 0.1;

const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
const sample = 'index-data/sample';
const inputs = {
  aliases: 'tests/oracle/aliases.json',
  gazetteer: 'shared/assets/geo/gazetteer.tsv.zst',
  scenarios: 'tests/scenarios/scenarios.json',
  vars: 'tests/scenarios/vars.json',
};
const readJson = (path) => JSON.parse(readFileSync(join(root, path), 'utf8'));

const canonical = canonicalizer(readJson(inputs.aliases));
const vars = readJson(inputs.vars);
const store = Store.read(join(root, sample), canonical);
const communes = communePoints(join(root, inputs.gazetteer));
const compile = compiler(store);

/** The offset of Europe/Paris at a local date or date-time, such as `+02:00`. */
function parisOffset(local) {
  const instant = new Date(`${local.length === 10 ? `${local}T00:00` : local}Z`);
  const format = new Intl.DateTimeFormat('en', { timeZone: 'Europe/Paris', timeZoneName: 'longOffset' });
  // An hour earlier: the wall clock read as UTC is one or two hours late.
  const parts = format.formatToParts(new Date(instant.getTime() - 3600_000));
  return parts.find(({ type }) => type === 'timeZoneName').value.replace('GMT', '');
}

function fillIn(expression) {
  const filled = expression.replace(/\{([A-Z][A-Z0-9_]*)\}/g, (whole, name) => {
    if (name === 'TZ') return whole;
    if (vars[name] === undefined) throw new Error(`placeholder ${whole} has no value`);
    return vars[name];
  });
  const zoned = filled.replace(/@(\d{4}-\d\d-\d\d(?:T[\d:]+)?)\{TZ\}/g, (_, at) => `@${at}${parisOffset(at)}`);
  return canonicalizeExpression(zoned, canonical);
}

const holds = (values) => values.length > 0 && !(values.length === 1 && values[0] === false);

function idsWhere(type, expression) {
  const test = compile(fillIn(expression));
  return store.ofType(type).filter((document) => holds(test(document))).map(({ id }) => id);
}

/** The ids of `type` among what an expression over the whole store returns. */
function idsReturned(type, expression) {
  const [, start, rest] = /^(\w+)\.(.*)$/s.exec(expression);
  const values = compile(fillIn(rest.startsWith('where') ? `$this.${rest}` : rest));
  const found = store.ofType(start).flatMap((document) => values(document));
  return [...new Set(found.filter(({ resourceType }) => resourceType === type).map(({ id }) => id))];
}

function idsWithReferrer(type, { type: referrer, via, fhirpath }) {
  const test = compile(fillIn(fhirpath));
  const referrers = store.ofType(referrer).filter((document) => holds(test(document)));
  const targets = referrers.flatMap((document) => list(document[via]).map((r) => store.resolve(r)));
  return [...new Set(targets.filter((t) => t?.resourceType === type).map(({ id }) => id))];
}

function centerOf(center) {
  if (Array.isArray(center)) return center;
  const code = /commune (\w+)/.exec(center)[1];
  return communes.points.get(code) ?? fail(`commune ${code} has no point`);
}

function circle(type, { fhirpath, center, radius_km: radius }) {
  const point = centerOf(center);
  const distance = (document) => {
    const places = type === 'Location' ? [document] : list(document.location).map((r) => store.resolve(r));
    const points = places.filter(Boolean).map((place) => pointOf(place, communes)).filter(Boolean);
    return Math.min(...points.map((other) => haversineKm(point, other)));
  };
  const test = compile(fillIn(fhirpath));
  const result = { center: point, inside: [], edge: [] };
  for (const document of store.ofType(type).filter((d) => holds(test(d)))) {
    const km = distance(document);
    if (Math.abs(km - radius) <= EDGE_KM) result.edge.push(document.id);
    else if (km < radius) result.inside.push(document.id);
  }
  result.inside.sort();
  result.edge.sort();
  return result;
}

function sortKeys(type, { by, order, agg }) {
  const values = compile(fillIn(by));
  const greatest = (agg ?? (order === 'desc' ? 'max' : 'min')) === 'max';
  const keys = {};
  for (const document of store.ofType(type)) {
    const found = values(document).map(String).sort();
    if (found.length) keys[document.id] = found.at(greatest ? -1 : 0);
  }
  return Object.fromEntries(Object.entries(keys).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A set of ids written the shorter way. */
function shorter(type, ids) {
  const found = new Set(ids);
  const all = store.ofType(type).map(({ id }) => id).sort();
  if (found.size * 2 <= all.length) return { ids: [...found].sort() };
  return { all_but: all.filter((id) => !found.has(id)) };
}

function resultsOf(scenario) {
  const type = scenario.path.split('/')[1].split('%')[0];
  const results = {};
  for (const check of scenario.checks) {
    if (check.op === 'match-set-equals') results.matches = shorter(type, idsWhere(type, check.fhirpath));
    if (check.op === 'match-set-equals-ids') {
      results.matches = shorter(type, idsReturned(type, check.fhirpath ?? check.of));
    }
    if (check.op === 'every-match') results.allowed = shorter(type, idsWhere(type, check.fhirpath));
    if (check.op === 'every-match-has-referrer') {
      results.allowed = shorter(type, idsWithReferrer(type, check));
    }
    if (check.op === 'match-set-equals-geo') results.geo = circle(type, check);
    if (check.op === 'sorted' && check.by !== 'search.score') results.sort_keys = sortKeys(type, check);
  }
  return results;
}

function fail(message) {
  throw new Error(message);
}

function digest(bytes) {
  return `crc32:${crc32(bytes).toString(16).padStart(8, '0')}`;
}

const digests = {};
for (const name of sampleFiles(join(root, sample))) {
  digests[`${sample}/${name}`] = digest(decompressed(join(root, sample, name)));
}
for (const path of Object.values(inputs)) digests[path] = digest(readFileSync(join(root, path)));

const entries = {};
for (const scenario of readJson(inputs.scenarios)) {
  if (scenario.method !== 'GET') continue;
  try {
    const results = resultsOf(scenario);
    if (Object.keys(results).length) entries[scenario.id] = results;
    for (const [name, set] of Object.entries(results)) {
      const size = set.ids?.length ?? set.inside?.length ?? (set.all_but ? `all but ${set.all_but.length}` : '');
      if (name !== 'sort_keys') console.error(`${scenario.id} ${name}: ${size}`);
    }
  } catch (error) {
    throw new Error(`${scenario.id}: ${error.message}`, { cause: error });
  }
}
const sorted = Object.fromEntries(Object.entries(digests).sort(([a], [b]) => (a < b ? -1 : 1)));
const lines = Object.entries(entries).map(([id, results]) => `  ${JSON.stringify(id)}: ${JSON.stringify(results)}`);
const text = `{\n "inputs": ${JSON.stringify(sorted, null, 2)},\n "entries": {\n${lines.join(',\n')}\n }\n}\n`;
writeFileSync(join(root, 'tests/scenarios/expected.json'), text);
