// The morning after: everything that several rules touch, as a list and as a file.

import * as api from "./api.js";
import { collect, MAX_HITS, prove } from "./collect.js";
import { searchCommand } from "./commands.js";
import { gaps, sawEverything } from "./coverage.js";
import {
  announce, button, code, commandLine, fill, h, inner, put, saveButton, told,
} from "./dom.js";
import { csv, json } from "./export.js";
import { canVerify } from "./hashing.js";
import { timeOf } from "./hits.js";
import { keys } from "./memory.js";
import { routeToEntry } from "./route.js";
import { counted, grouped } from "./text.js";

/** @typedef {import("./collect.js").Collected} Collected */
/** @typedef {import("./api.js").Tree} Tree */

/** How many hits are shown; files have all. */
const SHOWN = 500;

/** The most rules at a time. */
const MAX_RULES = 64;

/** @type {import("./main.js").View} */
export async function recallView(main, { parameters }, signal) {
  const box = h("textarea", {
    id: "rules", rows: 5, spellcheck: "false", autocapitalize: "off", autocomplete: "off",
    placeholder: "subject:mallory@acme.example\npkg:npm/left-pad@1.3.0",
  });
  box.value = parameters.get("rules") ?? "";
  const proveEach = h("input", { type: "checkbox", id: "prove", disabled: !canVerify() });
  const found = h("div", { id: "found" });
  const form = h("form", { class: "recall" },
    h("label", { for: "rules" }, "Rules, one a line, each a query as under Search"), box,
    h("p", {}, proveEach, " ", h("label", { for: "prove" }, "Verify each hit in this browser "
      + "(two requests a hit)")),
    h("p", { class: "buttons" }, h("button", { type: "submit" }, "Find everything")));
  fill(main, h("h1", {}, "Recall"),
    h("p", {}, "What is affected, when a key leaked, an account was taken, or a version turned "
      + "bad: every entry that any of the rules finds, up to now, and what the log could not see."),
    form, found);
  /** @type {AbortController | null} */
  let running = null;
  signal.addEventListener("abort", () => running?.abort());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    running?.abort();
    running = new AbortController();
    const mine = running;
    const rules = box.value.split("\n").map((line) => line.trim()).filter((line) => line !== "");
    try {
      await run(found, [...new Set(rules)], proveEach.checked, mine);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (!signal.aborted) fill(found, mine.signal.aborted ? stopped() : refused(text));
    }
  });
}

function stopped() {
  return h("p", { class: "warning", role: "alert" }, "Stopped. What was found so far is not all, "
    + "and is not shown.");
}

/** @param {string} text */
function refused(text) {
  return h("p", { class: "failed", role: "alert" }, told(text));
}

/**
 * @param {HTMLElement} found
 * @param {string[]} rules
 * @param {boolean} isProving
 * @param {AbortController} running
 */
async function run(found, rules, isProving, running) {
  if (rules.length === 0) throw new Error("Write at least one rule.");
  if (rules.length > MAX_RULES) throw new Error(`A page takes ${MAX_RULES} rules at a time.`);
  const progress = h("p", { role: "status" }, "Looking \u2026");
  fill(found, progress, h("p", { class: "buttons" }, button("Stop", () => running.abort())));
  const { signal } = running;
  const trees = await api.trees(signal);
  const collected = await collect(rules, trees, ({ found: hits }) => {
    progress.textContent = `${counted(hits.length, "hit", "hits")} so far \u2026`;
  }, signal);
  if (isProving) {
    await prove(collected, trees, (done) => {
      progress.textContent = `${grouped(done)} of ${grouped(collected.found.length)} verified`;
    }, signal);
  }
  showCollected(found, collected, isProving, trees);
}

/**
 * @param {HTMLElement} found
 * @param {Collected} collected
 * @param {boolean} isProving
 * @param {Tree[]} trees
 */
function showCollected(found, collected, isProving, trees) {
  const hits = collected.found;
  const stamp = collected.asked.replace(/[-:]|\.\d+/g, "");
  const title = hits.length === 0 ? "None found" : counted(hits.length, "hit", "hits");
  fill(found, h("h2", { id: "hits" }, title), h("p", { class: "none" }, wholeText(collected)),
    isProving && provenText(collected));
  if (hits.length > 0) {
    put(found, h("p", { class: "buttons" },
      saveButton("Save as CSV", `recall-${stamp}.csv`, () => csv(collected)),
      saveButton("Save as JSON", `recall-${stamp}.json`, () => json(collected))), table(collected));
  }
  if (hits.length > SHOWN) {
    put(found, h("p", {}, `The first ${SHOWN} are shown; the files have all.`));
  }
  put(found, coveredSection(collected, trees), h("section", { class: "with-command" },
    h("h2", {}, "By command"),
    h("p", {}, "Rule by rule, each hit proven under a key that you name:"),
    collected.rules.slice(0, 8).map((rule) => commandLine(`${searchCommand(rule)} --csv`))));
  announce(title);
}

