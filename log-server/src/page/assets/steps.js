// The verification of an entry, step by step: from the bytes of its body to a key that somebody
// trusts. Each step says what it compared. What fails ends it, since nothing after it would mean
// anything.

import { borneOut } from "./body.js";
import { base64, fromBase64, fromHex, hex } from "./encoding.js";
import { leafHash, rootOfInclusion } from "./hashing.js";
import { historyStep } from "./history.js";
import { ALGORITHM_NAMES, fingerprint, verify } from "./key.js";
import { readCheckpoint } from "./note.js";
import { checkSignature } from "./signature.js";
import { ok, pair } from "./step.js";
import { counted, instant } from "./text.js";

/** @typedef {import("./key.js").Key} Key */
/** @typedef {import("./note.js").Checkpoint} Checkpoint */
/** @typedef {import("./step.js").State} State */
/** @typedef {import("./step.js").Step} Step */
/**
 * @typedef {object} Subject what is verified
 * @property {import("./api.js").Tree} tree
 * @property {string} index as it was asked for
 * @property {import("./api.js").Entry} entry
 * @property {Uint8Array} body
 * @property {import("./body.js").Held} held
 * @property {import("./api.js").InclusionProof} proof
 * @property {Key[]} pinned keys that the user gave
 * @property {Key[]} named keys that the log names for itself
 */

/**
 * Verifies an entry.
 * @param {Subject} subject
 * @param {AbortSignal} [signal]
 * @returns {AsyncGenerator<Step>}
 */
export async function* verifyEntry(subject, signal) {
  const leaf = await leafHash(subject.body);
  const checkpoint = readCheckpoint(subject.proof.checkpoint);
  const { pinned, named, proof } = subject;
  let isSigned = false;
  yield* untilFailed([
    () => bodyStep(subject, leaf),
    () => decodedStep(subject),
    () => pathStep(subject.entry, proof, leaf),
    () => checkpointStep(proof, checkpoint),
    async () => {
      const { step, isVerified } = await signatureStep(checkpoint, pinned, named);
      isSigned = isVerified;
      return step;
    },
    () => historyStep(subject.tree.head.treeId, isSigned ? checkpoint : null, signal),
  ]);
}

/**
 * Verifies the answer of Rekor v1 about the same entry: its own proof, under a checkpoint with
 * another signature, and the time that it signed.
 * @param {Subject} subject
 * @param {import("./api.js").RekorV1Entry} told
 * @returns {AsyncGenerator<Step>}
 */
export async function* verifyRekorV1({ entry, body, pinned, named }, told) {
  const leaf = await leafHash(body);
  const given = told.verification?.inclusionProof;
  const proof = {
    index: String(given?.logIndex),
    treeSize: String(given?.treeSize),
    rootHash: base64(fromHex(given?.rootHash ?? "") ?? new Uint8Array()),
    hashes: (given?.hashes ?? []).map((hash) => base64(fromHex(hash) ?? new Uint8Array())),
  };
  const checkpoint = readCheckpoint(given?.checkpoint ?? "");
  yield* untilFailed([
    () => sameBodyStep(told, body),
    () => pathStep(entry, proof, leaf),
    () => checkpointStep(proof, checkpoint),
    async () => (await signatureStep(checkpoint, pinned, named)).step,
    () => timestampStep(told, pinned, named),
  ]);
}

/**
 * @param {(() => Step | Promise<Step>)[]} steps
 * @returns {AsyncGenerator<Step>}
 */
async function* untilFailed(steps) {
  for (const step of steps) {
    const done = await step();
    yield done;
    if (done.state === "failed") return;
  }
}

/**
 * @param {Subject} subject
 * @param {Uint8Array} leaf
 * @returns {Step}
 */
function bodyStep({ entry, index, tree, body }, leaf) {
  const computed = `sha256:${hex(leaf)}`;
  const isAsked = String(entry.index) === index && entry.treeId === tree.head.treeId;
  const isOk = isAsked && computed === entry.leafHash;
  const detail = !isAsked
    ? "The log answered with another entry than was asked for."
    : isOk
      ? `SHA-256 over a zero byte and the ${counted(body.length, "byte", "bytes")} of the body is `
        + "the leaf hash that the log names."
      : "The body has another leaf hash than the log names: the body was changed.";
  const compared = pair("computed", computed, "the log says", entry.leafHash);
  return { id: "body", title: "Body and leaf hash", state: ok(isOk), detail, compared };
}

/**
 * @param {Subject} subject
 * @returns {Promise<Step>}
 */
async function decodedStep({ entry, held }) {
  const { denied, open, found } = await borneOut(entry, held);
  const step = { id: "decoded", title: "What the log says is in it" };
  const listed = (/** @type {string[]} */ names) => names.join("; ");
  if (denied.length > 0) {
    const detail = `Not in the body, though the log says so: ${listed(denied)}.`;
    return { ...step, state: "failed", detail };
  }
  if (open.length > 0) {
    const detail = `By the log's word, since this page does not find it in the body by itself: `
      + `${listed(open)}.`;
    return { ...step, state: "open", detail };
  }
  const detail = found.length === 0
    ? "The log says nothing about the body that it would have to bear out."
    : `Kind, digests, keys and names that the log tells (${found.length}) are in the body.`;
  return { ...step, state: "ok", detail };
}

/** @typedef {Omit<import("./api.js").InclusionProof, "leafHash" | "checkpoint">} Proof */

