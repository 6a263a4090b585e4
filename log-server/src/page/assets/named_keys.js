// The keys that a log names for itself.

import { fromBase64 } from "./encoding.js";
import { ofSpki, readVerifierKey } from "./key.js";

/** @typedef {import("./key.js").Key} Key */

/**
 * The keys that the log names for a tree. What cannot be read is left out: it verifies nothing.
 * @param {import("./api.js").Tree} tree
 * @returns {Promise<Key[]>}
 */
export async function namedKeys(tree) {
  const found = [];
  const from = "this log's own word";
  try {
    found.push({ ...await readVerifierKey(tree.key), from });
  } catch {
    // As above.
  }
  const der = tree.rekorV1Key === "" ? null : fromBase64(tree.rekorV1Key);
  try {
    if (der !== null) found.push(ofSpki(der, tree.logName, from));
  } catch {
    // As above.
  }
  return found;
}
