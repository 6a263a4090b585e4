// Steps of a verification, as they are done.

import { announce, fill, h, put, saveButton } from "./dom.js";
import { base64 } from "./encoding.js";

/** @typedef {import("./step.js").Step} Step */

const WORDS = { ok: "verified", failed: "failed", open: "not decided" };

/**
 * Shows steps one by one, and what they come to.
 * @param {HTMLElement} section
 * @param {string} id of its heading
 * @param {string} title
 * @param {AsyncGenerator<Step>} steps
 * @returns {Promise<Step[]>}
 */
export async function stepList(section, id, title, steps) {
  const verdict = h("p", { class: "verdict" }, "Verifying \u2026");
  const list = h("ol", { class: "steps" });
  fill(section, h("h2", { id }, title), verdict, list);
  const done = [];
  for await (const step of steps) {
    done.push(step);
    put(list, stepView(step));
  }
  const { state, text } = conclusion(done);
  verdict.setAttribute("data-state", state);
  verdict.textContent = text;
  announce(text);
  return done;
}

/** @param {Step[]} steps */
function conclusion(steps) {
  const failed = steps.findIndex((step) => step.state === "failed");
  if (failed >= 0) {
    const text = `Failed at step ${failed + 1}, ${steps[failed]?.title.toLowerCase()}. What comes `
      + "after it was not looked at.";
    return { state: "failed", text };
  }
  const signature = steps.find((step) => step.id === "signature");
  const open = steps.filter((step) => step.state === "open");
  if (open.length === 0) return { state: "ok", text: "Verified, under a key that you gave." };
  const text = signature?.state === "ok"
    ? "In the log, under a key that you gave. What is not decided is marked below."
    : "Nothing contradicts itself; no key that you gave stands behind it.";
  return { state: "open", text };
}

/** @param {Step} step */
function stepView(step) {
  const { id, title, state, detail, compared = [], levels = [], heads } = step;
  const rows = compared.flatMap(([name, value]) => [h("dt", {}, name), h("dd", { class: "code" },
    value)]);
  return h("li", { "data-step": id, "data-state": state },
    h("p", {}, h("span", { class: "state" }, WORDS[state]), " ", h("strong", {}, title)),
    h("p", {}, detail),
    rows.length > 0 && h("dl", { class: "compared" }, rows),
    levels.length > 0 && wayUp(levels),
    heads !== undefined && h("p", { class: "buttons" },
      saveButton("save the head seen before", "checkpoint-before.txt", () => heads[0]),
      saveButton("save the head of now", "checkpoint-now.txt", () => heads[1])));
}

/** @param {import("./hashing.js").Level[]} levels */
function wayUp(levels) {
  const items = levels.map(({ side, sibling, hash }) => h("li", {},
    `${side} sibling `, h("span", { class: "code" }, base64(sibling)), " gives ",
    h("span", { class: "code" }, base64(hash))));
  return h("details", {}, h("summary", {}, "The way up"), h("ol", { class: "way" }, items));
}
