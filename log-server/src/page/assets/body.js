// What a body holds, read from the body itself. The log says what an entry names; this says which
// of it the body bears out, since no proof finds out a log that lies about that.

import { readCertificate } from "./certificate.js";
import {
  base64, contains, equal, fromBase64, fromHex, fromPem, fromUtf8, hex, utf8,
} from "./encoding.js";
import { sha256 } from "./hashing.js";

/** @typedef {import("./api.js").Entry} Entry */
/** @typedef {import("./certificate.js").Certificate} Certificate */
/**
 * @typedef {object} Held
 * @property {any} document the body as JSON; null where it is none
 * @property {Certificate[]} certificates
 * @property {string[]} texts all texts in it, and what those in base64 stand for
 * @property {Uint8Array[]} blobs what stands in it in base64
 */

/** The most texts that are looked at in one body. */
const MAX_TEXTS = 4096;

/**
 * @param {Uint8Array} body
 * @returns {Held}
 */
export function readBody(body) {
  const document = parsed(fromUtf8(body));
  /** @type {Held} */
  const held = { document, certificates: [], texts: [], blobs: [] };
  for (const text of textsIn(document)) hold(held, text, 0);
  return held;
}

/** @param {string | null} text */
function parsed(text) {
  try {
    return JSON.parse(text ?? "null");
  } catch {
    return null;
  }
}

/**
 * @param {any} value
 * @returns {string[]}
 */
function textsIn(value) {
  const [found, open] = [/** @type {string[]} */ ([]), [value]];
  while (open.length > 0 && found.length < MAX_TEXTS) {
    const next = open.pop();
    if (typeof next === "string") found.push(next);
    // Backwards, so that what stands first is found first.
    else if (next !== null && typeof next === "object") open.push(...Object.values(next).reverse());
  }
  return found;
}

/**
 * @param {Held} held
 * @param {string} text
 * @param {number} depth base64 stands in base64 in some kinds
 */
function hold(held, text, depth) {
  held.texts.push(text);
  for (const der of fromPem("CERTIFICATE", text)) addCertificate(held, der);
  const bytes = text.length > 3 ? fromBase64(text) : null;
  if (bytes === null || depth > 2) return;
  held.blobs.push(bytes);
  addCertificate(held, bytes);
  const inside = fromUtf8(bytes);
  if (inside !== null) hold(held, inside, depth + 1);
}

/**
 * @param {Held} held
 * @param {Uint8Array} der
 */
function addCertificate(held, der) {
  const certificate = readCertificate(der);
  const isKnown = held.certificates.some((other) => equal(other.der, der));
  if (certificate !== null && !isKnown) held.certificates.push(certificate);
}

/** Kinds whose digests and keys stand in the body as they are, so that their lack is a lie. */
const PLAIN_KINDS = new Set(["hashedrekord", "dsse", "intoto"]);

/**
 * @typedef {object} Borne what the log says of an entry, and whether the body bears it out
 * @property {string[]} denied what cannot be in this body
 * @property {string[]} open what the page cannot find in it by itself
 * @property {string[]} found
 */

/**
 * Compares what the log says that an entry names with its body.
 * @param {Entry} entry
 * @param {Held} held
 * @returns {Promise<Borne>}
 */
export async function borneOut(entry, held) {
  /** @type {Borne} */
  const borne = { denied: [], open: [], found: [] };
  const isPlain = PLAIN_KINDS.has(String(held.document?.kind ?? ""));
  const sort = (/** @type {string} */ what, /** @type {boolean} */ isThere, isStrict = isPlain) => {
    (isThere ? borne.found : isStrict ? borne.denied : borne.open).push(what);
  };
  const { kind, apiVersion } = held.document ?? {};
  if (entry.kind !== undefined) {
    sort(`kind ${entry.kind} ${entry.version}`,
      kind === entry.kind && apiVersion === entry.version, true);
  }
  for (const { digest } of entry.digests ?? []) sort(`digest ${digest}`, hasDigest(held, digest));
  const prints = await keyPrints(held);
  for (const signer of entry.signers ?? []) {
    if (signer.key !== undefined) sort(`key ${signer.key}`, prints.has(signer.key));
    for (const name of namesOf(signer)) sort(name, isNamed(held, name), false);
  }
  return borne;
}

/** @param {import("./api.js").Signer} signer */
function namesOf(signer) {
  const issuer = signer.issuer === undefined ? [] : [signer.issuer];
  return [...(signer.subjects ?? []), ...issuer, ...Object.values(signer.claims ?? {})];
}

/**
 * @param {Held} held
 * @param {string} digest with the name of its function
 */
function hasDigest(held, digest) {
  const digits = digest.slice(digest.indexOf(":") + 1);
  const bytes = fromHex(digits);
  if (bytes === null) return false;
  const forms = [digits, base64(bytes)];
  return held.texts.some((text) => forms.includes(text) || forms.includes(text.toLowerCase()));
}

/**
 * Fingerprints of all that may be a key in a body.
 * @param {Held} held
 */
async function keyPrints(held) {
  const pem = held.texts.flatMap((text) => fromPem("PUBLIC KEY", text));
  const spki = held.certificates.map((certificate) => certificate.spki);
  const hashed = [...held.blobs, ...pem, ...spki, ...held.texts.map(utf8)];
  const prints = await Promise.all(hashed.map(sha256));
  return new Set(prints.map((print) => `sha256:${hex(print)}`));
}

/**
 * Whether a name stands in a certificate or in a text of the body.
 * @param {Held} held
 * @param {string} name
 */
function isNamed(held, name) {
  const bytes = utf8(name);
  return held.certificates.some(({ der }) => contains(der, bytes))
    || held.texts.some((text) => text.includes(name));
}
