// The formats that the page reads by itself, against published vectors and definitions. No browser
// is needed for these.

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { test } from "node:test";

import { readCertificate } from "../../log-server/src/page/assets/certificate.js";
import { base64, concat, equal, fromBase64 } from "../../log-server/src/page/assets/encoding.js";
import {
  isExtension, leafHash, nodeHash, rootOfInclusion,
} from "../../log-server/src/page/assets/hashing.js";
import { memberText } from "../../log-server/src/page/assets/json_text.js";
import { readKeys, readVerifierKey, verify } from "../../log-server/src/page/assets/key.js";
import { readCheckpoint } from "../../log-server/src/page/assets/note.js";
import { certify } from "./der.js";

/** Published vectors, which lie beside the checkout or nowhere. */
const FIXTURES = new URL("../../../shared/fixtures/", import.meta.url);

/** @param {string} name */
function probes(name) {
  const file = new URL(`merkle/${name}.json`, FIXTURES);
  return existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : null;
}

/** @param {string | undefined} text */
function hash(text) {
  return fromBase64(text ?? "!") ?? new Uint8Array();
}

test("the published probes of inclusion", async (context) => {
  const all = probes("inclusion");
  if (all === null) return context.skip("the published vectors are not here");
  assert.equal(all.length, 98);
  for (const { name, leafIdx, treeSize, leafHash: leaf, root, proof, wantErr } of all) {
    const hashes = (proof ?? []).map(hash);
    const isForm = [...hashes, hash(leaf), hash(root)].every((one) => one.length === 32);
    const [index, size] = [BigInt(leafIdx ?? 0), BigInt(treeSize ?? 0)];
    const way = isForm ? await rootOfInclusion(index, size, hash(leaf), hashes) : null;
    assert.equal(way === null || !equal(way.root, hash(root)), wantErr, name);
  }
});

test("the published probes of consistency", async (context) => {
  const all = probes("consistency");
  if (all === null) return context.skip("the published vectors are not here");
  assert.equal(all.length, 98);
  for (const { name, size1, size2, root1, root2, proof, wantErr } of all) {
    const hashes = (proof ?? []).map(hash);
    const [old, now] = [BigInt(size1 ?? 0), BigInt(size2 ?? 0)];
    const isForm = hashes.every((/** @type {Uint8Array} */ one) => one.length === 32);
    const isOk = isForm && await isExtension(old, now, hash(root1), hash(root2), hashes);
    assert.equal(!isOk, wantErr, name);
  }
});

/**
 * The root of leaves, as RFC 6962 defines it.
 * @param {Uint8Array[]} leaves
 * @returns {Promise<Uint8Array>}
 */
async function rootOf(leaves) {
  if (leaves.length === 1) return /** @type {Uint8Array} */ (leaves[0]);
  const half = 2 ** Math.floor(Math.log2(leaves.length - 1));
  return nodeHash(await rootOf(leaves.slice(0, half)), await rootOf(leaves.slice(half)));
}

/**
 * The audit path of a leaf, as RFC 6962 defines it.
 * @param {number} index
 * @param {Uint8Array[]} leaves
 * @returns {Promise<Uint8Array[]>}
 */
async function pathOf(index, leaves) {
  if (leaves.length === 1) return [];
  const half = 2 ** Math.floor(Math.log2(leaves.length - 1));
  const [left, right] = [leaves.slice(0, half), leaves.slice(half)];
  return index < half
    ? [...await pathOf(index, left), await rootOf(right)]
    : [...await pathOf(index - half, right), await rootOf(left)];
}

test("every leaf of every small tree leads to its root, and no other place does", async () => {
  for (let size = 1; size <= 17; size += 1) {
    const bodies = Array.from({ length: size }, (_, at) => Uint8Array.of(at));
    const leaves = await Promise.all(bodies.map(leafHash));
    const root = await rootOf(leaves);
    for (const [index, leaf] of leaves.entries()) {
      const path = await pathOf(index, leaves);
      const leads = async (/** @type {number} */ at) => {
        const way = await rootOfInclusion(BigInt(at), BigInt(size), leaf, path);
        return way !== null && equal(way.root, root);
      };
      for (let at = 0; at <= size; at += 1) {
        assert.equal(await leads(at), at === index, `${index} at ${at} of ${size}`);
      }
    }
  }
});

test("the example of signed notes verifies, and a changed one does not", async () => {
  const vkey = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
  const key = await readVerifierKey(vkey);
  const blob = fromBase64("Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXm"
    + "RKuwHjG1Yu72IneyaQM=") ?? new Uint8Array();
  const text = "This is an example message.\n";
  assert.equal(await verify(key, text, blob.subarray(4)), "verified");
  assert.equal(await verify(key, `${text} `, blob.subarray(4)), "wrong");
  for (const bad of [vkey.replace("530d903a", "530d903b"), vkey.slice(0, -4), "no key", ""]) {
    await assert.rejects(readKeys(bad), bad);
  }
});

test("what is no checkpoint is not read", () => {
  const root = base64(new Uint8Array(32));
  const line = `\u2014 log ${base64(new Uint8Array(68))}\n`;
  const good = `log\n7\n${root}\n\n${line}`;
  assert.equal(readCheckpoint(good)?.size, 7n);
  assert.equal(readCheckpoint(`log\n7\n${root}\nmore\n\n${line}${line}`)?.extensions.length, 1);
  for (const bad of [
    "", "\n\n", `log\n07\n${root}\n\n${line}`, `log\n-7\n${root}\n\n${line}`,
    `\n7\n${root}\n\n${line}`, `log\n7\n${base64(new Uint8Array(31))}\n\n${line}`,
    `log\n7\n${root}\n${line}`, good.slice(0, -1),
    `log\n7\n${root}\n\n${line.replace("\u2014", "-")}`, `log\n7\n${root}\n\n\u2014 log AAAA\n`,
  ]) {
    assert.equal(readCheckpoint(bad), null, JSON.stringify(bad));
  }
});

test("a member of an object keeps its text", () => {
  const body = '{"a":1.50,"b":"}\\"{","c":[{"d":null}, 1e3],"\\u00e9":"\u00e9"}';
  for (const [text, expected] of /** @type {[string, string | null][]} */ ([
    [`{"body":${body}}`, body],
    [`{ "x" : "\\"body\\":{}" , "body" : ${body} , "y":1}`, body],
    [`{"b\\u006fdy":7}`, "7"],
    [`{"body":true}`, "true"],
    [`{"body":1,"body":2}`, "2"],
    [`{"in":{"body":1}}`, null],
    ["{}", null],
    ["[]", null],
    ["7", null],
  ])) {
    JSON.parse(text);
    assert.equal(memberText(text, "body"), expected, text);
  }
});

test("certificates are read, and pieces of them are not", () => {
  const { der } = certify({ uris: ["https://acme.example"] });
  const bytes = new Uint8Array(der);
  const read = readCertificate(bytes);
  assert.equal(read?.notBefore, "2026-01-01T00:00:00Z");
  assert.equal(read?.notAfter, "2046-01-01T00:00:00Z");
  assert.equal(readCertificate(concat(bytes, Uint8Array.of(0))), null);
  for (let length = 0; length < bytes.length; length += 1) {
    assert.equal(readCertificate(bytes.subarray(0, length)), null, String(length));
  }
});
