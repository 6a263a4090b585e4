// An entry, and its verification: what is true verifies, and what was changed fails where it was.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { launch, newPage, open, verdict } from "./browser.js";
import {
  newKey, startLog, submitStatement, submitV2, trustByCommand,
} from "./log.js";

/** @type {import("./log.js").Log} */
let log;
/** @type {import("./browser.js").Browser} */
let browser;
/** @type {string} */
let v2;
const INDEX = 4;
const NO_HASH = Buffer.alloc(32).toString("base64");

before(async () => {
  [log, browser] = await Promise.all([startLog(), launch()]);
  for (let number = 0; number < 11; number += 1) await submitV2(log, newKey(), `a ${number}`);
  await submitStatement(log, newKey(), {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "app", digest: { sha256: "cd".repeat(32) } }],
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: { buildDefinition: {} },
  });
  v2 = log.v2.head.treeId;
});

after(async () => {
  await browser.close();
  await log.stop();
});

/**
 * Gives the page keys, as its user would.
 * @param {import("./browser.js").Page} page
 * @param {string} text
 */
async function give(page, text) {
  await open(page, log.url, "#/keys");
  await page.fill("#given", text);
  await page.getByRole("button", { name: "Keep it" }).click();
  await page.getByText(/kept\.$/).waitFor();
}

/** @param {string} treeId */
function entryRoute(treeId, index = INDEX) {
  return `#/entry/${treeId}/${index}`;
}

test("without a key of one's own nothing is called verified", async () => {
  const page = await newPage(browser);
  await open(page, log.url, entryRoute(v2));
  const { state, text, failed } = await verdict(page);
  assert.deepEqual([state, failed], ["open", null]);
  assert.match(text, /no key that you gave/);
  const signature = await page.locator("[data-step=signature]").textContent() ?? "";
  assert.match(signature, /Ed25519 key that this log names for itself; you gave no key/);
  assert.deepEqual(page.complaints, []);
});

test("an entry is verified step by step under a key that was given", async () => {
  const page = await newPage(browser);
  await give(page, log.v2.key);
  await open(page, log.url, entryRoute(v2));
  assert.deepEqual(await verdict(page), {
    state: "ok", text: "Verified, under a key that you gave.", failed: null,
  });
  const steps = page.locator("section[aria-labelledby=checks] .steps > li");
  const ids = await steps.evaluateAll((all) => all.map((one) => one.getAttribute("data-step")));
  assert.deepEqual(ids, ["body", "decoded", "path", "checkpoint", "signature", "memory"]);
  const path = await page.locator("[data-step=path]").textContent() ?? "";
  assert.match(path, /4 hashes lead from the leaf, entry 4 of 11, up to the root/);
  // Once more: the head that was seen is extended.
  await submitV2(log, newKey(), "one more");
  await page.reload();
  await verdict(page);
  const memory = await page.locator("[data-step=memory]").textContent() ?? "";
  assert.match(memory, /The head of size 12 extends the one of size 11/);
  assert.deepEqual(page.complaints, []);
});

test("every entry of a tree verifies", async () => {
  const page = await newPage(browser);
  await give(page, log.v2.key);
  for (let index = 0; index < 11; index += 1) {
    await open(page, log.url, entryRoute(v2, index));
    assert.equal((await verdict(page)).state, "ok", `entry ${index}`);
  }
});

