// Hits as files: comma-separated values with the columns of `ledgerstone search --csv`, and JSON.

/** @typedef {import("./collect.js").Collected} Collected */
/** @typedef {import("./collect.js").Found} Found */

const COLUMNS = [
  "tree", "index", "time", "kind", "version", "leafHash", "digests", "signers", "issuers", "keys",
  "virtualIndex", "shownByBody", "proven", "rules",
];

/** @param {Collected} collected */
export function csv(collected) {
  const lines = [COLUMNS.join(","), ...collected.found.map(csvLine)];
  return `${lines.join("\r\n")}\r\n`;
}

/** @param {Found} found */
function csvLine({ hit, rules, proven }) {
  const { entry, virtualIndex, shownByBody } = hit;
  const signers = entry.signers ?? [];
  const values = [
    entry.treeId,
    String(entry.index),
    entry.time ?? "",
    entry.kind ?? "",
    entry.version ?? "",
    entry.leafHash,
    (entry.digests ?? []).map(({ digest }) => digest).join(" "),
    signers.flatMap(({ subjects }) => subjects ?? []).join(" "),
    signers.flatMap(({ issuer }) => issuer ?? []).join(" "),
    signers.flatMap(({ key }) => key ?? []).join(" "),
    virtualIndex === undefined ? "" : String(virtualIndex),
    String(shownByBody),
    String(proven),
    [...rules].join(" | "),
  ];
  return values.map(csvValue).join(",");
}

/**
 * A value of a column (RFC 4180). Programs that calculate take one that begins with one of these
 * marks for a formula.
 * @param {string} value
 */
function csvValue(value) {
  const mark = /^[=+\-@\t]/.test(value) ? "'" : "";
  if (mark === "" && !/[,"\n\r]/.test(value)) return value;
  return `"${mark}${value.replace(/"/g, '""')}"`;
}

/** @param {Collected} collected */
export function json(collected) {
  const { rules, found, coverage, unknown, isWhole, asked } = collected;
  const hits = found.map(({ hit, rules: of, proven }) => {
    const { entry, ...about } = hit;
    // Bodies would make the file as large as the log; `get` has them.
    const { body, bodyBase64, ...told } = /** @type {any} */ (entry);
    return { ...told, ...about, proven, rules: [...of] };
  });
  const document = {
    log: location.origin, asked, rules, complete: isWhole, hits, coverage, unknown,
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}
