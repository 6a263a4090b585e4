// The trusted root and the signing config of this log, as `ledgerstone trust` writes them on first
// use: by the log's own word. Trees that grow no more, and authorities, only the command adds.

import { getJson } from "./api.js";
import { instant } from "./text.js";

/** @typedef {import("./api.js").Tree} Tree */
/** @typedef {{spki: string, logId: string}} LogKey */

const DAY = 86_400;

/** Whose trees there are, with the names of their keys in `/log/v1/keys` and in trusted roots. */
const PROTOCOLS = /** @type {const} */ ([
  ["rekor-v1", "ecdsaP256", "PKIX_ECDSA_P256_SHA_256"],
  ["rekor-v2", "ed25519", "PKIX_ED25519"],
]);

/**
 * @param {Tree[]} trees
 * @param {AbortSignal} [signal]
 * @returns {Promise<{trustedRoot: string, signingConfig: string | null}>}
 */
export async function trustFiles(trees, signal) {
  const keys = await getJson("log/v1/keys", signal);
  const scheme = location.protocol === "http:" ? "http" : "https";
  const tlogs = [];
  let signing = null;
  for (const [protocol, name, keyDetails] of PROTOCOLS) {
    const grows = (/** @type {Tree} */ one) => one.role === "TREE_ROLE_ACTIVE";
    const tree = trees.find((one) => one.protocol === protocol && grows(one));
    /** @type {LogKey | undefined} */
    const key = keys[name];
    if (tree === undefined || key === undefined) continue;
    const validFor = validFrom(Number(tree.created));
    tlogs.push({
      baseUrl: `${scheme}://${tree.logName}`,
      hashAlgorithm: "SHA2_256",
      publicKey: { rawBytes: key.spki, keyDetails, validFor },
      logId: { keyId: key.logId },
    });
    if (protocol === "rekor-v2") signing = signingConfig(tree, validFor);
  }
  const trustedRoot = {
    mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
    tlogs,
  };
  return { trustedRoot: text(trustedRoot), signingConfig: signing === null ? null : text(signing) };
}

/**
 * From the beginning of a day on, which lies in no client's future.
 * @param {number} seconds
 */
function validFrom(seconds) {
  return { start: instant(seconds - (seconds % DAY)) };
}

/**
 * @param {Tree} tree
 * @param {{start: string | null}} validFor
 */
function signingConfig(tree, validFor) {
  return {
    mediaType: "application/vnd.dev.sigstore.signingconfig.v0.2+json",
    rekorTlogUrls: [{
      url: location.origin, majorApiVersion: 2, validFor, operator: tree.logName,
    }],
    rekorTlogConfig: { selector: "ANY" },
  };
}

/** @param {unknown} document */
function text(document) {
  return `${JSON.stringify(document, null, 2)}\n`;
}