/** @param {Collected} collected */
function wholeText(collected) {
  if (!collected.isWhole) {
    return `Not all: a page collects ${grouped(MAX_HITS)} hits at most. Use the command below.`;
  }
  const all = Object.values(collected.coverage);
  const saw = all.length === collected.rules.length
    && all.every((coverage) => sawEverything(coverage, collected.unknown));
  return saw
    ? "The log looked through everything, and nothing was out of its sight."
    : "Not everything could be seen: an entry that was out of sight may be affected as well.";
}

/** @param {Collected} collected */
function provenText({ found, broken }) {
  if (broken.length === 0) {
    const whose = keys().length > 0 ? "" : " You gave no key, so that these are keys of the log's "
      + "own word.";
    return h("p", {}, `Each of the ${found.length} was verified to be in its signed tree.${whose}`);
  }
  return h("p", { class: "failed", role: "alert" }, `${broken.length} could not be verified: `,
    broken.slice(0, 20).join(", "), broken.length > 20 && ", \u2026");
}

/** @param {Collected} collected */
function table({ found, rules }) {
  const heads = ["entry", "logged at", "signed by", "digest", ...rules.length > 1 ? ["rule"] : []];
  const rows = found.slice(0, SHOWN).map(({ hit, rules: of, proven }) => {
    const { entry } = hit;
    const signers = (entry.signers ?? []).flatMap(({ subjects, key }) => {
      return subjects !== undefined && subjects.length > 0 ? subjects : key ?? [];
    });
    const link = inner(routeToEntry(entry.treeId, entry.index), String(entry.index));
    link.setAttribute("aria-label", `entry ${entry.index} of tree ${entry.treeId}`);
    return h("tr", {},
      h("th", { scope: "row" }, link, " ", h("span", { class: "dim" }, entry.kind ?? ""),
        proven && h("span", { class: "more" }, " in the tree"),
        !hit.shownByBody && h("span", { class: "mark" }, " by its submission")),
      h("td", {}, timeOf(entry)),
      h("td", {}, signers.slice(0, 3).map((one) => h("div", {}, told(one)))),
      h("td", {}, (entry.digests ?? []).slice(0, 2).map(({ digest }) => h("div", {},
        code(digest)))),
      rules.length > 1 && h("td", {}, [...of].map((rule) => h("div", {}, told(rule)))));
  });
  return h("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "All hits" },
    h("table", {}, h("thead", {}, h("tr", {}, heads.map((text) => {
      return h("th", { scope: "col" }, text);
    }))), h("tbody", {}, rows)));
}

/**
 * @param {Collected} collected
 * @param {Tree[]} trees
 */
function coveredSection(collected, trees) {
  const items = Object.entries(collected.coverage).map(([rule, coverage]) => {
    const lines = coverage.map((tree) => {
      const origin = trees.find(({ head }) => head.treeId === tree.treeId)?.head.origin ?? "";
      const missing = gaps(tree);
      const range = `${grouped(tree.first)}\u2009\u2013\u2009${grouped(tree.end)}`;
      return h("li", {}, told(origin), ` ${range}`,
        missing.length === 0 ? ": nothing out of sight" : `: ${missing.join("; ")}`);
    });
    return h("li", {}, told(rule), h("ul", {}, lines));
  });
  const copies = trees.filter(({ role }) => role === "TREE_ROLE_COPY").length;
  return h("section", { class: "coverage", "aria-labelledby": "coverage" },
    h("h2", { id: "coverage" }, "What was looked through"), h("ul", {}, items),
    collected.unknown > 0 && h("p", {}, `Of ${counted(collected.unknown, "entry", "entries")} `
      + "nothing tells whether they are hits."),
    copies > 0 && h("p", {}, `Not asked: ${counted(copies, "copy", "copies")} of other logs.`),
    h("p", {}, "That there is nothing more in there is the log's word, by its index."));
}
