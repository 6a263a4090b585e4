// The recall: all hits of several rules, as a list and as files.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";

import { launch, newPage, open } from "./browser.js";
import { fingerprintOf, newKey, startLog, submitCertified, submitV2 } from "./log.js";

/** @type {import("./log.js").Log} */
let log;
/** @type {import("./browser.js").Browser} */
let browser;
const leaked = newKey();
const HITS = 300;

before(async () => {
  [log, browser] = await Promise.all([startLog(), launch()]);
  const numbers = Array.from({ length: HITS }, (_, number) => number);
  await Promise.all(numbers.map((number) => submitV2(log, leaked, `leaked ${number}`)));
  for (const name of ["taken@acme.example", "=1+1@acme.example"]) {
    await submitCertified(log, { uris: [`https://acme.example/${name}`] }, name);
  }
  await submitV2(log, newKey(), "of nobody");
});

after(async () => {
  await browser.close();
  await log.stop();
});

/**
 * @param {import("./browser.js").Page} page
 * @param {string} label of the button
 */
async function saved(page, label) {
  const coming = page.waitForEvent("download");
  await page.getByRole("button", { name: label }).click();
  const download = await coming;
  const text = await readFile(await download.path(), "utf8");
  return { name: download.suggestedFilename(), text };
}

test("all hits of all rules are collected, each once, and saved", async () => {
  const page = await newPage(browser);
  await open(page, log.url, "#/recall");
  const key = `key:${fingerprintOf(leaked)}`;
  const rules = [key, "subject:https://acme.example/*", `${key} index:0..9`];
  await page.fill("#rules", rules.join("\n"));
  await page.getByRole("button", { name: "Find everything" }).click();
  await page.getByRole("heading", { name: `${HITS + 2} hits` }).waitFor();
  assert.match(await page.locator(".none").textContent() ?? "", /nothing was out of its sight/);
  assert.equal(await page.locator("tbody tr").count(), HITS + 2);

  const csv = await saved(page, "Save as CSV");
  assert.match(csv.name, /^recall-\d{8}T\d{6}Z\.csv$/);
  const lines = csv.text.trimEnd().split("\r\n");
  assert.equal(lines.length, HITS + 3);
  assert.equal(lines[0], "tree,index,time,kind,version,leafHash,digests,signers,issuers,keys,"
    + "virtualIndex,shownByBody,proven,rules");
  assert.equal(lines.filter((line) => line.includes("index:0..9")).length, 9);

  const json = JSON.parse((await saved(page, "Save as JSON")).text);
  assert.equal(json.complete, true);
  assert.equal(json.hits.length, HITS + 2);
  assert.ok(json.hits.every((/** @type {any} */ hit) => hit.body === undefined && !hit.proven));
  const [rule] = json.rules;
  assert.ok(json.coverage[rule].every((/** @type {any} */ tree) => tree.everything));
  assert.deepEqual(page.complaints, []);
});

test("each hit can be verified, and one that is not so is named", async () => {
  const page = await newPage(browser);
  await open(page, log.url, "#/recall?rules=subject:https://acme.example/*");
  await page.check("#prove");
  await page.getByRole("button", { name: "Find everything" }).click();
  await page.getByText("Each of the 2 was verified to be in its signed tree").waitFor();
  const json = JSON.parse((await saved(page, "Save as JSON")).text);
  assert.ok(json.hits.every((/** @type {any} */ hit) => hit.proven));

  await page.route("**/log/v1/proofs/**", async (route) => {
    const response = await route.fetch();
    const proof = await response.json();
    if (proof.index === "301") proof.hashes.reverse();
    await route.fulfill({ response, body: JSON.stringify(proof) });
  });
  await page.getByRole("button", { name: "Find everything" }).click();
  await page.getByText(`1 could not be verified: ${log.v2.head.treeId}:301`).waitFor();
});

test("a rule that is none is refused, and none found says what was seen", async () => {
  const page = await newPage(browser);
  await open(page, log.url, "#/recall");
  await page.getByRole("button", { name: "Find everything" }).click();
  await page.getByText("Write at least one rule").waitFor();
  await page.fill("#rules", "colour:red");
  await page.getByRole("button", { name: "Find everything" }).click();
  await page.locator("#found .failed").waitFor();
  await page.fill("#rules", "pkg:npm/left-pad@1.3.0");
  await page.getByRole("button", { name: "Find everything" }).click();
  await page.getByRole("heading", { name: "None found" }).waitFor();
  assert.match(await page.locator(".none").textContent() ?? "", /Not everything could be seen/);
});
