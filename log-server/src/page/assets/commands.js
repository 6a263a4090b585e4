// The commands that do what the page does, and can be trusted to.

import { shellWord } from "./text.js";

/** The address of the log, as a command takes it. */
function url() {
  return `--url ${shellWord(location.origin)}`;
}

/**
 * @param {import("./api.js").Tree} tree
 * @param {string | number} index
 */
export function proofCommand(tree, index) {
  const of = `--index ${index} --tree-id ${tree.head.treeId}`;
  return `ledgerstone proof inclusion ${of} --log-key ${shellWord(tree.key)} ${url()}`;
}

/**
 * @param {string} treeId
 * @param {string | number} index
 */
export function getCommand(treeId, index) {
  return `ledgerstone get --index ${index} --tree-id ${treeId} ${url()}`;
}

/** @param {string} [treeId] */
export function auditCommand(treeId) {
  const tree = treeId === undefined ? "" : `--tree-id ${treeId} `;
  return `ledgerstone audit --full ${tree}--log-key log.vkey ${url()}`;
}

/** @param {string} q */
export function searchCommand(q) {
  return `ledgerstone search ${shellWord(q)} ${url()}`;
}

export function trustCommand() {
  return `ledgerstone trust --out trust ${url()}`;
}

export function verifyCommand() {
  return "ledgerstone verify FILE --bundle FILE.sigstore.json --trusted-root trusted_root.json";
}
