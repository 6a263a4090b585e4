// Keys that checkpoints are verified with: in the forms in which people have them, and what the
// browser makes of them.

import {
  base64, concat, equal, fromBase64, fromPem, hex, utf8,
} from "./encoding.js";
import { canVerify, sha256 } from "./hashing.js";

/** @typedef {"ed25519" | "ecdsa-p256" | "cosignature-v1"} Algorithm */
/**
 * @typedef {object} Key
 * @property {Algorithm} algorithm
 * @property {string} bytes in base64: 32 of Ed25519, or the SubjectPublicKeyInfo of P-256
 * @property {string} name of the log or witness; empty where the form of the key has none
 * @property {string} from the form in which it was given
 */
/** @typedef {"verified" | "wrong" | "unsupported"} Outcome */

/** What precedes the key in a SubjectPublicKeyInfo (RFC 8410; RFC 5480 with a whole point). */
const ED25519_PREFIX = fromBase64("MCowBQYDK2VwAyEA") ?? new Uint8Array();
const P256_PREFIX = fromBase64("MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE") ?? new Uint8Array();

/** @type {Record<number, Algorithm>} */
const BY_TYPE = { 1: "ed25519", 2: "ecdsa-p256", 4: "cosignature-v1" };

/** The name of an algorithm for people. */
export const ALGORITHM_NAMES = {
  "ed25519": "Ed25519",
  "ecdsa-p256": "ECDSA P-256",
  "cosignature-v1": "Ed25519 cosignature",
};

/**
 * Reads whatever holds keys of logs: verifier keys, one a line; PEM; a trusted root or a client
 * trust config. An error tells what is wrong.
 * @param {string} text
 * @returns {Promise<Key[]>}
 */
export async function readKeys(text) {
  const trimmed = text.trim();
  if (trimmed.startsWith("{")) return readTrustedRoot(trimmed);
  if (trimmed.includes("-----BEGIN")) return readPem(trimmed);
  const lines = trimmed.split(/\r?\n/).map((line) => line.trim());
  const keys = lines.filter((line) => line !== "" && !line.startsWith("#"));
  if (keys.length === 0) throw new Error("There is no key in it.");
  return Promise.all(keys.map(readVerifierKey));
}

/**
 * `<name>+<id>+<base64 of type and key>`.
 * @param {string} text
 * @returns {Promise<Key>}
 */
export async function readVerifierKey(text) {
  const [, name = "", id = "", rest = ""] = /^([^+\s]+)\+([0-9a-f]{8})\+(.+)$/.exec(text) ?? [];
  const bytes = fromBase64(rest);
  if (name === "" || bytes === null || bytes.length === 0) {
    throw new Error("A verifier key is written <name>+<id>+<base64>; this is no such key, no PEM "
      + "and no trusted root.");
  }
  const algorithm = BY_TYPE[bytes[0] ?? 0];
  if (algorithm === undefined) throw new Error("The verifier key is of a type not known here.");
  const key = keyOf(algorithm, bytes.subarray(1), name, "verifier key");
  // Where the browser does not hash, the key is shown, and nothing is verified with it.
  if (canVerify() && await keyId(key, name) !== id) {
    throw new Error("The verifier key's id does not fit it.");
  }
  return key;
}

/**
 * @param {string} text
 * @returns {Key[]}
 */
function readPem(text) {
  const keys = fromPem("PUBLIC KEY", text).map((der) => ofSpki(der, "", "PEM"));
  if (keys.length === 0) throw new Error("The PEM holds no public key.");
  return keys;
}

/**
 * @param {string} text
 * @returns {Key[]}
 */
function readTrustedRoot(text) {
  let document;
  try {
    document = JSON.parse(text);
  } catch {
    throw new Error("This begins like JSON, and is none.");
  }
  const logs = (document.trustedRoot ?? document).tlogs;
  if (!Array.isArray(logs)) throw new Error("This JSON is no trusted root: it has no tlogs.");
  return logs.map((log) => {
    const der = fromBase64(String(log?.publicKey?.rawBytes ?? "!"));
    if (der === null) throw new Error("A log of the trusted root has no key.");
    return ofSpki(der, hostOf(String(log.baseUrl ?? "")), "trusted root");
  });
}

/** @param {string} url */
function hostOf(url) {
  try {
    return new URL(url).host;
  } catch {
    return "";
  }
}

/**
 * @param {Uint8Array} der
 * @param {string} name
 * @param {string} from
 * @returns {Key}
 */
export function ofSpki(der, name, from) {
  const isOf = (/** @type {Uint8Array} */ prefix, /** @type {number} */ length) => {
    return der.length === prefix.length + length
      && equal(der.subarray(0, prefix.length), prefix);
  };
  if (isOf(ED25519_PREFIX, 32)) {
    return keyOf("ed25519", der.subarray(ED25519_PREFIX.length), name, from);
  }
  if (isOf(P256_PREFIX, 64)) return keyOf("ecdsa-p256", der, name, from);
  throw new Error("Keys of logs are Ed25519 or ECDSA P-256; this one is neither.");
}

/**
 * @param {Algorithm} algorithm
 * @param {Uint8Array} bytes
 * @param {string} name
 * @param {string} from
 * @returns {Key}
 */