test("an entry of Rekor v1 has its statement, its time and a second signature", async () => {
  const page = await newPage(browser);
  const spki = String(log.v1.rekorV1Key);
  await give(page, `-----BEGIN PUBLIC KEY-----\n${spki}\n-----END PUBLIC KEY-----\n`);
  await open(page, log.url, entryRoute(log.v1.head.treeId, 0));
  assert.equal((await verdict(page)).failed, null);
  assert.deepEqual(await verdict(page, "rekor"), {
    state: "ok", text: "Verified, under a key that you gave.", failed: null,
  });
  const rekor = page.locator("section[aria-labelledby=rekor]");
  const signature = await rekor.locator("[data-step=signature]").textContent() ?? "";
  assert.match(signature, /Signed by the ECDSA P-256 key that you gave/);
  assert.equal(await rekor.locator("[data-step=timestamp]").getAttribute("data-state"), "ok");
  const statement = await page.locator("section[aria-labelledby=statement]").textContent() ?? "";
  assert.match(statement, /https:\/\/slsa\.dev\/provenance\/v1/);
  assert.match(statement, /its SHA-256 is the digest of the payload that the entry names/);
  assert.deepEqual(page.complaints, []);
});

/** A change of an answer, and the step that it is found at. */
const CHANGES = /** @type {[string, string, (answer: any) => void, string][]} */ ([
  ["the body", "entries", (entry) => {
    entry.body.apiVersion = "0.0.3";
  }, "body"],
  ["another entry", "entries", (entry) => {
    entry.index += 1;
  }, "body"],
  ["the digest that is told", "entries", (entry) => {
    entry.digests[0].digest = `sha256:${"00".repeat(32)}`;
  }, "decoded"],
  ["the key that is told", "entries", (entry) => {
    entry.signers[0].key = `sha256:${"00".repeat(32)}`;
  }, "decoded"],
  ["a hash of the proof", "proofs", (proof) => {
    proof.hashes[1] = proof.hashes[0];
  }, "path"],
  ["the index of the proof", "proofs", (proof) => {
    proof.index = "5";
  }, "path"],
  ["a proof that is too short", "proofs", (proof) => {
    proof.hashes.pop();
  }, "path"],
  ["the root of the proof", "proofs", (proof) => {
    proof.rootHash = NO_HASH;
  }, "path"],
  ["the root of the checkpoint", "proofs", (proof) => {
    proof.checkpoint = proof.checkpoint.replace(proof.rootHash, NO_HASH);
  }, "checkpoint"],
  ["the size of the checkpoint", "proofs", (proof) => {
    proof.checkpoint = proof.checkpoint.replace(`\n${proof.treeSize}\n`, "\n99\n");
  }, "checkpoint"],
  ["a checkpoint that is none", "proofs", (proof) => {
    proof.checkpoint = "no note";
  }, "checkpoint"],
  ["the signature", "proofs", (proof) => {
    proof.checkpoint = proof.checkpoint.replace(/\S{8}\n$/, "AAAAAAA=\n");
  }, "signature"],
  ["the name in the checkpoint", "proofs", (proof) => {
    proof.checkpoint = proof.checkpoint.replace(/^.*\n/, "other.example.com\n");
  }, "signature"],
]);

for (const [name, where, change, step] of CHANGES) {
  test(`changed on the way is found: ${name}`, async () => {
    const page = await newPage(browser);
    await give(page, log.v2.key);
    await changeAnswers(page, where, change);
    await open(page, log.url, entryRoute(v2));
    const { state, failed, text } = await verdict(page);
    assert.deepEqual([state, failed], ["failed", step], text);
    assert.match(text, /^Failed at step \d, /);
  });
}

/**
 * @param {import("./browser.js").Page} page
 * @param {string} where
 * @param {(answer: any) => void} change
 */
function changeAnswers(page, where, change) {
  return page.route(`**/log/v1/${where}/**`, async (route) => {
    const response = await route.fetch();
    const answer = await response.json();
    change(answer);
    await route.fulfill({ response, body: JSON.stringify(answer) });
  });
}

test("a body that was changed with its leaf hash is not in the tree", async () => {
  const page = await newPage(browser);
  // What another entry says, told as this one.
  await page.route(`**/log/v1/entries/${INDEX}?**`, async (route) => {
    const other = route.request().url().replace(`/${INDEX}?`, "/5?");
    const answer = await (await fetch(other)).text();
    const body = answer.replace('"index":5', `"index":${INDEX}`);
    await route.fulfill({ status: 200, contentType: "application/json", body });
  });
  await open(page, log.url, entryRoute(v2));
  assert.equal((await verdict(page)).failed, "path");
});

