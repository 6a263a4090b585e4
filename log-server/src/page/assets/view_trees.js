// The trees of the log, as they grow: each head is verified, and held against the one before.

import * as api from "./api.js";
import { auditCommand } from "./commands.js";
import { code, commandLine, facts, fill, h, inner, put, saveButton, told } from "./dom.js";
import { canVerify } from "./hashing.js";
import { ALGORITHM_NAMES } from "./key.js";
import { historyStep } from "./history.js";
import { keys } from "./memory.js";
import { namedKeys } from "./named_keys.js";
import { readCheckpoint } from "./note.js";
import { routeTo } from "./route.js";
import { checkSignature, witnesses } from "./signature.js";
import { counted, grouped, instant } from "./text.js";

/** @typedef {import("./api.js").Tree} Tree */

/** @type {Record<string, string>} */
const ROLES = {
  TREE_ROLE_ACTIVE: "grows",
  TREE_ROLE_PREDECESSOR: "came before, and grows no more",
  TREE_ROLE_COPY: "a copy of another log's",
};

/** @type {Record<string, string>} */
const PROTOCOLS = {
  "rekor-v1": "entries of Rekor v1",
  "rekor-v2": "entries of Rekor v2",
  "rekor-mixed": "entries of Rekor v1 and v2",
};

/** @type {import("./main.js").View} */
export async function treesView(main, _route, signal) {
  const trees = await api.trees(signal);
  const places = new Map(trees.map((tree) => [tree.head.treeId, h("section", {
    "data-tree": tree.head.treeId, class: "tree", "aria-label": `Tree ${tree.head.treeId}`,
  })]));
  /** @type {Map<string, {size: bigint, at: number}>} */
  const first = new Map();
  fill(main, h("h1", {}, "Trees"),
    h("p", {}, "Each protocol has a tree of its own. What stands here is asked for every five "
      + "seconds; each head is verified and held against the one that this browser saw before."),
    [...places.values()]);
  /** @type {Map<string, string>} */
  const shown = new Map();
  const update = async (/** @type {Tree[]} */ all) => {
    for (const tree of all) {
      const { treeId, checkpoint, size } = tree.head;
      const place = places.get(treeId);
      if (place === undefined || shown.get(treeId) === checkpoint || signal.aborted) continue;
      shown.set(treeId, checkpoint);
      if (!first.has(treeId)) first.set(treeId, { size: BigInt(size), at: Date.now() });
      await showTree(place, tree, first.get(treeId), signal);
    }
  };
  await update(trees);
  const onTrees = (/** @type {Event} */ event) => {
    update(/** @type {CustomEvent<Tree[]>} */ (event).detail).catch(() => {
      // The next head is tried again.
    });
  };
  document.addEventListener("trees", onTrees, { signal });
}

/**
 * @param {HTMLElement} place
 * @param {Tree} tree
 * @param {{size: bigint, at: number} | undefined} first
 * @param {AbortSignal} signal
 */
async function showTree(place, tree, first, signal) {
  const { head } = tree;
  const more = BigInt(head.size) - (first?.size ?? BigInt(head.size));
  const minutes = Math.max(1, Math.round((Date.now() - (first?.at ?? 0)) / 60_000));
  const named = await namedKeys(tree);
  const time = counted(minutes, "minute", "minutes");
  const since = more > 0n && h("span", { class: "more" }, ` +${grouped(more)} in ${time}`);
  const checked = await headChecks(tree, named, signal);
  fill(place,
    h("h2", {}, told(head.origin)),
    facts([
      ["Holds", `${PROTOCOLS[tree.protocol] ?? "entries of a log that was imported"}; `
        + (ROLES[tree.role] ?? "its part is not known here")],
      ["Size", [counted(BigInt(head.size), "entry", "entries"), since]],
      ["Head of", instant(head.time) ?? "a time that is not known"],
      ["Root", code(head.rootHash)],
      ["Tree id", code(head.treeId)],
      ["Made", instant(tree.created) ?? "at a time that is not known"],
      ["Frozen", instant(tree.frozenAt)],
      ["Key, by the log's word", named.map((key) => h("div", { class: "row" },
        ALGORITHM_NAMES[key.algorithm], " ", key.algorithm === "ed25519" && code(tree.key)))],
    ]),
    checked,
    h("p", { class: "buttons" },
      inner(routeTo("search", { q: "index:0..", tree: head.treeId }), "Its entries"),
      saveButton("save the checkpoint", `checkpoint-${head.treeId}.txt`, () => head.checkpoint)),
    commandLine(auditCommand(head.treeId)));
}

/**
 * @param {Tree} tree
 * @param {import("./key.js").Key[]} named
 * @param {AbortSignal} signal
 */
async function headChecks(tree, named, signal) {
  if (!canVerify()) {
    return h("p", { class: "warning" }, "Not verified: the browser verifies only over https, or "
      + "from this machine's own names. The command below can.");
  }
  const checkpoint = readCheckpoint(tree.head.checkpoint);
  if (checkpoint === null) return h("p", { class: "failed" }, "The checkpoint cannot be read.");
  const pinned = keys();
  const signature = await checkSignature(checkpoint, pinned, named);
  const seen = await historyStep(tree.head.treeId, signature.isVerified ? checkpoint : null, signal);
  const list = h("ul", { class: "checks" },
    h("li", { "data-state": signature.state, "data-step": "signature" }, signature.detail),
    h("li", { "data-state": seen.state, "data-step": "memory" }, seen.detail));
  const others = await witnesses(checkpoint, pinned, named);
  const about = h("div", {}, list);
  if (others.length > 0) {
    put(about, h("h3", {}, "Witnesses"), h("ul", {}, others.map((one) => h("li", {
      "data-state": one.state,
    }, told(one.name), one.time === null ? "" : ` at ${one.time}`, `: ${one.detail}`))));
  }
  return about;
}
