// One entry: what it names, whether it is in the log, and all of its bytes.

import * as api from "./api.js";
import { readBody } from "./body.js";
import { getCommand, proofCommand, verifyCommand } from "./commands.js";
import {
  announce, code, commandLine, copyButton, facts, fill, h, inner, put, saveButton, told, toldLink,
} from "./dom.js";
import { fromBase64, fromUtf8, hex, pem } from "./encoding.js";
import { canVerify, sha256 } from "./hashing.js";
import { timeOf } from "./hits.js";
import { keys } from "./memory.js";
import { namedKeys } from "./named_keys.js";
import { readCheckpoint } from "./note.js";
import { routeToEntry, routeToSearch } from "./route.js";
import { witnesses } from "./signature.js";
import { verifyEntry, verifyRekorV1 } from "./steps.js";
import { stepList } from "./step_list.js";
import { counted, queryValue } from "./text.js";

/** @typedef {import("./api.js").Entry} Entry */
/** @typedef {import("./api.js").Tree} Tree */

/** The most bytes of a body that are shown before somebody asks for more. */
const SHOWN = 64 << 10;

/** @type {import("./main.js").View} */
export async function entryView(main, { parts }, signal) {
  const [treeId = "", index = ""] = parts.map(decodeURIComponent);
  if (!/^\d{1,20}$/.test(treeId) || !/^\d{1,20}$/.test(index)) {
    throw new Error("An entry is named by the numbers of its tree and its index.");
  }
  const trees = await api.trees(signal);
  const tree = trees.find(({ head }) => head.treeId === treeId);
  if (tree === undefined) throw new Error(`The log has no tree ${treeId}.`);
  const { entry, body } = await api.entry(treeId, index, signal);
  const held = readBody(body);
  const checks = h("section", { "aria-labelledby": "checks" });
  const rekor = h("section", { "aria-labelledby": "rekor", hidden: true });
  const witnessed = h("section", { "aria-labelledby": "witnesses", hidden: true });
  const statement = h("section", { "aria-labelledby": "statement" });
  fill(main,
    h("h1", {}, `Entry ${index}`),
    neighbours(tree, BigInt(index)),
    summary(entry, tree),
    checks, rekor, witnessed,
    signersSection(entry, held),
    statement,
    bodySection(entry, body),
    commandsSection(treeId, index));
  announce(`Entry ${index} of tree ${treeId}`);
  const v1 = tree.rekorV1Key === "" ? null : await api.rekorV1Entry(uuidOf(entry), signal);
  await showStatement(statement, entry, v1);
  if (!canVerify()) return showAbsent(checks, tree, index);
  const proof = await api.inclusionProof(treeId, index, signal);
  const [pinned, named] = [keys(), await namedKeys(tree)];
  const subject = { tree, index, entry, body, held, proof, pinned, named };
  await stepList(checks, "checks", "Verification in this browser", verifyEntry(subject, signal));
  if (v1 !== null) {
    rekor.hidden = false;
    const steps = verifyRekorV1(subject, v1);
    await stepList(rekor, "rekor", "What Rekor v1 answers about it", steps);
  }
  await showWitnesses(witnessed, proof.checkpoint, pinned, named);
}

/** @param {Entry} entry */
function uuidOf(entry) {
  const tree = BigInt(entry.treeId).toString(16).padStart(16, "0");
  return tree + String(entry.leafHash).replace(/^sha256:/, "");
}

/**
 * @param {Tree} tree
 * @param {bigint} index
 */
function neighbours(tree, index) {
  const to = (/** @type {bigint} */ other, /** @type {string} */ text) => {
    return inner(routeToEntry(tree.head.treeId, String(other)), text);
  };
  return h("nav", { class: "pager", "aria-label": "Entries around" },
    index > 0n && to(index - 1n, "Previous"),
    index + 1n < BigInt(tree.head.size) && to(index + 1n, "Next"));
}

/**
 * @param {Entry} entry
 * @param {Tree} tree
 */
