// Entries in a list.

import { code, h, inner, told } from "./dom.js";
import { routeToEntry } from "./route.js";

/** @typedef {import("./api.js").Hit} Hit */

/** The most signers and digests of one entry that a list shows. */
const SHOWN = 3;

/**
 * @param {Hit[]} hits
 * @param {string} label
 */
export function hitList(hits, label) {
  return h("ol", { class: "hits", "aria-label": label }, hits.map((hit) => h("li", {}, row(hit))));
}

/** @param {Hit} hit */
function row({ entry, shownByBody }) {
  const kind = entry.kind === undefined ? "not understood" : `${entry.kind} ${entry.version}`;
  const link = inner(routeToEntry(entry.treeId, entry.index), `entry ${entry.index}`);
  link.setAttribute("aria-label", `entry ${entry.index} of tree ${entry.treeId}`);
  const signers = (entry.signers ?? []).slice(0, SHOWN).map(signerLine);
  const digests = (entry.digests ?? []).slice(0, SHOWN);
  return h("article", { class: "hit" },
    h("div", { class: "where" }, h("p", {}, link),
      h("p", { class: "code dim" }, entry.treeId)),
    h("div", { class: "when" }, h("p", {}, told(kind)), h("p", {}, timeOf(entry))),
    h("div", { class: "what" },
      signers,
      digests.map(({ of, digest }) => h("p", {}, h("span", { class: "dim" }, `${of} `),
        code(digest))),
      !shownByBody && h("p", { class: "mark" },
        "by what was submitted with it: its body does not show that it is a hit")));
}

/** @param {import("./api.js").Entry} entry */
export function timeOf(entry) {
  if (entry.time === undefined) return h("span", { class: "dim" }, "time not known");
  const isInstant = /^[0-9TZ:.+-]{10,40}$/.test(entry.time);
  return isInstant
    ? h("time", { datetime: entry.time }, entry.time)
    : told(entry.time);
}

/** @param {import("./api.js").Signer} signer */
function signerLine(signer) {
  const [subject, ...more] = signer.subjects ?? [];
  if (subject === undefined) {
    return h("p", {}, h("span", { class: "dim" }, "key "), code(signer.key ?? "not readable"));
  }
  return h("p", {}, h("strong", {}, told(subject)), more.length > 0 && ` and ${more.length} more`,
    signer.issuer !== undefined && [h("span", { class: "dim" }, " as "), told(signer.issuer)]);
}
