// The search: hits, pages, coverage, refusals.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, newPage, open } from "./browser.js";
import {
  fingerprintOf, newKey, signByCommand, startLog, submitCertified, submitStatement, submitV2,
} from "./log.js";

/** @type {import("./log.js").Log} */
let log;
/** @type {import("./browser.js").Browser} */
let browser;
const key = newKey();

before(async () => {
  [log, browser] = await Promise.all([startLog(), launch()]);
  for (let number = 0; number < 60; number += 1) await submitV2(log, key, `artifact ${number}`);
  await submitCertified(log, {
    uris: ["https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1"],
    claims: { 8: "https://token.actions.githubusercontent.com", 12: "https://github.com/acme/app" },
  }, "released");
  await submitStatement(log, newKey(), {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "pkg:npm/left-pad@1.3.0", digest: { sha256: "ab".repeat(32) } }],
    predicateType: "https://example.com/predicate",
    predicate: {},
  });
  signByCommand(log, "hello.txt", "hello");
});

after(async () => {
  await browser.close();
  await log.stop();
});

test("the newest entries are there before anything is asked", async () => {
  const page = await newPage(browser);
  await open(page, log.url);
  await page.locator(".hit").first().waitFor();
  assert.equal(await page.locator("#hits").textContent(), "Newest entries");
  assert.equal(await page.locator(".hit").count(), 50);
  assert.match(await page.locator("#growth").textContent() ?? "", /63 entries/);
  assert.equal(await page.locator("#log-name").textContent(), "log.example.com");
  await page.getByRole("link", { name: "Next page" }).click();
  await page.waitForFunction(() => document.querySelectorAll(".hit").length === 13);
  assert.deepEqual(page.complaints, []);
});

test("what is typed is found, page by page, and the address tells where one is", async () => {
  const page = await newPage(browser);
  await open(page, log.url);
  await page.fill("#q", `key:${fingerprintOf(key)}`);
  await page.selectOption("#order", "asc");
  await page.press("#q", "Enter");
  await page.getByRole("heading", { name: "50 hits on page 1" }).waitFor();
  assert.equal(await page.locator(".hit a").first().textContent(), "entry 0");
  await page.getByRole("link", { name: "Next page" }).click();
  await page.getByRole("heading", { name: "10 hits on page 2" }).waitFor();
  assert.equal(await page.locator(".hit a").first().textContent(), "entry 50");
  assert.equal(await page.getByRole("link", { name: "Next page" }).count(), 0);
  assert.match(page.url(), /page=2/);
  await page.reload();
  await page.getByRole("heading", { name: "10 hits on page 2" }).waitFor();
  await page.goBack();
  await page.getByRole("heading", { name: "50 hits on page 1" }).waitFor();
  assert.equal(await page.locator("#q").inputValue(), `key:${fingerprintOf(key)}`);
  assert.deepEqual(page.complaints, []);
});

test("the whole language is understood", async () => {
  const page = await newPage(browser);
  for (const [query, hits] of /** @type {[string, string][]} */ ([
    ["repository:https://github.com/acme/* not subject:*evil*", "1 hit"],
    ["pkg:npm/left-pad", "1 hit"],
    ["kind:intoto or issuer:https://token.actions.githubusercontent.com", "2 hits"],
    ["index:3..5 kind:hashedrekord", "2 hits"],
  ])) {
    await open(page, log.url, `#/search?${new URLSearchParams({ q: query })}`);
    await page.locator("#hits").waitFor();
    assert.equal(await page.locator("#hits").textContent(), hits, query);
  }
  assert.deepEqual(page.complaints, []);
});

test("none is said only of what was covered", async () => {
  const page = await newPage(browser);
  await open(page, log.url, "#/search?q=subject:nobody@example.com");
  await page.getByRole("heading", { name: "None found" }).waitFor();
  assert.match(await page.locator(".none").textContent() ?? "", /the log saw all that it covers/);
  assert.match(await page.locator(".coverage").textContent() ?? "", /Nothing was out of sight/);
  await open(page, log.url, "#/search?q=pkg:npm/nothing");
  await page.getByRole("heading", { name: "None found" }).waitFor();
  assert.match(await page.locator(".none").textContent() ?? "", /Not everything could be seen/);
  const coverage = await page.locator(".coverage").textContent() ?? "";
  assert.match(coverage, /62 without a statement that the log saw/);
  assert.match(coverage, /the log's word/);
});

test("a query that is none is refused with what is wrong", async () => {
  const page = await newPage(browser);
  await open(page, log.url, "#/search?q=colour:red");
  const refusal = page.locator("#refused");
  await refusal.waitFor();
  assert.equal(await page.locator("#q").getAttribute("aria-invalid"), "true");
  assert.equal(await page.locator("#q").getAttribute("aria-describedby"), "refused");
});

test("what comes in the meantime is shown", async () => {
  const page = await newPage(browser);
  await open(page, log.url, "#/trees");
  const tree = page.locator(`[data-tree="${log.v2.head.treeId}"]`);
  await tree.locator("[data-step=memory][data-state=ok]").waitFor();
  await submitV2(log, newKey(), "later");
  await page.getByText("+1 since you came").waitFor();
  await tree.getByText("+1 in 1 minute").waitFor();
  await tree.getByText("extends the one of size").waitFor();
  assert.deepEqual(page.complaints, []);
});