function summary(entry, tree) {
  const isCounted = tree.protocol === "rekor-v1" || tree.protocol === "rekor-mixed";
  const digests = (entry.digests ?? []).map(({ of, digest }) => h("div", { class: "row" },
    h("span", { class: "dim" }, `${of} `),
    code(digest), " ", findLink("digest", digest)));
  const kind = entry.kind === undefined ? "not understood" : `${entry.kind} ${entry.version}`;
  return facts([
    ["Kind", told(kind)],
    ["Logged at", [timeOf(entry), entry.time !== undefined && " by the log's word"]],
    ["Log", told(tree.head.origin)],
    ["Tree", code(tree.head.treeId)],
    ["Index over all of Rekor v1", isCounted && String(BigInt(tree.start) + BigInt(entry.index))],
    ["Leaf hash", code(String(entry.leafHash))],
    ["UUID in Rekor v1", tree.rekorV1Key !== "" && code(uuidOf(entry))],
    ["Digests", digests],
  ]);
}

/**
 * A link to all entries that name the same. It stands beside what is named: an address that leads
 * somewhere else than it says would be a trap.
 * @param {string} field
 * @param {string} value
 */
function findLink(field, value) {
  const link = inner(routeToSearch(`${field}:${queryValue(value)}`), "find");
  link.setAttribute("aria-label", `find entries with this ${field}`);
  return link;
}

/**
 * @param {Entry} entry
 * @param {import("./body.js").Held} held
 */
function signersSection(entry, held) {
  const section = h("section", { "aria-labelledby": "signers" },
    h("h2", { id: "signers" }, "Who signed"));
  const signers = entry.signers ?? [];
  if (signers.length === 0) put(section, h("p", {}, "Nothing that this log can read."));
  for (const signer of signers) put(section, signerView(signer));
  held.certificates.forEach((certificate, at) => put(section, certificateView(certificate, at)));
  put(section, h("p", { class: "dim" }, "The log verified the signature when it took the entry, "
    + "and not who issued a certificate. This page does neither: ", h("code", {}, "verify"),
    " below does both."));
  return section;
}

/** @param {import("./api.js").Signer} signer */
function signerView(signer) {
  const claims = Object.entries(signer.claims ?? {}).map(([name, value]) => {
    return /** @type {[string, Node]} */ ([name, toldLink(value)]);
  });
  return h("div", { class: "signer" }, facts([
    ["Subject", (signer.subjects ?? []).map((subject) => h("div", { class: "row" },
      told(subject), " ", findLink("subject", subject)))],
    ["Issuer", signer.issuer !== undefined && toldLink(signer.issuer)],
    ["Authority", signer.authority !== undefined
      && [told(signer.authority), " by the certificate's own word"]],
    ["Key", signer.key !== undefined
      && [code(signer.key), " ", findLink("key", signer.key)]],
  ]), claims.length > 0 && h("details", { open: true },
    h("summary", {}, "What the certificate claims"), facts(claims)));
}

/**
 * @param {import("./certificate.js").Certificate} certificate
 * @param {number} at
 */
function certificateView(certificate, at) {
  const text = pem("CERTIFICATE", certificate.der);
  const print = h("span", { class: "code" });
  if (canVerify()) {
    sha256(certificate.der).then((hash) => {
      print.textContent = `sha256:${hex(hash)}`;
    });
  }
  return h("details", {}, h("summary", {}, `Certificate ${at + 1}, from the body`),
    facts([
      ["Serial number", code(certificate.serial)],
      ["Valid", `${certificate.notBefore} to ${certificate.notAfter}`],
      ["Fingerprint", canVerify() && print],
    ]),
    h("pre", { tabindex: 0, role: "group", "aria-label": `certificate ${at + 1} as PEM` }, text),
    h("p", { class: "buttons" }, copyButton("copy the certificate", text),
      saveButton("save", `certificate-${at + 1}.pem`, () => text)));
}

/**
 * @param {HTMLElement} section
 * @param {Entry} entry
 * @param {import("./api.js").RekorV1Entry | null} v1
 */
async function showStatement(section, entry, v1) {
  fill(section, h("h2", { id: "statement" }, "Statement"));
  const data = fromBase64(v1?.attestation?.data ?? "!");
  if (data === null) {
    put(section, h("p", {}, "The log shows no statement beside this entry. Whether there is one it "
      + "does not say: an entry may be no more than the hash of an envelope."));
    return;
  }
  const text = fromUtf8(data) ?? "";
  const document = parsed(text);
  put(section,
    facts([
      ["Predicate", typeof document?.predicateType === "string"
        && toldLink(document.predicateType)],
      ["Subjects", subjectsOf(document).map((one) => h("div", { class: "row" }, told(one)))],
      ["Kept beside the entry", await boundText(entry, data)],
    ]),
    textBlock("the statement", document === null ? text : JSON.stringify(document, null, 2)),
    h("p", { class: "buttons" }, saveButton("save", `statement-${entry.index}.json`, () => data)));
}

