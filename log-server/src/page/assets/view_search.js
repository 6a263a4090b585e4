// One box for all that can be asked, and what the log found.

import * as api from "./api.js";
import { searchCommand } from "./commands.js";
import { coverageView, sawEverything } from "./coverage.js";
import { announce, commandLine, fill, h, inner, put, told } from "./dom.js";
import { hitList } from "./hits.js";
import { routeTo, routeToSearch } from "./route.js";
import { counted } from "./text.js";

/** How many hits a page has. */
const PAGE_HITS = 50;

/** How often the log is asked to look further while it has found nothing, before the user is. */
const ROUNDS = 20;

/** What finds every entry: what is shown where nothing is asked for. */
const EVERYTHING = "index:0..";

/** @type {[string, string, string][]} fields, what they are, and an example */
const FIELDS = [
  ["digest", "an artifact, a payload, a commit or a dependency", "digest:sha256:e3b0c442\u2026"],
  ["key", "a key or certificate, by its SHA-256", "key:sha256:9f86d081\u2026"],
  ["subject", "whom a certificate or OpenPGP key names", "subject:*@acme.example"],
  ["issuer", "the OpenID provider", "issuer:https://accounts.google.com"],
  ["repository", "also owner, ref, workflow, trigger, runner, run, environment",
    "repository:https://github.com/acme/*"],
  ["commit", "a commit", "commit:9fceb02d0ae598e95dc970b74767f19372d61af8"],
  ["package", "a subject, dependency or component, by purl; also name", "pkg:npm/left-pad@1.3.0"],
  ["predicate", "of a statement; also builder, build-type", "predicate:https://slsa.dev/*"],
  ["authority", "who issued the certificate", "authority:CN=sigstore-intermediate*"],
  ["claim", "any other extension of Fulcio, by its number", "claim:15=810002373"],
  ["kind", "of the entry", "kind:dsse"],
  ["since, until", "a date, a time, or how long ago", "since:7d until:2026-11-01"],
  ["leaf, index, signature", "an entry by what the log calls it", "index:5..9"],
];

/** @type {import("./main.js").View} */
export async function searchView(main, { parameters }, signal) {
  const q = (parameters.get("q") ?? "").trim();
  const trees = await api.trees(signal);
  const form = searchForm(parameters, trees);
  const found = h("div", { id: "found" });
  fill(main, h("h1", {}, "Search the log"), form, found);
  put(found, h("p", { class: "dim" }, "Looking \u2026"));
  try {
    await showPage(found, q, parameters, trees, signal);
  } catch (error) {
    if (!(error instanceof api.Refusal) || signal.aborted) throw error;
    refuse(form, found, error);
  }
}

/**
 * @param {HTMLElement} form
 * @param {HTMLElement} found
 * @param {import("./api.js").Refusal} error
 */
function refuse(form, found, error) {
  const message = h("p", { id: "refused", class: "failed", role: "alert" }, told(error.message));
  fill(found, message);
  const box = form.querySelector("#q");
  if (error.status === 400 && box !== null) {
    box.setAttribute("aria-invalid", "true");
    box.setAttribute("aria-describedby", "refused");
  }
}

/**
 * @param {URLSearchParams} parameters
 * @param {import("./api.js").Tree[]} trees
 */
function searchForm(parameters, trees) {
  const box = h("input", {
    id: "q", type: "search", name: "q", autocomplete: "off", autocapitalize: "off",
    spellcheck: "false", placeholder: "subject:alice@acme.example since:7d", maxlength: 16384,
  });
  box.value = parameters.get("q") ?? "";
  const order = select("order", "Order", [["desc", "newest first"], ["asc", "oldest first"]],
    parameters.get("order"));
  const all = /** @type {[string, string][]} */ ([["", "all trees of this log"]]);
  const choices = all.concat(trees.map(({ head, role }) => {
    const copy = role === "TREE_ROLE_COPY" ? "copy of " : "";
    return [head.treeId, `${copy}${head.origin}`];
  }));
  const tree = select("tree", "Where", choices, parameters.get("tree"));
  const form = h("form", { role: "search", class: "search" },
    h("label", { for: "q" }, "What to look for"),
    h("div", { class: "box" }, box, h("button", { type: "submit" }, "Search")),
    h("div", { class: "choices" }, order.label, tree.label, help()));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const asked = { q: box.value.trim(), order: order.value(), tree: tree.value() };
    const route = routeTo("search", asked);
    // The same again is asked again.
    if (location.hash === route) window.dispatchEvent(new HashChangeEvent("hashchange"));
    else location.hash = route;
  });
  return form;
}

/**
 * @param {string} name
 * @param {string} label
 * @param {[string, string][]} choices
 * @param {string | null} chosen
 */
function select(name, label, choices, chosen) {
  const element = h("select", { id: name, name }, choices.map(([value, text]) => {
    return h("option", { value, selected: value === (chosen ?? "") }, text);
  }));
  const labelled = h("label", {}, h("span", {}, label), " ", element);
  return { label: labelled, value: () => element.value };
}

