// Entries that were made to harm whoever looks at them. Anybody may log anything under any name.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { launch, newPage, open, verdict } from "./browser.js";
import { newKey, startLog, submitCertified, submitStatement } from "./log.js";

/** @type {import("./log.js").Log} */
let log;
/** @type {import("./browser.js").Browser} */
let browser;

const HARM = 'document.title="harmed"';
const MARKUP = `"><img src=x onerror=${HARM}><script>${HARM}</script>`;
const SCRIPT = "javascript:document.title='harmed'";
const REVERSED = "https://good.example/\u202egpj.exe";
const USER = "https://github.com@evil.example/";
const LONG = `https://long.example/${"x".repeat(6000)}`;
const HIDDEN = `a\u200bb${"\u0301".repeat(6)}`;
const PLAIN = "https://github.com/acme/app";

before(async () => {
  [log, browser] = await Promise.all([startLog(), launch()]);
  await submitCertified(log, {
    uris: [MARKUP, SCRIPT, `data:text/html,${MARKUP}`],
    authority: MARKUP,
    claims: {
      8: SCRIPT, 9: REVERSED, 11: MARKUP, 12: PLAIN, 14: HIDDEN, 16: USER, 21: LONG,
    },
  }, "hostile");
  await submitStatement(log, newKey(), {
    _type: "https://in-toto.io/Statement/v1",
    subject: [{ name: MARKUP, digest: { sha256: "ef".repeat(32) } }],
    predicateType: SCRIPT,
    predicate: { [MARKUP]: MARKUP },
  });
});

after(async () => {
  await browser.close();
  await log.stop();
});

/** @param {import("./browser.js").Page} page */
async function assertUnharmed(page) {
  assert.doesNotMatch(await page.title(), /harmed/);
  const found = await page.evaluate(() => ({
    images: document.querySelectorAll("img, iframe, object, embed, svg").length,
    scripts: document.querySelectorAll("script").length,
    links: [...document.querySelectorAll("a")].map((link) => link.getAttribute("href") ?? ""),
    wide: document.documentElement.scrollWidth > document.documentElement.clientWidth,
  }));
  assert.equal(found.images, 0);
  assert.equal(found.scripts, 1);
  assert.equal(found.wide, false, "the page is wider than the window");
  for (const link of found.links) {
    const isOwn = link.startsWith("#") || link === "openapi.json";
    assert.ok(isOwn || link === PLAIN, `a link leads to ${link}`);
  }
}

test("what an entry names stays text, in a list and in the view of the entry", async () => {
  const page = await newPage(browser);
  await open(page, log.url, "#/search?q=kind:hashedrekord");
  await page.locator(".hit").first().waitFor();
  await page.getByText(MARKUP.slice(0, 30)).first().waitFor();
  await assertUnharmed(page);
  await open(page, log.url, `#/entry/${log.v2.head.treeId}/0`);
  assert.equal((await verdict(page)).failed, null);
  await assertUnharmed(page);
  assert.equal(await page.locator(`a[href="${PLAIN}"]`).textContent(), PLAIN);
  const rel = await page.locator(`a[href="${PLAIN}"]`).getAttribute("rel");
  assert.equal(rel, "noopener noreferrer nofollow");
  assert.deepEqual(page.complaints, []);
});

test("signs that are not seen are spelled out, and long texts are cut", async () => {
  const page = await newPage(browser);
  await open(page, log.url, `#/entry/${log.v2.head.treeId}/0`);
  await verdict(page);
  const signer = page.locator(".signer");
  const text = await signer.textContent() ?? "";
  assert.ok(!text.includes("\u202e") && !text.includes("\u200b"));
  assert.ok(text.includes("https://good.example/\\u{202e}gpj.exe"));
  assert.ok(text.includes("a\\u{200b}b") && text.includes("\\u{301}"));
  assert.ok(!text.includes(LONG));
  await signer.getByRole("button", { name: `show all ${LONG.length} characters` }).click();
  assert.ok((await signer.textContent() ?? "").includes(LONG));
  await assertUnharmed(page);
});

test("a hostile statement stays text", async () => {
  const page = await newPage(browser);
  await open(page, log.url, `#/entry/${log.v1.head.treeId}/0`);
  await verdict(page);
  const statement = page.locator("section[aria-labelledby=statement]");
  await statement.getByText(SCRIPT).first().waitFor();
  await assertUnharmed(page);
  assert.deepEqual(page.complaints, []);
});

test("an answer that lies about its own form stays text", async () => {
  const page = await newPage(browser);
  await page.route("**/log/v1/search?**", (route) => route.fulfill({
    status: 400,
    contentType: "application/json",
    body: JSON.stringify({ code: 3, message: MARKUP, details: [] }),
  }));
  await open(page, log.url, "#/search?q=kind:dsse");
  await page.getByText(MARKUP).waitFor();
  await assertUnharmed(page);
});

test("what is in the address stays text", async () => {
  const page = await newPage(browser);
  await open(page, log.url, `#/search?${new URLSearchParams({ q: MARKUP })}`);
  await page.locator("#refused").waitFor();
  assert.equal(await page.locator("#q").inputValue(), MARKUP);
  await open(page, log.url, `#/entry/${encodeURIComponent(MARKUP)}/0`);
  await page.getByText("An entry is named by the numbers").waitFor();
  await open(page, log.url, `#/${encodeURIComponent(MARKUP)}`);
  await assertUnharmed(page);
});

test("the browser refuses what the page does not do itself", async () => {
  const page = await newPage(browser);
  await open(page, log.url);
  const outcome = await page.evaluate(async () => {
    const connects = new Promise((done) => {
      document.addEventListener("securitypolicyviolation", (event) => {
        if (event.effectiveDirective === "connect-src") {
          done(true);
        }
      });
    });
    const isRefused = (/** @type {() => void} */ harm) => {
      try {
        harm();
        return false;
      } catch {
        return true;
      }
    };
    const refused = [
      () => document.body.insertAdjacentHTML("beforeend", "<b>harm</b>"),
      () => document.createElement("script").setAttribute("src", "https://evil.example/x.js"),
    ].map(isRefused);
    // What a test evaluates may evaluate text itself; what it leaves to a timer may not.
    const evaluates = () => isRefused(() => new Function("return 1")());
    refused.push(await new Promise((done) => setTimeout(() => done(evaluates()), 0)));
    const isReached = await fetch("https://evil.example/").then(() => true, () => false);
    return { refused, isReached, isViolation: await connects };
  });
  assert.deepEqual(outcome.refused, [true, true, true]);
  assert.equal(outcome.isReached, false);
  assert.equal(outcome.isViolation, true);
});