test("a checkpoint under another key than the one that was given fails", async () => {
  const page = await newPage(browser);
  const other = await startLog();
  try {
    await give(page, other.v2.key);
    await open(page, log.url, entryRoute(v2));
    assert.equal((await verdict(page)).failed, "signature");
    const told = await page.locator("[data-step=signature]").textContent() ?? "";
    assert.match(told, /The key that you gave for log\.example\.com did not sign/);
  } finally {
    await other.stop();
  }
});

test("a log that forgets what it showed is found out", async () => {
  const page = await newPage(browser);
  await open(page, log.url, entryRoute(v2));
  await verdict(page);
  await page.evaluate(() => {
    const heads = JSON.parse(localStorage.getItem("ledgerstone.heads") ?? "{}");
    for (const head of Object.values(heads)) head.root = btoa("x".repeat(32));
    localStorage.setItem("ledgerstone.heads", JSON.stringify(heads));
  });
  await page.reload();
  const { failed } = await verdict(page);
  assert.equal(failed, "memory");
  await page.getByRole("button", { name: "save the head seen before" }).waitFor();
});

test("what the browser cannot verify is not called verified", async () => {
  const page = await newPage(browser);
  await give(page, log.v2.key);
  await page.addInitScript(() => {
    const { subtle } = crypto;
    const importKey = subtle.importKey.bind(subtle);
    subtle.importKey = /** @type {any} */ ((/** @type {any[]} */ ...given) => {
      if (given[2]?.name !== "Ed25519") return Reflect.apply(importKey, subtle, given);
      return Promise.reject(new DOMException("no", "NotSupportedError"));
    });
  });
  await open(page, log.url, entryRoute(v2));
  const { state } = await verdict(page);
  assert.equal(state, "open");
  const told = await page.locator("[data-step=signature]").textContent() ?? "";
  assert.match(told, /This browser cannot verify Ed25519: nothing was checked/);
  assert.match(await page.locator("[data-step=memory]").textContent() ?? "", /Not compared/);
});

test("keys are taken in every form, and what is none is refused", async () => {
  const page = await newPage(browser);
  const root = JSON.stringify({
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs: [{
      baseUrl: "https://log.example.com",
      publicKey: { rawBytes: log.v1.rekorV1Key, keyDetails: "PKIX_ECDSA_P256_SHA_256" },
    }],
  });
  await give(page, root);
  await give(page, log.v2.key);
  assert.equal(await page.locator("section[aria-labelledby=pinned] li").count(), 2);
  await page.fill("#given", log.v2.key.replace(/\+[0-9a-f]{8}\+/, "+00000000+"));
  await page.getByRole("button", { name: "Keep it" }).click();
  await page.getByText("id does not fit it").waitFor();
  await page.locator("section[aria-labelledby=pinned] button").first().click();
  await page.waitForFunction(() => {
    return document.querySelectorAll("section[aria-labelledby=pinned] li").length === 1;
  });
  assert.deepEqual(page.complaints, []);
});

test("trust files are those that the command writes", async () => {
  const page = await newPage(browser);
  await open(page, log.url, "#/keys");
  const written = trustByCommand(log);
  for (const [name, expected] of /** @type {[string, string][]} */ ([
    ["trusted_root.json", written.trustedRoot],
    ["signing_config.v0.2.json", written.signingConfig],
  ])) {
    const coming = page.waitForEvent("download");
    await page.getByRole("button", { name: `save ${name}` }).click();
    const download = await coming;
    assert.equal(download.suggestedFilename(), name);
    const saved = JSON.parse(await readFile(await download.path(), "utf8"));
    assert.deepEqual(saved, JSON.parse(expected));
  }
});