function help() {
  const rows = FIELDS.map(([name, meaning, example]) => h("tr", {},
    h("th", { scope: "row" }, name), h("td", {}, meaning),
    h("td", {}, example.includes("\u2026")
      ? h("code", {}, example)
      : inner(routeToSearch(example), example))));
  return h("details", { class: "help" }, h("summary", {}, "What can be asked"),
    h("p", {}, "Terms side by side all have to hold. ", h("code", {}, "or"), ", ",
      h("code", {}, "not"), ", parentheses, ", h("code", {}, "any(\u2026)"), ", ",
      h("code", {}, "all(\u2026)"), " and ", h("code", {}, "signer(\u2026)"), " combine them; ",
      h("code", {}, "*"), " stands for any characters. A word without a field is a digest, a "
      + "package, an e-mail address or a URL."),
    h("div", { class: "wide", tabindex: 0, role: "region", "aria-label": "Fields" },
      h("table", {}, h("thead", {}, h("tr", {}, ["field", "what it is", "example"].map((text) => {
        return h("th", { scope: "col" }, text);
      }))), h("tbody", {}, rows))));
}

/**
 * @param {HTMLElement} found
 * @param {string} q
 * @param {URLSearchParams} parameters
 * @param {import("./api.js").Tree[]} trees
 * @param {AbortSignal} signal
 */
async function showPage(found, q, parameters, trees, signal) {
  const number = Math.max(1, Number.parseInt(parameters.get("page") ?? "1", 10) || 1);
  const asked = {
    q: q === "" ? EVERYTHING : q,
    order: parameters.get("order") ?? "desc",
    treeId: parameters.get("tree") ?? "",
    limit: PAGE_HITS,
    // What is covered is asked for where something may be missed.
    coverage: q !== "",
  };
  const page = await nextHits(asked, parameters.get("from") ?? "", signal);
  const title = h("h2", { id: "hits" }, q === "" ? "Newest entries" : headline(page, number));
  if (q === "" && asked.order === "asc") title.textContent = "Oldest entries";
  fill(found, title);
  if (page.hits.length > 0) put(found, hitList(page.hits, "Hits"));
  else put(found, h("p", { class: "none" }, noneText(page, number, q)));
  put(found, pager(page, number, parameters));
  if (q !== "") {
    put(found, coverageView(page.coverage, page.unknown, trees),
      h("section", { class: "with-command" },
        h("h2", {}, "The same by command"),
        h("p", {}, "It proves each hit to be in the tree. ",
          inner(routeTo("recall", { rules: q }), "Recall"), " collects all hits of this search."),
        commandLine(searchCommand(q))));
  }
  announce(q === "" ? counted(page.hits.length, "entry", "entries") : headline(page, number));
}

/**
 * The next page of hits. A log that looks through many entries may find nothing in one go.
 * @param {{q: string, order: string, treeId: string, limit: number, coverage: boolean}} asked
 * @param {string} from
 * @param {AbortSignal} signal
 */
async function nextHits(asked, from, signal) {
  let page = await api.search({ ...asked, from }, signal);
  const { coverage } = page;
  let unknown = page.unknown;
  for (let round = 1; round < ROUNDS && page.hits.length === 0 && !page.complete; round += 1) {
    page = await api.search({ ...asked, from: page.next, coverage: false }, signal);
    unknown += page.unknown;
  }
  return { ...page, coverage, unknown };
}

/**
 * @param {import("./api.js").SearchPage} page
 * @param {number} number
 */
function headline(page, number) {
  const hits = counted(page.hits.length, "hit", "hits");
  if (page.hits.length === 0) {
    if (!page.complete) return "No hit so far";
    return number === 1 ? "None found" : "No further hits";
  }
  if (number === 1 && page.complete) return hits;
  return `${hits} on page ${number}`;
}

/**
 * @param {import("./api.js").SearchPage} page
 * @param {number} number
 * @param {string} q
 */
function noneText(page, number, q) {
  if (!page.complete) return "The log has not looked through everything yet.";
  if (number > 1) return "The pages before have all hits.";
  if (q === "") return "The log has no entries yet.";
  return sawEverything(page.coverage, page.unknown)
    ? "No entry answers the query, and the log saw all that it covers."
    : "No entry that the log could see answers the query. Not everything could be seen: an entry "
      + "that is out of sight may still be one.";
}

/**
 * @param {import("./api.js").SearchPage} page
 * @param {number} number
 * @param {URLSearchParams} parameters
 */
function pager(page, number, parameters) {
  const to = (/** @type {Record<string, string | number | null>} */ changed) => {
    const kept = Object.fromEntries(["q", "order", "tree"].map((name) => {
      return [name, parameters.get(name)];
    }));
    return routeTo("search", { ...kept, ...changed });
  };
  const links = [];
  if (number > 1) links.push(inner(to({}), "First page"));
  if (!page.complete) {
    const label = page.hits.length === 0 ? "Look further" : "Next page";
    const next = page.hits.length === 0 ? number : number + 1;
    links.push(inner(to({ from: page.next, page: next }), label));
  }
  if (links.length === 0) return null;
  return h("nav", { class: "pager", "aria-label": "Pages" }, links);
}
