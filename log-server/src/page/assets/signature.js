// Whose signatures a checkpoint has.

import { ALGORITHM_NAMES, cosignedAt, keyId, verify } from "./key.js";
import { instant } from "./text.js";

/** @typedef {import("./key.js").Key} Key */
/** @typedef {import("./note.js").Checkpoint} Checkpoint */
/** @typedef {import("./step.js").State} State */

/**
 * Whether a checkpoint is signed by a key that the user gave, or else by one that the log names.
 * @param {Checkpoint} checkpoint
 * @param {Key[]} pinned
 * @param {Key[]} named
 * @returns {Promise<{state: State, detail: string, key: Key | null, isVerified: boolean}>}
 */
export async function checkSignature(checkpoint, pinned, named) {
  const given = pinned.filter((key) => key.algorithm !== "cosignature-v1");
  const mine = await signedBy(checkpoint, given);
  if (mine !== null) {
    const { key, outcome } = mine;
    const name = ALGORITHM_NAMES[key.algorithm];
    const details = {
      verified: `Signed by the ${name} key that you gave this page.`,
      wrong: `The signature under the ${name} key that you gave this page is wrong.`,
      unsupported: `This browser cannot verify ${name}: nothing was checked. Use the command.`,
    };
    const isVerified = outcome === "verified";
    return { state: STATES[outcome], detail: details[outcome], key, isVerified };
  }
  // Names of keys of Rekor v1 are not bound to origins.
  const expected = given.find((key) => key.algorithm === "ed25519"
    && key.name === checkpoint.origin);
  if (expected !== undefined) {
    const detail = `The key that you gave for ${checkpoint.origin} did not sign this checkpoint.`;
    return { state: "failed", detail, key: expected, isVerified: false };
  }
  const theirs = await signedBy(checkpoint, named);
  if (theirs === null) {
    const detail = "No key that is known here signed this checkpoint.";
    return { state: "failed", detail, key: null, isVerified: false };
  }
  const { key, outcome } = theirs;
  const name = ALGORITHM_NAMES[key.algorithm];
  const none = given.length === 0 ? "you gave no key" : "none of the keys that you gave signed it";
  const details = {
    verified: `Signed by the ${name} key that this log names for itself; ${none}. That shows the `
      + "answers to agree with each other, and not whose they are: give the page a key under Keys.",
    wrong: `The signature under the ${name} key that the log names is wrong.`,
    unsupported: `This browser cannot verify ${name}: nothing was checked. Use the command.`,
  };
  const state = outcome === "wrong" ? "failed" : "open";
  return { state, detail: details[outcome], key, isVerified: outcome === "verified" };
}

/** @type {Record<import("./key.js").Outcome, State>} */
const STATES = { verified: "ok", wrong: "failed", unsupported: "open" };

/**
 * The first of the keys whose signature a checkpoint has, and what became of it. One that verifies
 * goes before others.
 * @param {Checkpoint} checkpoint
 * @param {Key[]} keys
 */
async function signedBy(checkpoint, keys) {
  let first = null;
  for (const line of checkpoint.signatures) {
    for (const key of keys) {
      if (!await isLineOf(checkpoint, line, key)) continue;
      const outcome = await verify(key, checkpoint.text, line.signature);
      const found = { key, outcome };
      if (outcome === "verified") return found;
      first ??= found;
    }
  }
  return first;
}

/**
 * Whether a line claims to be a signature by a key. The name of an Ed25519 key is bound to its id,
 * and has to be the origin of the checkpoint; that of an ECDSA key of Rekor v1 is neither.
 * @param {Checkpoint} checkpoint
 * @param {import("./note.js").NoteSignature} line
 * @param {Key} key
 */
async function isLineOf(checkpoint, line, key) {
  if (line.id !== await keyId(key, line.name)) return false;
  if (key.algorithm === "ecdsa-p256") return true;
  const isNamed = key.name === "" || key.name === line.name;
  return isNamed && (key.algorithm === "cosignature-v1" || line.name === checkpoint.origin);
}

/**
 * @typedef {{name: string, time: string | null, detail: string, state: State}} Witness
 */

/**
 * Who signed a checkpoint besides the log.
 * @param {Checkpoint} checkpoint
 * @param {Key[]} pinned
 * @param {Key[]} named
 * @returns {Promise<Witness[]>}
 */
export async function witnesses(checkpoint, pinned, named) {
  const logs = [...pinned, ...named].filter((key) => key.algorithm !== "cosignature-v1");
  const found = [];
  for (const line of checkpoint.signatures) {
    const byLog = await Promise.all(logs.map((key) => isLineOf(checkpoint, line, key)));
    if (byLog.includes(true) || line.name === checkpoint.origin) continue;
    found.push(await witness(checkpoint, line, pinned));
  }
  return found;
}

/**
 * @param {Checkpoint} checkpoint
 * @param {import("./note.js").NoteSignature} line
 * @param {Key[]} pinned
 * @returns {Promise<Witness>}
 */
async function witness(checkpoint, line, pinned) {
  const time = instant(String(cosignedAt(line.signature)));
  const about = { name: line.name, time };
  for (const key of pinned.filter(({ algorithm }) => algorithm === "cosignature-v1")) {
    if (!await isLineOf(checkpoint, line, key)) continue;
    const outcome = await verify(key, checkpoint.text, line.signature);
    const details = {
      verified: "verified by a key that you gave",
      wrong: "wrong under the key that you gave",
      unsupported: "this browser cannot verify it",
    };
    return { ...about, state: STATES[outcome], detail: details[outcome] };
  }
  return { ...about, state: "open", detail: "not verified: you gave no key of this name" };
}
