// What this browser remembers: keys that its user gave, and the last head that it saw of each tree.

/** @typedef {import("./key.js").Key} Key */
/**
 * @typedef {object} SeenHead
 * @property {string} size
 * @property {string} root in base64
 * @property {string} checkpoint
 * @property {string} when RFC 3339
 */

const KEYS = "ledgerstone.keys";
const HEADS = "ledgerstone.heads";

/** The most keys that are kept. */
export const MAX_KEYS = 64;

/**
 * @param {string} name
 * @returns {any}
 */
function read(name) {
  try {
    return JSON.parse(localStorage.getItem(name) ?? "null");
  } catch {
    // Where the browser keeps nothing for pages, nothing was kept.
    return null;
  }
}

/**
 * @param {string} name
 * @param {unknown} value
 */
function write(name, value) {
  try {
    localStorage.setItem(name, JSON.stringify(value));
    return true;
  } catch {
    return false;
  }
}

/** @returns {Key[]} */
export function keys() {
  const kept = read(KEYS);
  return Array.isArray(kept) ? kept.filter(isKey) : [];
}

/** @param {any} key */
function isKey(key) {
  return ["algorithm", "bytes", "name", "from"].every((part) => typeof key?.[part] === "string");
}

/**
 * Keeps further keys. False where the browser keeps nothing.
 * @param {Key[]} more
 */
export function addKeys(more) {
  const known = keys();
  const isNew = (/** @type {Key} */ key) => !known.some((other) => isSame(key, other));
  return write(KEYS, [...known, ...more.filter(isNew)].slice(0, MAX_KEYS));
}

/** @param {Key} key */
export function removeKey(key) {
  write(KEYS, keys().filter((other) => !isSame(key, other)));
}

/**
 * @param {Key} one
 * @param {Key} other
 */
export function isSame(one, other) {
  return one.bytes === other.bytes && one.name === other.name
    && one.algorithm === other.algorithm;
}

/**
 * The last head of a tree that this browser saw, if any.
 * @param {string} treeId
 * @param {string} origin
 * @returns {SeenHead | null}
 */
export function seenHead(treeId, origin) {
  const seen = read(HEADS)?.[`${treeId} ${origin}`];
  return typeof seen?.size === "string" && typeof seen?.root === "string" ? seen : null;
}

/**
 * @param {string} treeId
 * @param {string} origin
 * @param {SeenHead} head
 */
export function keepHead(treeId, origin, head) {
  write(HEADS, { ...read(HEADS), [`${treeId} ${origin}`]: head });
}

/** Forgets all heads. */
export function forgetHeads() {
  write(HEADS, {});
}

