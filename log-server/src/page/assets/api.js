// What the log is asked, and what it answers. Nothing that it says is believed here: an answer is
// checked for its form alone.

import { fromBase64, utf8 } from "./encoding.js";
import { memberText } from "./json_text.js";

/** @typedef {{of: string, digest: string}} Digest */
/**
 * @typedef {object} Signer
 * @property {string} [key]
 * @property {string[]} [subjects]
 * @property {string} [issuer]
 * @property {string} [authority]
 * @property {Record<string, string>} [claims]
 */
/**
 * @typedef {object} Entry an entry as the log tells of it
 * @property {number} index
 * @property {string} treeId
 * @property {string} leafHash
 * @property {string} [kind]
 * @property {string} [version]
 * @property {string} [time]
 * @property {Digest[]} [digests]
 * @property {Signer[]} [signers]
 */
/**
 * @typedef {object} Head
 * @property {string} origin
 * @property {string} size
 * @property {string} rootHash
 * @property {string} checkpoint
 * @property {string} time
 * @property {string} treeId
 */
/**
 * @typedef {object} Tree
 * @property {Head} head
 * @property {string} role
 * @property {string} start
 * @property {string} key
 * @property {string} rekorV1Key
 * @property {string} protocol
 * @property {string} logName
 * @property {string} created
 * @property {string} frozenAt
 */
/**
 * @typedef {object} InclusionProof
 * @property {string} index
 * @property {string} treeSize
 * @property {string} rootHash
 * @property {string} leafHash
 * @property {string[]} hashes
 * @property {string} checkpoint
 */
/**
 * @typedef {object} ConsistencyProof
 * @property {string} oldSize
 * @property {string} newSize
 * @property {string} oldRoot
 * @property {string} newRoot
 * @property {string[]} hashes
 */
/**
 * @typedef {object} Coverage what a search could see of one tree
 * @property {string} treeId
 * @property {number} first
 * @property {number} end
 * @property {boolean} asksStatements
 * @property {number} [withoutStatement]
 * @property {number} [unreadable]
 * @property {boolean} hasTimes
 * @property {number} unindexed
 * @property {boolean} indexComplete
 * @property {boolean} everything
 */
/** @typedef {{virtualIndex?: number, shownByBody: boolean, entry: Entry}} Hit */
/**
 * @typedef {object} SearchPage
 * @property {Hit[]} hits
 * @property {string} next
 * @property {boolean} complete
 * @property {number} unknown
 * @property {Coverage[]} coverage
 */

/** The longest answer that is read, in bytes. */
const MAX_ANSWER = 64 << 20;

/** Why the log did not answer what it was asked. */
export class Refusal extends Error {
  /**
   * @param {string} message
   * @param {number} status of the answer; 0 where there was none
   */
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

/**
 * The text of an answer.
 * @param {string} path relative to the page
 * @param {AbortSignal} [signal]
 */
export async function getText(path, signal) {
  const response = await fetch(path, { signal: signal ?? null, credentials: "omit" })
    .catch((error) => {
      if (signal?.aborted) throw error;
      throw new Refusal("the log cannot be reached", 0);
    });
  if (Number(response.headers.get("content-length") ?? 0) > MAX_ANSWER) {
    throw new Refusal("the answer is too long for a page", response.status);
  }
  const text = await response.text();
  if (!response.ok) throw new Refusal(reason(response, text), response.status);
  return text;
}

/**
 * @param {Response} response
 * @param {string} text
 */
function reason(response, text) {
  const wait = response.headers.get("retry-after");
  if (wait !== null) return `the log is busy: try again in ${wait} s`;
  try {
    const { message } = JSON.parse(text);
    if (typeof message === "string") return message;
  } catch {
    // Then the status has to do.
  }
  return `the log answered with status ${response.status}`;
}

/**
 * @param {string} path
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function getJson(path, signal) {
  const text = await getText(path, signal);
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal("the answer of the log is no JSON", 200);
  }
}

/**
 * Words and numbers behind a `?`. Those without a value are left out.
 * @param {Record<string, string | number | boolean | null | undefined>} parameters
 */
export function query(parameters) {
  const given = Object.entries(parameters).filter(([, value]) => {
    return value !== null && value !== undefined && value !== "" && value !== false;
  });
  return new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
}

/**
 * @param {AbortSignal} [signal]
 * @returns {Promise<Tree[]>}
 */
export async function trees(signal) {
  const answer = await getJson("log/v1/trees", signal);
  if (!Array.isArray(answer?.trees)) throw new Refusal("the log told no trees", 200);
  return answer.trees;
}

/**
 * @param {{q: string, order?: string, from?: string, end?: string, treeId?: string,
 *   limit?: number, coverage?: boolean}} asked
 * @param {AbortSignal} [signal]
 * @returns {Promise<SearchPage>}
 */
export async function search(asked, signal) {
  const page = await getJson(`log/v1/search?${query(asked)}`, signal);
  if (!Array.isArray(page?.hits) || typeof page.complete !== "boolean") {
    throw new Refusal("the answer of the log is no page of hits", 200);
  }
  return { ...page, coverage: page.coverage ?? [], unknown: page.unknown ?? 0 };
}

/**
 * An entry, and its body byte for byte.
 * @param {string} treeId
 * @param {string} index
 * @param {AbortSignal} [signal]
 * @returns {Promise<{entry: Entry, body: Uint8Array}>}
 */
export async function entry(treeId, index, signal) {
  const text = await getText(`log/v1/entries/${index}?${query({ treeId })}`, signal);
  const entry = JSON.parse(text);
  const body = memberText(text, "body");
  const bytes = body === null ? fromBase64(String(entry.bodyBase64 ?? "!")) : utf8(body);
  if (bytes === null) throw new Refusal("the answer of the log has no body", 200);
  return { entry, body: bytes };
}

/**
 * @param {string} treeId
 * @param {string} index
 * @param {AbortSignal} [signal]
 * @returns {Promise<InclusionProof>}
 */
export function inclusionProof(treeId, index, signal) {
  return getJson(`log/v1/proofs/inclusion?${query({ index, treeId })}`, signal);
}

/**
 * @param {string} treeId
 * @param {bigint} oldSize
 * @param {bigint} newSize
 * @param {AbortSignal} [signal]
 * @returns {Promise<ConsistencyProof>}
 */
export function consistencyProof(treeId, oldSize, newSize, signal) {
  const asked = query({ oldSize: String(oldSize), newSize: String(newSize), treeId });
  return getJson(`log/v1/proofs/consistency?${asked}`, signal);
}

/**
 * @typedef {object} RekorV1Entry an entry as Rekor v1 answers with it
 * @property {string} body in base64
 * @property {number} integratedTime
 * @property {string} logID
 * @property {number} logIndex
 * @property {{data?: string}} [attestation]
 * @property {{signedEntryTimestamp?: string, inclusionProof?: {checkpoint: string,
 *   hashes: string[], logIndex: number, rootHash: string, treeSize: number}}} [verification]
 */

/**
 * The same entry as Rekor v1 has it; null where it does not.
 * @param {string} uuid
 * @param {AbortSignal} [signal]
 * @returns {Promise<RekorV1Entry | null>}
 */
export async function rekorV1Entry(uuid, signal) {
  try {
    const answer = await getJson(`api/v1/log/entries/${uuid}`, signal);
    const [only] = Object.values(answer);
    return typeof only?.body === "string" ? only : null;
  } catch (error) {
    // Not served, or not one of its entries.
    if (error instanceof Refusal && error.status >= 400 && error.status < 502) return null;
    throw error;
  }
}
