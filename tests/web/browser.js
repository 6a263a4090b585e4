// Debian's Chromium, and what every view is held to.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

import { chromium } from "playwright-core";

const CHROMIUM = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
/** A folder whose files stand in for those of the program: to try a change without a build. */
const ASSETS = process.env["PAGE_ASSETS"];
const AXE = createRequire(import.meta.url).resolve("axe-core/axe.min.js");

/** @typedef {import("playwright-core").Page} Page */
/** @typedef {import("playwright-core").Browser} Browser */
/** @typedef {Page & {complaints: string[]}} WatchedPage */

/** @param {...string} flags */
export function launch(...flags) {
  return chromium.launch({
    executablePath: CHROMIUM,
    // In a container Chromium runs as root, where it has no sandbox.
    args: ["--no-sandbox", "--disable-dev-shm-usage", ...flags],
  });
}

/**
 * A new page, which notes all that the browser complains of.
 * @param {Browser} browser
 * @param {import("playwright-core").BrowserContextOptions} [options]
 * @returns {Promise<WatchedPage>}
 */
export async function newPage(browser, options = {}) {
  const context = await browser.newContext(options);
  if (ASSETS !== undefined) await context.route(/\/(page\/[^/]*)?$/, substitute);
  const page = /** @type {WatchedPage} */ (await context.newPage());
  // Far beyond what anything takes, however loaded the machine is.
  page.setDefaultTimeout(60_000);
  page.complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) page.complaints.push(message.text());
  });
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("dialog", (dialog) => {
    page.complaints.push(`a dialog: ${dialog.message()}`);
    dialog.dismiss();
  });
  return page;
}

/** @param {import("playwright-core").Route} route */
async function substitute(route) {
  const response = await route.fetch();
  const name = new URL(route.request().url()).pathname.replace(/^\/(page\/)?/, "");
  const body = readFileSync(join(ASSETS ?? "", name === "" ? "index.html" : name));
  await route.fulfill({ response, status: 200, body });
}

/**
 * Opens a view, and waits until it is there.
 * @param {Page} page
 * @param {string} url
 * @param {string} route
 */
export async function open(page, url, route = "#/") {
  // Of two addresses that differ behind the `#` alone, the second loads nothing.
  await page.goto("about:blank");
  await page.goto(`${url}/${route}`);
  await page.locator("main h1").waitFor();
}

/**
 * The conclusion of a verification, when it is reached.
 * @param {Page} page
 * @param {string} [id] of its heading
 */
export async function verdict(page, id = "checks") {
  const line = page.locator(`section[aria-labelledby=${id}] .verdict[data-state]`);
  await line.waitFor();
  return {
    state: await line.getAttribute("data-state"),
    text: await line.textContent() ?? "",
    failed: await failedStep(page, id),
  };
}

/**
 * @param {Page} page
 * @param {string} id
 */
async function failedStep(page, id) {
  const steps = page.locator(`section[aria-labelledby=${id}] .steps > li[data-state=failed]`);
  return await steps.count() === 0 ? null : steps.first().getAttribute("data-step");
}

/**
 * Holds a view against the rules for accessible pages.
 * @param {Page} page
 * @param {string} name
 */
export async function assertAccessible(page, name) {
  // Scripts of the page's own origin alone may run; this one comes through the debugger.
  await page.addInitScript({ path: AXE });
  await page.reload();
  await page.locator("main h1").waitFor();
  await page.waitForLoadState("networkidle");
  const { violations } = await page.evaluate(() => {
    return /** @type {any} */ (globalThis).axe.run(document, { resultTypes: ["violations"] });
  });
  const told = violations.map((/** @type {any} */ one) => {
    const nodes = one.nodes.map((/** @type {any} */ node) => {
      return `${node.html}: ${node.failureSummary}`;
    });
    return `${one.id}: ${one.help}\n${nodes.join("\n")}`;
  });
  assert.deepEqual(told, [], `${name} is not accessible`);
}
