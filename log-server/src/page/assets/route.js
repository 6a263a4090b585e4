// Where in the page one is: what stands behind the `#` of its address.

/** @typedef {{view: string, parts: string[], parameters: URLSearchParams}} Route */

/**
 * @param {string} hash
 * @returns {Route}
 */
export function readRoute(hash) {
  const [path = "", parameters = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  const [view = "", ...parts] = path.split("/");
  const named = view === "" ? "search" : view;
  return { view: named, parts, parameters: new URLSearchParams(parameters) };
}

/**
 * @param {string} view
 * @param {Record<string, string | number | null | undefined>} [parameters]
 */
export function routeTo(view, parameters = {}) {
  const given = Object.entries(parameters).filter(([, value]) => value != null && value !== "");
  const text = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return text === "" ? `#/${view}` : `#/${view}?${text}`;
}

/** @param {string} q */
export function routeToSearch(q) {
  return routeTo("search", { q });
}

/**
 * @param {string} treeId
 * @param {string | number} index
 */
export function routeToEntry(treeId, index) {
  return `#/entry/${encodeURIComponent(treeId)}/${encodeURIComponent(index)}`;
}
