// All hits of several rules, up to the heads that the trees had when it began.

import * as api from "./api.js";
import { keys } from "./memory.js";
import { namedKeys } from "./named_keys.js";
import { readBody } from "./body.js";
import { verifyEntry } from "./steps.js";

/** @typedef {import("./api.js").Hit} Hit */
/** @typedef {{hit: Hit, rules: Set<string>, proven: boolean}} Found */
/**
 * @typedef {object} Collected
 * @property {string} asked when, RFC 3339
 * @property {string[]} rules
 * @property {Found[]} found in the order of trees and indexes
 * @property {Record<string, import("./api.js").Coverage[]>} coverage of each rule
 * @property {number} unknown
 * @property {boolean} isWhole whether every rule was asked to the end
 * @property {string[]} broken entries that do not verify
 */

/** The most hits that a page collects: beyond, the command is the better tool. */
export const MAX_HITS = 100_000;

/** As many hits are asked for at once. */
const PAGE_HITS = 256;

/**
 * @param {string[]} rules
 * @param {import("./api.js").Tree[]} trees
 * @param {(collected: Collected) => void} onProgress
 * @param {AbortSignal} signal
 * @returns {Promise<Collected>}
 */
export async function collect(rules, trees, onProgress, signal) {
  const own = trees.filter((tree) => tree.role !== "TREE_ROLE_COPY");
  const end = own.map(({ head }) => `${head.treeId}:${head.size}`).join(",");
  /** @type {Map<string, Found>} */
  const byPlace = new Map();
  /** @type {Collected} */
  const collected = {
    asked: new Date().toISOString(), rules, found: [], coverage: {}, unknown: 0, isWhole: true,
    broken: [],
  };
  for (const rule of rules) {
    let from = "";
    let isComplete = false;
    while (!isComplete && byPlace.size < MAX_HITS) {
      const asked = { q: rule, from, end, limit: PAGE_HITS, coverage: from === "" };
      const page = await api.search(asked, signal);
      if (from === "") collected.coverage[rule] = page.coverage;
      for (const hit of page.hits) add(byPlace, hit, rule);
      collected.unknown += page.unknown;
      collected.found = [...byPlace.values()];
      onProgress(collected);
      [from, isComplete] = [page.next, page.complete];
    }
    collected.isWhole &&= isComplete;
  }
  collected.found.sort(byTreeAndIndex);
  return collected;
}

/**
 * @param {Map<string, Found>} byPlace
 * @param {Hit} hit
 * @param {string} rule
 */
function add(byPlace, hit, rule) {
  const place = `${hit.entry.treeId}:${hit.entry.index}`;
  const known = byPlace.get(place);
  if (known === undefined) {
    byPlace.set(place, { hit: withoutBody(hit), rules: new Set([rule]), proven: false });
    return;
  }
  known.rules.add(rule);
  known.hit.shownByBody &&= hit.shownByBody;
}

/**
 * @param {Hit} hit
 * @returns {Hit}
 */
function withoutBody(hit) {
  const { body, bodyBase64, ...entry } = /** @type {any} */ (hit.entry);
  return { ...hit, entry };
}

/**
 * @param {Found} one
 * @param {Found} other
 */
function byTreeAndIndex({ hit: one }, { hit: other }) {
  return one.entry.treeId.localeCompare(other.entry.treeId)
    || one.entry.index - other.entry.index;
}

/**
 * Verifies each hit as the view of an entry does. A hit is proven where a signature was verified
 * and nothing failed.
 * @param {Collected} collected
 * @param {import("./api.js").Tree[]} trees
 * @param {(done: number) => void} onProgress
 * @param {AbortSignal} signal
 */
export async function prove(collected, trees, onProgress, signal) {
  const pinned = keys();
  for (const [at, found] of collected.found.entries()) {
    const { treeId, index: number, leafHash } = found.hit.entry;
    const tree = trees.find(({ head }) => head.treeId === treeId);
    if (tree === undefined) continue;
    const index = String(number);
    const { entry, body } = await api.entry(treeId, index, signal);
    const proof = await api.inclusionProof(treeId, index, signal);
    const named = await namedKeys(tree);
    const subject = { tree, index, entry, body, held: readBody(body), proof, pinned, named };
    let isProven = entry.leafHash === leafHash;
    for await (const step of verifyEntry(subject, signal)) {
      if (step.state === "failed") isProven = false;
      if (step.id === "memory" && step.state === "open") isProven = false;
    }
    found.proven = isProven;
    if (!isProven) collected.broken.push(`${treeId}:${index}`);
    onProgress(at + 1);
  }
}
