// What a search could see, in words. "None" is said of what was covered, and of nothing else.

import { h } from "./dom.js";
import { counted, grouped } from "./text.js";

/** @typedef {import("./api.js").Coverage} Coverage */
/** @typedef {import("./api.js").Tree} Tree */

/**
 * Whether nothing was out of sight that might be a hit.
 * @param {Coverage[]} coverage
 * @param {number} unknown
 */
export function sawEverything(coverage, unknown) {
  return coverage.length > 0 && unknown === 0 && coverage.every((tree) => tree.everything);
}

/**
 * What was out of sight in a tree.
 * @param {Coverage} tree
 */
export function gaps(tree) {
  const many = (/** @type {number | undefined} */ count) => {
    return count === undefined ? "uncounted many" : grouped(count);
  };
  const found = [];
  if (tree.asksStatements && tree.withoutStatement !== 0) {
    found.push(`${many(tree.withoutStatement)} without a statement that the log saw`);
  }
  if (tree.unreadable !== 0) found.push(`${many(tree.unreadable)} of kinds that it cannot read`);
  if (tree.unindexed > 0) found.push(`${grouped(tree.unindexed)} not found by everything yet`);
  if (!tree.indexComplete) found.push("the index is being rebuilt");
  if (!tree.hasTimes) found.push("without times");
  return found;
}

/**
 * What was looked through, tree by tree, and by whose word.
 * @param {Coverage[]} coverage
 * @param {number} unknown
 * @param {Tree[]} trees
 */
export function coverageView(coverage, unknown, trees) {
  const items = coverage.map((covered) => {
    const tree = trees.find((one) => one.head.treeId === covered.treeId);
    const missing = gaps(covered);
    const name = tree === undefined ? "" : `${tree.head.origin}, `;
    const range = `${grouped(covered.first)}\u2009\u2013\u2009${grouped(covered.end)}`;
    return h("li", {},
      `${name}tree `, h("span", { class: "code" }, covered.treeId),
      `: the index of ${counted(covered.end - covered.first, "entry", "entries")} (${range})`,
      missing.length === 0 ? ". Nothing was out of sight." : `; of these ${missing.join("; ")}.`);
  });
  if (unknown > 0) {
    const text = `Of ${counted(unknown, "entry", "entries")} that were looked at, nothing that the `
      + "log holds tells whether they are hits.";
    items.push(h("li", {}, text));
  }
  const copies = trees.filter((tree) => tree.role === "TREE_ROLE_COPY");
  const notAsked = copies.filter(({ head }) => !coverage.some(({ treeId }) => {
    return treeId === head.treeId;
  }));
  if (notAsked.length > 0) {
    const text = `Not asked: ${counted(notAsked.length, "copy", "copies")} of other logs, which `
      + "are searched when they are chosen.";
    items.push(h("li", {}, text));
  }
  return h("section", { class: "coverage", "aria-labelledby": "coverage" },
    h("h2", { id: "coverage" }, "What was looked through"),
    h("ul", {}, items),
    h("p", {}, "That there is nothing more in there is the log's word, by its index. That a hit is "
      + "in the tree is checked when you open it."));
}
