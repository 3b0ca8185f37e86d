// Distances by the haversine formula, and the points communes stand at.

import { decompressed, list } from './store.mjs';

const EARTH_RADIUS_KM = 6371.0088;
const COMMUNE = 'https://interop.esante.gouv.fr/ig/fhir/ror/StructureDefinition/ror-commune-cog';
const ADDRESS_INSEE_CODE = 'http://interopsante.org/fhir/StructureDefinition/FrAddressInseeCode';

/** Great-circle distance in kilometers between two points [latitude, longitude] in degrees. */
export function haversineKm([lat1, lon1], [lat2, lon2]) {
  const rad = (degrees) => (degrees * Math.PI) / 180;
  const half = (angle) => Math.sin(angle / 2) ** 2;
  const a =
    half(rad(lat2 - lat1)) + Math.cos(rad(lat1)) * Math.cos(rad(lat2)) * half(rad(lon2 - lon1));
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(a)));
}

/**
 * Points of the communes by INSEE code, retired ones included, and by postal code where it serves one commune, from
 * the gazetteer (lines `C code name postcodes lat lon population parent`, `F code current name`).
 */
export function communePoints(path) {
  const points = new Map();
  const served = new Map();
  for (const line of decompressed(path).toString('utf8').split('\n')) {
    const [kind, code, second, postcodes, latitude, longitude, , parent] = line.split('\t');
    if (kind === 'F') points.set(code, points.get(second));
    if (kind !== 'C' || !latitude) continue;
    points.set(code, [Number(latitude), Number(longitude)]);
    for (const postcode of postcodes.split('|')) served.set(postcode, [...(served.get(postcode) ?? []), { code, parent }]);
  }
  const byPostalCode = new Map();
  for (const [postcode, communes] of served) {
    // Paris and its districts share postal codes: the district is meant.
    const own = communes.filter(({ code }) => !communes.some(({ parent }) => parent === code));
    if (own.length === 1) byPostalCode.set(postcode, points.get(own[0].code));
  }
  return { points, byPostalCode };
}

/** Where a Location stands: its position, else its commune's point, else undefined. */
export function pointOf(location, { points, byPostalCode }) {
  const { latitude, longitude } = location.position ?? {};
  if (latitude !== undefined && longitude !== undefined) return [latitude, longitude];
  // The commune is an extension of the Location or of its address.
  const extensions = [...list(location.extension), ...list(location.address?.extension)];
  for (const extension of extensions.filter(({ url }) => [COMMUNE, ADDRESS_INSEE_CODE].includes(url))) {
    const codings = [extension.valueCoding, ...list(extension.valueCodeableConcept?.coding)];
    for (const coding of codings.filter(Boolean)) {
      if (points.has(coding.code)) return points.get(coding.code);
    }
  }
  return byPostalCode.get(location.address?.postalCode?.trim().slice(0, 5));
}
