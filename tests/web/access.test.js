// Who looks at the page: with a keyboard, with a screen reader, on a phone, over plain http.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { assertAccessible, launch, newPage, open, verdict } from "./browser.js";
import { newKey, startLog, submitCertified, submitStatement, submitV2 } from "./log.js";

/** @type {import("./log.js").Log} */
let log;
/** @type {import("./browser.js").Browser} */
let browser;
/** The log by a name that is not this machine's own. */
const NAME = "log.test";
/** @type {string[]} */
let routes;

before(async () => {
  [log, browser] = await Promise.all([
    startLog(), launch(`--host-resolver-rules=MAP ${NAME} 127.0.0.1`),
  ]);
  for (let number = 0; number < 3; number += 1) await submitV2(log, newKey(), `a ${number}`);
  await submitCertified(log, {
    uris: ["https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1"],
    claims: { 8: "https://token.actions.githubusercontent.com", 12: "https://github.com/acme/app" },
  }, "released");
  await submitStatement(log, newKey(), {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: "app", digest: { sha256: "cd".repeat(32) } }],
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {},
  });
  routes = [
    "#/", "#/search?q=subject:*acme*", "#/search?q=pkg:npm/nothing", "#/search?q=colour:red",
    `#/entry/${log.v2.head.treeId}/3`, `#/entry/${log.v1.head.treeId}/0`, "#/entry/1/0",
    "#/recall", "#/trees", "#/keys",
  ];
});

after(async () => {
  await browser.close();
  await log.stop();
});

for (const colorScheme of /** @type {("light" | "dark")[]} */ (["light", "dark"])) {
  test(`every view keeps the rules for accessible pages, ${colorScheme}`, async () => {
    const page = await newPage(browser, { colorScheme });
    for (const route of routes) {
      await open(page, log.url, route);
      await assertAccessible(page, `${route} (${colorScheme})`);
    }
  });
}

test("an unfolded, failed and filled view keeps them too", async () => {
  const page = await newPage(browser);
  await page.route("**/log/v1/proofs/**", async (route) => {
    const response = await route.fetch();
    const proof = await response.json();
    proof.rootHash = Buffer.alloc(32).toString("base64");
    await route.fulfill({ response, body: JSON.stringify(proof) });
  });
  await page.addInitScript(() => {
    document.addEventListener("toggle", () => null, true);
    new MutationObserver(() => {
      for (const one of document.querySelectorAll("details")) one.open = true;
    }).observe(document, { childList: true, subtree: true });
  });
  for (const route of ["#/", `#/entry/${log.v2.head.treeId}/3`]) {
    await open(page, log.url, route);
    await assertAccessible(page, `${route}, unfolded`);
  }
});

test("a phone shows every view without a scroll to the side", async () => {
  const page = await newPage(browser, { viewport: { width: 360, height: 740 }, isMobile: true });
  for (const route of routes) {
    await open(page, log.url, route);
    await page.waitForLoadState("networkidle");
    const [whole, seen] = await page.evaluate(() => {
      return [document.documentElement.scrollWidth, document.documentElement.clientWidth];
    });
    assert.equal(whole, seen, `${route} is wider than a phone`);
  }
  await open(page, log.url, "#/");
  await assertAccessible(page, "a phone");
});

test("a keyboard alone goes from the search to a verified entry", async () => {
  const page = await newPage(browser);
  await open(page, log.url);
  await page.keyboard.press("Tab");
  const focused = () => page.evaluate(() => document.activeElement?.textContent?.trim());
  assert.equal(await focused(), "Skip to the content");
  await page.keyboard.press("Enter");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "main");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.id), "q");
  await page.keyboard.type("subject:*acme*");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "1 hit" }).waitFor();
  // What is new is read from its beginning.
  assert.equal(await page.evaluate(() => document.activeElement?.id), "main");
  for (let presses = 0; presses < 12 && await focused() !== "entry 3"; presses += 1) {
    await page.keyboard.press("Tab");
  }
  assert.equal(await focused(), "entry 3");
  const ring = await page.evaluate(() => {
    return getComputedStyle(/** @type {Element} */ (document.activeElement)).outlineStyle;
  });
  assert.notEqual(ring, "none", "where one is cannot be seen");
  await page.keyboard.press("Enter");
  assert.equal((await verdict(page)).failed, null);
  assert.match(await page.locator("#announced").textContent() ?? "", /Nothing contradicts itself/);
});

test("every control can be reached, and has a name", async () => {
  const page = await newPage(browser);
  for (const route of routes) {
    await open(page, log.url, route);
    await page.waitForLoadState("networkidle");
    const bad = await page.evaluate(() => {
      const kinds = "a, button, input, select, textarea, summary";
      return [...document.querySelectorAll(kinds)].filter((one) => {
        const labelled = /** @type {HTMLInputElement} */ (one).labels?.length ?? 0;
        const name = one.getAttribute("aria-label") ?? one.textContent ?? "";
        return one.getAttribute("tabindex") === "-1" || (name.trim() === "" && labelled === 0);
      }).map((one) => one.outerHTML);
    });
    assert.deepEqual(bad, [], route);
  }
});

test("over plain http from another name nothing is called verified", async () => {
  const page = await newPage(browser);
  const url = log.url.replace("127.0.0.1", NAME);
  await open(page, url, `#/entry/${log.v2.head.treeId}/3`);
  const told = page.locator("[data-step=absent]");
  await told.waitFor();
  const text = await told.textContent() ?? "";
  assert.match(text, /Nothing on this page was verified/);
  assert.match(text, new RegExp(`plain http from ${NAME}`));
  const command = `ledgerstone proof inclusion --index 3 --tree-id ${log.v2.head.treeId} `;
  assert.ok(text.includes(command) && text.includes(`--url ${url}`), text);
  assert.equal(await page.locator(".verdict").count(), 0);
  for (const route of ["#/trees", "#/keys"]) {
    await open(page, url, route);
    await page.locator(".warning").first().waitFor();
    assert.equal(await page.locator("[data-state=ok]").count(), 0);
  }
  await open(page, url, "#/search?q=subject:*acme*");
  await page.getByRole("heading", { name: "1 hit" }).waitFor();
  // Chromium notes that the page's opener policy means nothing here.
  const other = page.complaints.filter((one) => !one.includes("Cross-Origin-Opener-Policy"));
  assert.deepEqual(other, []);
});

test("every view names what can judge the log", async () => {
  const page = await newPage(browser);
  for (const route of routes) {
    await open(page, log.url, route);
    const footer = page.locator("footer");
    await footer.getByText("Not this page").waitFor();
    const command = `ledgerstone audit --full --log-key log.vkey --url ${log.url}`;
    await footer.getByText(command).waitFor();
  }
});
