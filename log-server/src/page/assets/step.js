// One step of a verification.

/** @typedef {import("./hashing.js").Level} Level */
/** @typedef {"ok" | "failed" | "open"} State open: nothing speaks against it, nor for it */
/**
 * @typedef {object} Step
 * @property {string} id
 * @property {string} title
 * @property {State} state
 * @property {string} detail
 * @property {[string, string][]} [compared] names and values
 * @property {Level[]} [levels] the way up through the tree
 * @property {[string, string]} [heads] two signed heads that contradict each other
 */

/**
 * @param {boolean} isOk
 * @returns {State}
 */
export function ok(isOk) {
  return isOk ? "ok" : "failed";
}

/**
 * @param {string} one
 * @param {string} value
 * @param {string} other
 * @param {string} otherValue
 * @returns {[string, string][]}
 */
export function pair(one, value, other, otherValue) {
  return [[one, value], [other, otherValue]];
}

