// The Merkle tree of RFC 6962: leaf and node hashes, and the two proofs, as RFC 9162 verifies them.

import { concat, equal } from "./encoding.js";

/**
 * Whether the browser lets this page hash and verify. Over plain http it does so for the machine's
 * own names alone.
 */
export function canVerify() {
  return globalThis.crypto?.subtle !== undefined;
}

/** @param {Uint8Array} bytes */
export async function sha256(bytes) {
  const input = /** @type {BufferSource} */ (bytes);
  return new Uint8Array(await crypto.subtle.digest("SHA-256", input));
}

/** @param {Uint8Array} body */
export function leafHash(body) {
  return sha256(concat(Uint8Array.of(0), body));
}

/**
 * @param {Uint8Array} left
 * @param {Uint8Array} right
 */
export function nodeHash(left, right) {
  return sha256(concat(Uint8Array.of(1), left, right));
}

/** @typedef {{side: "left" | "right", sibling: Uint8Array, hash: Uint8Array}} Level */

/**
 * Goes up from a leaf to the root, a hash of the proof at a time (RFC 9162, section 2.1.3.2).
 * Null where the proof has too few or too many hashes for this place in a tree of this size.
 * @param {bigint} index
 * @param {bigint} size
 * @param {Uint8Array} leaf
 * @param {Uint8Array[]} hashes
 * @returns {Promise<{root: Uint8Array, levels: Level[]} | null>}
 */
export async function rootOfInclusion(index, size, leaf, hashes) {
  if (index < 0n || index >= size) return null;
  let [at, last, hash] = [index, size - 1n, leaf];
  /** @type {Level[]} */
  const levels = [];
  for (const sibling of hashes) {
    if (last === 0n) return null;
    const isRight = (at & 1n) === 1n || at === last;
    hash = isRight ? await nodeHash(sibling, hash) : await nodeHash(hash, sibling);
    levels.push({ side: isRight ? "left" : "right", sibling, hash });
    while (isRight && (at & 1n) === 0n && at !== 0n) {
      at >>= 1n;
      last >>= 1n;
    }
    at >>= 1n;
    last >>= 1n;
  }
  return last === 0n ? { root: hash, levels } : null;
}

/**
 * Whether a tree of one size and root is the beginning of another (RFC 9162, section 2.1.4.2).
 * @param {bigint} oldSize
 * @param {bigint} newSize
 * @param {Uint8Array} oldRoot
 * @param {Uint8Array} newRoot
 * @param {Uint8Array[]} hashes
 */
export async function isExtension(oldSize, newSize, oldRoot, newRoot, hashes) {
  // Every tree extends the empty one, and no proof says so.
  if (oldSize === 0n || oldSize > newSize) return false;
  if (oldSize === newSize) return hashes.length === 0 && equal(oldRoot, newRoot);
  const isFull = (oldSize & (oldSize - 1n)) === 0n;
  const [first, ...rest] = isFull ? [oldRoot, ...hashes] : hashes;
  if (first === undefined) return false;
  let [at, last] = [oldSize - 1n, newSize - 1n];
  while ((at & 1n) === 1n) {
    at >>= 1n;
    last >>= 1n;
  }
  let [old, now] = [first, first];
  for (const hash of rest) {
    if (last === 0n) return false;
    if ((at & 1n) === 1n || at === last) {
      old = await nodeHash(hash, old);
      now = await nodeHash(hash, now);
      while ((at & 1n) === 0n && at !== 0n) {
        at >>= 1n;
        last >>= 1n;
      }
    } else {
      now = await nodeHash(now, hash);
    }
    at >>= 1n;
    last >>= 1n;
  }
  return last === 0n && equal(old, oldRoot) && equal(now, newRoot);
}