/**
 * @param {import("./api.js").Entry} entry
 * @param {Proof} proof
 * @param {Uint8Array} leaf
 * @returns {Promise<Step>}
 */
async function pathStep(entry, proof, leaf) {
  const step = { id: "path", title: "Audit path and root" };
  const failed = (/** @type {string} */ detail) => {
    return { ...step, state: /** @type {State} */ ("failed"), detail };
  };
  const hashes = proof.hashes?.map((hash) => fromBase64(hash) ?? new Uint8Array());
  const [index, size] = [proof.index, proof.treeSize].map(decimal);
  if (index == null || size == null || hashes === undefined) return failed("This is no proof.");
  if (index !== BigInt(entry.index)) return failed("The proof is of another entry.");
  if (hashes.some((hash) => hash.length !== 32)) return failed("A hash of it has no 32 bytes.");
  const way = await rootOfInclusion(index, size, leaf, hashes);
  if (way === null) {
    return failed(`${counted(hashes.length, "hash leads", "hashes lead")} from entry ${index} to `
      + `no root of a tree of ${size}.`);
  }
  const compared = pair("computed", base64(way.root), "the proof says", proof.rootHash);
  if (base64(way.root) !== proof.rootHash) {
    const detail = "The path leads to another root than the proof names: the entry is not in that "
      + "tree, or a hash was changed.";
    return { ...failed(detail), compared, levels: way.levels };
  }
  const detail = `${counted(way.levels.length, "hash leads", "hashes lead")} from the leaf, entry `
    + `${index} of ${size}, up to the root.`;
  return { ...step, state: "ok", detail, compared, levels: way.levels };
}

/**
 * @param {Proof} proof
 * @param {Checkpoint | null} checkpoint
 * @returns {Step}
 */
function checkpointStep(proof, checkpoint) {
  const step = { id: "checkpoint", title: "Root and checkpoint" };
  if (checkpoint === null) {
    return { ...step, state: "failed", detail: "There is no checkpoint that can be read." };
  }
  const isOk = String(checkpoint.size) === proof.treeSize
    && base64(checkpoint.root) === proof.rootHash;
  const detail = isOk
    ? `The checkpoint of ${checkpoint.origin} is of this size and root.`
    : "The checkpoint is of another size or root than the proof.";
  const compared = pair(
    "the checkpoint says", `${checkpoint.size} ${base64(checkpoint.root)}`,
    "the proof says", `${proof.treeSize} ${proof.rootHash}`,
  );
  return { ...step, state: ok(isOk), detail, compared };
}

/**
 * @param {Checkpoint | null} checkpoint
 * @param {Key[]} pinned
 * @param {Key[]} named
 * @returns {Promise<{step: Step, isVerified: boolean}>}
 */
async function signatureStep(checkpoint, pinned, named) {
  const step = { id: "signature", title: "Signature of the checkpoint" };
  if (checkpoint === null) {
    return { step: { ...step, state: "failed", detail: "There is none." }, isVerified: false };
  }
  const checked = await checkSignature(checkpoint, pinned, named);
  const { state, detail, key, isVerified } = checked;
  return { step: { ...step, state, detail, compared: await aboutKey(key) }, isVerified };
}

/**
 * @param {Key | null} key
 * @returns {Promise<[string, string][]>}
 */
async function aboutKey(key) {
  if (key === null) return [];
  const name = ALGORITHM_NAMES[key.algorithm];
  return [["key", `${name}, ${await fingerprint(key)}`], ["the key is from", key.from]];
}

/**
 * @param {import("./api.js").RekorV1Entry} told
 * @param {Uint8Array} body
 * @returns {Step}
 */
function sameBodyStep(told, body) {
  const isOk = told.body === base64(body);
  const detail = isOk
    ? "Rekor v1 answers with the same body."
    : "Rekor v1 answers with another body.";
  return { id: "same", title: "The same body", state: ok(isOk), detail };
}

/**
 * The signed entry timestamp of Rekor v1, which covers body, time and index.
 * @param {import("./api.js").RekorV1Entry} told
 * @param {Key[]} pinned
 * @param {Key[]} named
 * @returns {Promise<Step>}
 */
async function timestampStep(told, pinned, named) {
  const step = { id: "timestamp", title: "Signed time" };
  const signature = fromBase64(told.verification?.signedEntryTimestamp || "!");
  if (signature === null) {
    return { ...step, state: "open", detail: "The answer has no signed entry timestamp." };
  }
  const { body, integratedTime, logID, logIndex } = told;
  const signed = JSON.stringify({ body, integratedTime, logID, logIndex });
  for (const key of [...pinned, ...named].filter((one) => one.algorithm === "ecdsa-p256")) {
    if (await verify(key, signed, signature) !== "verified") continue;
    const isMine = pinned.includes(key);
    const detail = `Logged at ${instant(integratedTime) ?? "a time that is not known"}, signed by `
      + (isMine ? "the key that you gave." : "the key that the log names for itself.");
    return { ...step, state: isMine ? "ok" : "open", detail, compared: await aboutKey(key) };
  }
  return { ...step, state: "failed", detail: "No key that is known here signed the time." };
}

/**
 * @param {string} text
 * @returns {bigint | null}
 */
function decimal(text) {
  return /^(0|[1-9][0-9]{0,19})$/.test(text) ? BigInt(text) : null;
}
