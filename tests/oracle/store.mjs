// The sample in memory: documents with canonical code systems, and references resolved the naive
// way (reading rule T8: a reference of only type and identifier leads to its one bearer).
// Deliberately no search, no index of values: the oracle looks at every document.

import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { decompress } from 'fzstd';

const NOS = 'https://mos.esante.gouv.fr/NOS/';

/** The decompressed bytes of a .zst file. */
export function decompressed(path) {
  return Buffer.from(decompress(readFileSync(path)));
}

/** The function from any spelling of a code system to its canonical URL. */
export function canonicalizer(aliases) {
  return (url) => {
    const direct = aliases.urls[url] ?? aliases.urls[url.replace(/\/$/, '')];
    if (direct) return direct;
    if (!url.startsWith(NOS)) return url;
    let name = url.slice(NOS.length).split('/')[0];
    name = aliases.names[name] ?? name;
    const canonical = `${NOS}${name}/FHIR/${name.replace('_', '-')}`;
    return aliases.urls[canonical] ?? canonical;
  };
}

/** Replaces the value of every `system` in a document, in place. */
export function canonicalizeDocument(value, canonical) {
  if (Array.isArray(value)) {
    for (const item of value) canonicalizeDocument(item, canonical);
  } else if (value !== null && typeof value === 'object') {
    for (const [name, field] of Object.entries(value)) {
      if (name === 'system' && typeof field === 'string') value[name] = canonical(field);
      else canonicalizeDocument(field, canonical);
    }
  }
  return value;
}

/** Replaces every quoted code system in an expression. */
export function canonicalizeExpression(expression, canonical) {
  return expression.replace(/system\s*=\s*'([^']*)'/g, (_, url) => `system='${canonical(url)}'`);
}

/** All documents by `Type/id`, with reference resolution. */
export class Store {
  constructor(documents) {
    this.byKey = new Map();
    for (const document of documents) {
      this.byKey.set(`${document.resourceType}/${document.id}`, document);
    }
    this.byType = new Map();
    this.byIdentifier = new Map();
    this.byUrl = new Map();
    for (const document of this.byKey.values()) {
      push(this.byType, document.resourceType, document);
      for (const identifier of list(document.identifier)) {
        push(this.byIdentifier, `${document.resourceType} ${identifier.value}`, { document, identifier });
      }
      if (document.url) this.byUrl.set(document.url, document);
    }
  }

  static read(folder, canonical) {
    const documents = [];
    for (const name of sampleFiles(folder)) {
      for (const line of decompressed(join(folder, name)).toString('utf8').split('\n')) {
        if (line.trim()) documents.push(canonicalizeDocument(JSON.parse(line), canonical));
      }
    }
    return new Store(documents);
  }

  ofType(type) {
    return this.byType.get(type) ?? [];
  }

  /** The resource a Reference (object) or canonical (string) leads to, or undefined. */
  resolve(reference) {
    if (typeof reference === 'string') {
      return this.byUrl.get(reference.split('|')[0]) ?? this.literal(reference);
    }
    if (reference?.reference) return this.literal(reference.reference);
    const { type, identifier } = reference ?? {};
    if (!type || !identifier?.value) return undefined;
    const bearers = new Set(
      list(this.byIdentifier.get(`${type} ${identifier.value}`))
        .filter((bearer) => !identifier.system || bearer.identifier.system === identifier.system)
        .map((bearer) => bearer.document),
    );
    return bearers.size === 1 ? [...bearers][0] : undefined;
  }

  literal(reference) {
    return this.byKey.get(reference.split('/_history/')[0].split('/').slice(-2).join('/'));
  }
}

/** Names of the sample's files, sorted. */
export function sampleFiles(folder) {
  return readdirSync(folder).filter((name) => name.endsWith('.ndjson.zst')).sort();
}

/** A value as a list. */
export function list(value) {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function push(map, key, value) {
  if (!map.has(key)) map.set(key, []);
  map.get(key).push(value);
}