function keyOf(algorithm, bytes, name, from) {
  if (algorithm === "ecdsa-p256") {
    if (bytes.length !== P256_PREFIX.length + 64) throw new Error("This is no P-256 key.");
  } else if (bytes.length !== 32) {
    throw new Error("This is no Ed25519 key.");
  }
  return { algorithm, bytes: base64(bytes), name, from };
}

/** @param {Key} key */
function bytesOf(key) {
  return fromBase64(key.bytes) ?? new Uint8Array();
}

/**
 * The SubjectPublicKeyInfo of a key.
 * @param {Key} key
 */
export function spkiOf(key) {
  return key.algorithm === "ecdsa-p256" ? bytesOf(key) : concat(ED25519_PREFIX, bytesOf(key));
}

/**
 * The id of a key under a name (C2SP signed-note): of ECDSA that of the key alone.
 * @param {Key} key
 * @param {string} name
 */
export async function keyId(key, name) {
  const type = key.algorithm === "ed25519" ? 1 : 4;
  const hashed = key.algorithm === "ecdsa-p256"
    ? bytesOf(key)
    : concat(utf8(`${name}\n`), Uint8Array.of(type), bytesOf(key));
  return hex((await sha256(hashed)).subarray(0, 4));
}

/**
 * What tells a key from others, for people: SHA-256 of its SubjectPublicKeyInfo.
 * @param {Key} key
 */
export async function fingerprint(key) {
  return `sha256:${hex(await sha256(spkiOf(key)))}`;
}

/**
 * Whether a key made the signature of a checkpoint.
 * @param {Key} key
 * @param {string} text
 * @param {Uint8Array} signature
 * @returns {Promise<Outcome>}
 */
export function verify(key, text, signature) {
  switch (key.algorithm) {
    case "ed25519":
      return verifyEd25519(key, utf8(text), signature);
    case "ecdsa-p256":
      return verifyEcdsa(key, utf8(text), signature);
    case "cosignature-v1":
      return verifyCosignature(key, text, signature);
  }
}

/**
 * The time of a cosignature, in seconds since 1970.
 * @param {Uint8Array} signature
 */
export function cosignedAt(signature) {
  const view = new DataView(signature.buffer, signature.byteOffset, signature.byteLength);
  return signature.length === 72 ? view.getBigUint64(0) : 0n;
}

/**
 * @param {Key} key
 * @param {string} text
 * @param {Uint8Array} signature
 * @returns {Promise<Outcome>}
 */
async function verifyCosignature(key, text, signature) {
  if (signature.length !== 72) return "wrong";
  const signed = utf8(`cosignature/v1\ntime ${cosignedAt(signature)}\n${text}`);
  return verifyEd25519(key, signed, signature.subarray(8));
}

/**
 * @param {Key} key
 * @param {Uint8Array} signed
 * @param {Uint8Array} signature
 * @returns {Promise<Outcome>}
 */
async function verifyEd25519(key, signed, signature) {
  const algorithm = { name: "Ed25519" };
  return withKey("raw", bytesOf(key), algorithm, algorithm, signed, signature);
}

/**
 * @param {Key} key
 * @param {Uint8Array} signed
 * @param {Uint8Array} signature in DER
 * @returns {Promise<Outcome>}
 */
export async function verifyEcdsa(key, signed, signature) {
  const raw = rawSignature(signature);
  if (raw === null) return "wrong";
  const imported = { name: "ECDSA", namedCurve: "P-256" };
  const used = { name: "ECDSA", hash: "SHA-256" };
  return withKey("spki", bytesOf(key), imported, used, signed, raw);
}

/**
 * @param {"raw" | "spki"} form
 * @param {Uint8Array} bytes
 * @param {{name: string, namedCurve?: string}} imported
 * @param {{name: string, hash?: string}} used
 * @param {Uint8Array} signed
 * @param {Uint8Array} signature
 * @returns {Promise<Outcome>}
 */
async function withKey(form, bytes, imported, used, signed, signature) {
  const data = (/** @type {Uint8Array} */ one) => /** @type {BufferSource} */ (one);
  try {
    const { subtle } = crypto;
    const key = await subtle.importKey(form, data(bytes), imported, false, ["verify"]);
    const isGood = await subtle.verify(used, key, data(signature), data(signed));
    return isGood ? "verified" : "wrong";
  } catch (error) {
    const isUnknown = error instanceof DOMException && error.name === "NotSupportedError";
    return isUnknown ? "unsupported" : "wrong";
  }
}

/**
 * The two numbers of a signature in DER as WebCrypto wants them; null where it is no such DER.
 * @param {Uint8Array} der
 */
function rawSignature(der) {
  if (der[0] !== 0x30 || der[1] !== der.length - 2 || der.length > 72) return null;
  const raw = new Uint8Array(64);
  let at = 2;
  for (const end of [32, 64]) {
    const length = der[at + 1] ?? 0;
    const number = der.subarray(at + 2, at + 2 + length);
    if (der[at] !== 0x02 || length === 0 || number.length !== length) return null;
    const digits = number[0] === 0 ? number.subarray(1) : number;
    if (digits.length > 32) return null;
    raw.set(digits, end - digits.length);
    at += 2 + length;
  }
  return at === der.length ? raw : null;
}
