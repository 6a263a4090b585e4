// What this browser saw of a tree before: a log can take nothing back from those who remember.

import * as api from "./api.js";
import { base64, fromBase64 } from "./encoding.js";
import { isExtension } from "./hashing.js";
import { keepHead, seenHead } from "./memory.js";
import { ok, pair } from "./step.js";

/** @typedef {import("./note.js").Checkpoint} Checkpoint */
/** @typedef {import("./step.js").Step} Step */

/**
 * Compares a checkpoint whose signature was verified with the last one of its tree that this
 * browser saw, and remembers it where it is the later one.
 * @param {string} treeId
 * @param {Checkpoint | null} checkpoint
 * @param {AbortSignal} [signal]
 * @returns {Promise<Step>}
 */
export async function historyStep(treeId, checkpoint, signal) {
  const step = { id: "memory", title: "What this browser saw before" };
  if (checkpoint === null) {
    return { ...step, state: "open", detail: "Not compared: no signature was verified." };
  }
  const seen = seenHead(treeId, checkpoint.origin);
  const now = {
    size: String(checkpoint.size),
    root: base64(checkpoint.root),
    checkpoint: checkpoint.note,
    when: new Date().toISOString(),
  };
  if (seen === null) {
    keepHead(treeId, checkpoint.origin, now);
    const detail = "Nothing yet. From now on, later heads have to extend this one.";
    return { ...step, state: "ok", detail };
  }
  const isLater = BigInt(seen.size) <= checkpoint.size;
  const [old, next] = isLater ? [seen, now] : [now, seen];
  const isOk = await extendsHead(treeId, old, next, signal).catch((error) => {
    if (error instanceof api.Refusal) return false;
    throw error;
  });
  if (isOk && isLater) keepHead(treeId, checkpoint.origin, now);
  const detail = isOk && old.size === next.size
    ? `The same head that this browser saw at ${seen.when}.`
    : isOk
      ? `The head of size ${next.size} extends the one of size ${old.size}; this browser saw the `
        + `one of size ${seen.size} at ${seen.when}.`
      : `The log does not prove that its head of size ${next.size} extends the one of size `
        + `${old.size}. If it cannot, it shows two histories: save both heads, and show them to `
        + "its operator and to others.";
  const compared = pair(`size ${seen.size}, seen before`, seen.root, `size ${now.size}`, now.root);
  const both = { ...step, state: ok(isOk), detail, compared };
  return isOk ? both : { ...both, heads: [seen.checkpoint, now.checkpoint] };
}

/**
 * @param {string} treeId
 * @param {{size: string, root: string}} old
 * @param {{size: string, root: string}} next
 * @param {AbortSignal} [signal]
 */
async function extendsHead(treeId, old, next, signal) {
  const [oldSize, newSize] = [BigInt(old.size), BigInt(next.size)];
  if (oldSize === newSize) return old.root === next.root;
  if (oldSize === 0n) return true;
  const proof = await api.consistencyProof(treeId, oldSize, newSize, signal);
  const hashes = proof.hashes.map((hash) => fromBase64(hash) ?? new Uint8Array());
  const roots = [old.root, next.root].map((root) => fromBase64(root) ?? new Uint8Array());
  const [oldRoot, newRoot] = /** @type {[Uint8Array, Uint8Array]} */ (roots);
  return isExtension(oldSize, newSize, oldRoot, newRoot, hashes);
}
