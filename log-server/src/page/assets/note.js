// Signed notes and checkpoints (C2SP signed-note and tlog-checkpoint).

import { fromBase64, hex } from "./encoding.js";

/** @typedef {{name: string, id: string, signature: Uint8Array}} NoteSignature */
/**
 * @typedef {object} Checkpoint
 * @property {string} note all of it
 * @property {string} text what is signed, with the end of its last line
 * @property {string} origin
 * @property {bigint} size
 * @property {Uint8Array} root
 * @property {string[]} extensions further lines of the text
 * @property {NoteSignature[]} signatures
 */

/** The most signatures of a note that are read. */
const MAX_SIGNATURES = 64;

/**
 * Reads a checkpoint; null where the text is none.
 * @param {string} note
 * @returns {Checkpoint | null}
 */
export function readCheckpoint(note) {
  const end = note.lastIndexOf("\n\n");
  if (end < 0 || !note.endsWith("\n")) return null;
  const text = note.slice(0, end + 1);
  const signatures = note.slice(end + 2, -1).split("\n").map(readSignature);
  const [origin = "", size = "", root = "", ...extensions] = text.slice(0, -1).split("\n");
  const rootHash = fromBase64(root);
  const isWhole = origin !== "" && /^(0|[1-9][0-9]{0,19})$/.test(size) && rootHash?.length === 32;
  if (!isWhole || signatures.includes(null) || signatures.length > MAX_SIGNATURES) return null;
  return {
    note,
    text,
    origin,
    size: BigInt(size),
    root: /** @type {Uint8Array} */ (rootHash),
    extensions,
    signatures: /** @type {NoteSignature[]} */ (signatures),
  };
}

/**
 * @param {string} line
 * @returns {NoteSignature | null}
 */
function readSignature(line) {
  const [dash, name, blob, ...more] = line.split(" ");
  const bytes = fromBase64(blob ?? "!");
  if (dash !== "\u2014" || !name || more.length > 0 || bytes === null || bytes.length < 5) {
    return null;
  }
  return { name, id: hex(bytes.subarray(0, 4)), signature: bytes.subarray(4) };
}
