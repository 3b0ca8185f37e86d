// Tests of the oracle itself on a handful of documents (`npm test`).

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { compiler } from './engine.mjs';
import { haversineKm, pointOf } from './geo.mjs';
import { Store, canonicalizeDocument, canonicalizeExpression, canonicalizer } from './store.mjs';

const aliases = JSON.parse(readFileSync(new URL('aliases.json', import.meta.url), 'utf8'));
const canonical = canonicalizer(aliases);
const price = (start, amount, type) => ({
  url: 'price',
  extension: [
    { url: 'priceType', valueCodeableConcept: { coding: [{ system: 's', code: type }] } },
    { url: 'amount', valueMoney: { value: amount, currency: 'EUR' } },
    ...(start ? [{ url: 'startDate', valueDateTime: start }] : []),
  ],
});
const store = new Store([
  {
    resourceType: 'HealthcareService', id: 'h', providedBy: { reference: 'Organization/child' },
    meta: { lastUpdated: '2024-05-01T10:00:00+02:00' },
    extension: [{ url: 'age', valueRange: { low: { value: 6, code: 'mo' }, high: { value: 99, code: 'a' } } }],
  },
  { resourceType: 'Organization', id: 'child', partOf: { type: 'Organization', identifier: { value: 'top' } } },
  {
    resourceType: 'Organization', id: 'parent', identifier: [{ value: 'top' }],
    extension: [price('2023-01-01', 50, '02'), price('2024-01-01', 70, '02'), price(null, 10, '03')],
  },
  { resourceType: 'Task', id: 't', focus: { type: 'HealthcareService', reference: 'HealthcareService/h' } },
]);
const compile = compiler(store);
const offer = store.byKey.get('HealthcareService/h');

test('expressions of the catalogue', () => {
  const chain = '(providedBy.resolve() | providedBy.resolve().repeat(partOf.resolve()))';
  const rows = [
    [`${chain}.where(identifier.where(value='top').exists()).exists()`, true],
    [`${chain}.count() = 2`, true],
    ['providedBy.resolve().id', 'child'],
    ['meta.lastUpdated >= @2024-05-01T10:00:00+02:00', true],
    ['meta.lastUpdated >= @2024-05-01T10:00:00+01:00', false],
    ["extension.where(url='age').value.where(low.value <= 35 and high.value >= 35).exists()", true],
    ["extension.where(url='age').value.low.where(code='mo' and value <= 420).exists()", true],
    [`${chain}.extension.where(url='price').where(extension.where(url='amount').where(value.value < 60).exists()).count()`, 2],
    [`${chain}.extension.where(url='price').inForce('2024-06-01').extension.where(url='amount').value.value.sum()`, 80],
    [`${chain}.extension.where(url='price').inForce('2023-06-01').extension.where(url='amount').value.value.sum()`, 60],
    [`${chain}.extension.where(url='price').extension.where(url='priceType').value.coding.where(system='s' and code='03').exists()`, true],
  ];
  for (const [expression, expected] of rows) {
    assert.deepEqual(compile(expression)(offer), [expected], expression);
  }
  const task = store.byKey.get('Task/t');
  assert.deepEqual(compile('focus.resolve().where($this is HealthcareService).id')(task), ['h']);
  assert.deepEqual(compile('focus.resolve().where($this is Organization).id')(task), []);
});

test('spellings of code systems', () => {
  const nos = 'https://mos.esante.gouv.fr/NOS';
  const rows = [
    [`${nos}/TRE_R66-X/FHIR/TRE_R66-X`, `${nos}/TRE_R66-X/FHIR/TRE-R66-X`],
    [`${nos}/TRE_R13-Commune/FHIR/TRE-R13-Commune`, `${nos}/TRE_R13-CommuneOM/FHIR/TRE-R13-CommuneOM`],
    [nos, `${nos}/TRE_R244-CategorieOrganisation/FHIR/TRE-R244-CategorieOrganisation`],
    ['https://unitsofmeasure.org', 'http://unitsofmeasure.org'],
    [`${nos}/TRE_R247-UcumUniteMesure/FHIR/TRE-R247-UcumUniteMesure`, 'http://unitsofmeasure.org'],
    ['urn:other', 'urn:other'],
  ];
  for (const [variant, expected] of rows) {
    assert.equal(canonical(variant), expected);
    assert.deepEqual(canonicalizeDocument({ a: [{ system: variant }] }, canonical), { a: [{ system: expected }] });
    assert.equal(canonicalizeExpression(`where(system='${variant}')`, canonical), `where(system='${expected}')`);
  }
});

test('distances and points', () => {
  assert.ok(Math.abs(haversineKm([0, 0], [90, 0]) - (Math.PI / 2) * 6371.0088) < 1e-6);
  const communes = { points: new Map([['44162', [47.2, -1.65]]]), byPostalCode: new Map([['44800', [47.2, -1.65]]]) };
  const commune = {
    url: 'https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/ror-commune-cog',
    valueCodeableConcept: { coding: [{ code: '44162' }] },
  };
  assert.deepEqual(pointOf({ extension: [commune] }, communes), [47.2, -1.65]);
  assert.deepEqual(pointOf({ position: { latitude: 1, longitude: 2 }, extension: [commune] }, communes), [1, 2]);
  assert.deepEqual(pointOf({ address: { postalCode: '44800' } }, communes), [47.2, -1.65]);
  assert.equal(pointOf({ address: { postalCode: '01400' } }, communes), undefined);
  assert.equal(pointOf({}, communes), undefined);
});