/**
 * @param {any} document
 * @returns {string[]}
 */
function subjectsOf(document) {
  const subjects = Array.isArray(document?.subject) ? document.subject : [];
  return subjects.slice(0, 100).map((/** @type {any} */ one) => {
    const digests = Object.entries(one?.digest ?? {}).map(([name, value]) => `${name}:${value}`);
    return [String(one?.name ?? ""), ...digests].join(" ");
  });
}

/**
 * @param {Entry} entry
 * @param {Uint8Array} data
 */
async function boundText(entry, data) {
  if (!canVerify()) return "not compared with the entry";
  const digest = `sha256:${hex(await sha256(data))}`;
  const isNamed = entry.digests?.some((one) => one.of === "payload" && one.digest === digest);
  return isNamed
    ? "its SHA-256 is the digest of the payload that the entry names"
    : "its SHA-256 is not a digest that the entry names: nothing binds it to the entry";
}

/** @param {string} text */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/**
 * @param {Entry} entry
 * @param {Uint8Array} body
 */
function bodySection(entry, body) {
  const text = fromUtf8(body);
  const document = text === null ? null : parsed(text);
  const pretty = document === null ? text ?? hex(body) : JSON.stringify(document, null, 2);
  return h("section", { "aria-labelledby": "body" },
    h("h2", { id: "body" }, "Body"),
    h("p", { class: "dim" }, `${counted(body.length, "byte", "bytes")}. `, document === null
      ? "Shown as it is."
      : "Indented for reading; what is hashed is the line that ", document !== null
      && h("em", {}, "save"), document !== null && " writes."),
    textBlock("the body", pretty),
    h("p", { class: "buttons" }, text !== null && copyButton("copy the body", text),
      saveButton("save", `entry-${entry.index}.json`, () => body)));
}

/**
 * @param {string} label
 * @param {string} text
 */
function textBlock(label, text) {
  const block = h("pre", { tabindex: 0, role: "group", "aria-label": label, class: "told" });
  // Line by line: what is not seen is spelled out, and lines stay lines.
  const lines = text.slice(0, SHOWN).split("\n");
  put(block, lines.map((line) => h("span", { class: "line" }, told(line), "\n")));
  if (text.length <= SHOWN) return block;
  return h("div", {}, block,
    h("p", { class: "dim" }, `The first ${SHOWN} characters of ${text.length}; save it for all.`));
}

/**
 * @param {string} treeId
 * @param {string} index
 */
function commandsSection(treeId, index) {
  return h("section", { class: "with-command", "aria-labelledby": "commands" },
    h("h2", { id: "commands" }, "By command"),
    h("p", {}, "Read this entry, with its proof:"), commandLine(getCommand(treeId, index)),
    h("p", {}, "Verify a file that it is about, with its bundle and a trusted root that you had "
      + "before:"), commandLine(verifyCommand()));
}

/**
 * @param {HTMLElement} section
 * @param {Tree} tree
 * @param {string} index
 */
function showAbsent(section, tree, index) {
  fill(section, h("h2", { id: "checks" }, "Not verified"),
    h("div", { class: "warning", role: "alert", "data-step": "absent" },
      h("p", {}, "Nothing on this page was verified. The browser lets a page hash and verify only "
        + "over https, or over plain http from this machine's own names, and this page came over "
        + `plain http from ${location.hostname}. The command can:`),
      commandLine(proofCommand(tree, index))));
}

/**
 * @param {HTMLElement} section
 * @param {string} note
 * @param {import("./key.js").Key[]} pinned
 * @param {import("./key.js").Key[]} named
 */
async function showWitnesses(section, note, pinned, named) {
  const checkpoint = readCheckpoint(note);
  const found = checkpoint === null ? [] : await witnesses(checkpoint, pinned, named);
  if (found.length === 0) return;
  section.hidden = false;
  fill(section, h("h2", { id: "witnesses" }, "Witnesses of this checkpoint"),
    h("ul", {}, found.map(({ name, time, detail, state }) => h("li", { "data-state": state },
      told(name), time === null ? "" : ` at ${time}`, `: ${detail}`))));
}
