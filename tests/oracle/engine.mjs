// The FHIRPath engine (npm `fhirpath`, R4 model) with `resolve()` over the store and one function
// of ours for what FHIRPath cannot say.

import { createRequire } from 'node:module';
import { list } from './store.mjs';

// One module system for all three: the engine knows its nodes by their class.
const require = createRequire(import.meta.url);
const fhirpath = require('fhirpath');
const r4 = require('fhirpath/fhir-context/r4');
const { ResourceNode } = require('fhirpath/src/types.js');

/** Parts of a price that do not belong to its key: two prices that differ only here replace each other. */
const NOT_IN_PRICE_KEY = ['amount', 'startDate', 'deliveryIncluded', 'othersDeliveryIncluded'];

/** A function that compiles an expression to `document → list of values`. */
export function compiler(store) {
  const userInvocationTable = {
    resolve: {
      internalStructures: true,
      arity: { 0: [] },
      fn(nodes) {
        return nodes
          .map((node) => store.resolve(node.data ?? node))
          .filter(Boolean)
          .map((resource) => ResourceNode.makeResNode(this, resource, null, null, null, null));
      },
    },
    // Of price records, those in force on a day: per key, the latest start date not after the day.
    inForce: {
      internalStructures: true,
      arity: { 1: ['String'] },
      fn(nodes, day) {
        const groups = new Map();
        for (const node of nodes) {
          const start = startOf(node.data);
          if (start.slice(0, day.length) > day) continue;
          const key = priceKey(node.data);
          const group = groups.get(key);
          if (!group || start > group.start) groups.set(key, { start, nodes: [node] });
          else if (start === group.start) group.nodes.push(node);
        }
        return [...groups.values()].flatMap((group) => group.nodes);
      },
    },
  };
  return (expression) => fhirpath.compile(expression, r4, { userInvocationTable });
}

/** A price without start date has always been in force. */
function startOf(price) {
  const part = list(price.extension).find(({ url }) => url === 'startDate');
  return part?.valueDateTime ?? part?.valueDate ?? '';
}

function priceKey(price) {
  const parts = list(price.extension)
    .filter(({ url }) => !NOT_IN_PRICE_KEY.includes(url))
    .map(({ url, ...value }) => {
      const codings = list(value.valueCodeableConcept?.coding);
      const codes = codings.map(({ system, code }) => `${system}|${code}`).sort();
      return `${url}=${codes.length ? codes.join(',') : JSON.stringify(value)}`;
    });
  return parts.sort().join(';');
}
