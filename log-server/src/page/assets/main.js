// The page: which view is shown, and how large the log is.

import * as api from "./api.js";
import { auditCommand } from "./commands.js";
import { announce, commandLine, fill, h, told } from "./dom.js";
import { canVerify } from "./hashing.js";
import { readRoute } from "./route.js";
import { counted, grouped } from "./text.js";
import { entryView } from "./view_entry.js";
import { keysView } from "./view_keys.js";
import { recallView } from "./view_recall.js";
import { searchView } from "./view_search.js";
import { treesView } from "./view_trees.js";

/** @typedef {import("./route.js").Route} Route */
/** @typedef {(main: HTMLElement, route: Route, signal: AbortSignal) => Promise<void>} View */

/** @type {Record<string, {title: string, view: View}>} */
const VIEWS = {
  search: { title: "Search", view: searchView },
  entry: { title: "Entry", view: entryView },
  recall: { title: "Recall", view: recallView },
  trees: { title: "Trees", view: treesView },
  keys: { title: "Keys", view: keysView },
};

/** How often the log is asked how large it is, in milliseconds. */
const POLL = 5000;

const main = /** @type {HTMLElement} */ (document.getElementById("main"));
let shown = new AbortController();

/** @param {boolean} isFirst */
async function show(isFirst) {
  const route = readRoute(location.hash);
  const { title, view } = VIEWS[route.view] ?? { title: "Not here", view: nothing };
  shown.abort();
  shown = new AbortController();
  const { signal } = shown;
  document.title = `${title} \u2013 Ledgerstone`;
  mark(route.view);
  fill(main, h("p", { class: "dim" }, "Reading the log \u2026"));
  if (!isFirst) main.focus({ preventScroll: true });
  try {
    await view(main, route, signal);
  } catch (error) {
    if (!signal.aborted) fill(main, trouble(error));
  }
  if (!isFirst && !signal.aborted) window.scrollTo(0, 0);
}

/** @type {View} */
async function nothing(at) {
  fill(at, h("h1", {}, "There is nothing here"), h("p", {}, "The address of this view is wrong."));
}

/** @param {unknown} error */
function trouble(error) {
  const text = error instanceof Error ? error.message : String(error);
  announce("This could not be shown.");
  return h("section", { class: "failed", role: "alert" },
    h("h1", {}, "This could not be shown"), h("p", {}, told(text)));
}

/** @param {string} view */
function mark(view) {
  for (const link of document.querySelectorAll("nav a")) {
    const isHere = readRoute(link.getAttribute("href") ?? "").view === view;
    if (isHere) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
}

/** @type {bigint | null} */
let sizeAtFirst = null;

async function grow() {
  const growth = document.getElementById("growth");
  if (growth === null || document.hidden) return;
  try {
    const all = await api.trees();
    const own = all.filter((tree) => tree.role !== "TREE_ROLE_COPY");
    const size = own.reduce((sum, { head }) => sum + BigInt(head.size), 0n);
    sizeAtFirst ??= size;
    const more = size - sizeAtFirst;
    const name = document.getElementById("log-name");
    if (name !== null && name.textContent === "") fill(name, told(own[0]?.logName ?? ""));
    fill(growth, counted(size, "entry", "entries"),
      more > 0n && h("span", { class: "more" }, ` +${grouped(more)} since you came`));
    document.dispatchEvent(new CustomEvent("trees", { detail: all }));
  } catch {
    fill(growth, "the log does not answer");
  }
}

function start() {
  const judge = document.getElementById("judge-command");
  if (judge !== null) fill(judge, commandLine(auditCommand()));
  document.getElementById("skip")?.addEventListener("click", (event) => {
    // The address behind `#` is that of a view.
    event.preventDefault();
    main.focus();
  });
  if (!canVerify()) document.body.classList.add("cannot-verify");
  window.addEventListener("hashchange", () => show(false));
  document.addEventListener("visibilitychange", grow);
  setInterval(grow, POLL);
  grow();
  show(true);
}

start();
