// Bytes as text, and text as bytes.

/** @param {Uint8Array} bytes */
export function hex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/**
 * The bytes of an even number of hexadecimal digits; null for any other text.
 * @param {string} text
 */
export function fromHex(text) {
  if (text.length % 2 !== 0 || !/^[0-9a-fA-F]*$/.test(text)) return null;
  const pairs = text.match(/../g) ?? [];
  return Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16));
}

/** @param {Uint8Array} bytes */
export function base64(bytes) {
  let text = "";
  // Few at a time: each is an argument.
  for (let at = 0; at < bytes.length; at += 8192) {
    text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  }
  return btoa(text);
}

/**
 * The bytes of padded standard base64; null for any other text.
 * @param {string} text
 */
export function fromBase64(text) {
  if (text.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(text)) return null;
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** @param {string} text */
export function utf8(text) {
  return new TextEncoder().encode(text);
}

/**
 * The text of bytes that are UTF-8; null for any other bytes.
 * @param {Uint8Array} bytes
 */
export function fromUtf8(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return null;
  }
}

/** @param {...Uint8Array} parts */
export function concat(...parts) {
  const all = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/**
 * @param {Uint8Array} one
 * @param {Uint8Array} other
 */
export function equal(one, other) {
  return one.length === other.length && one.every((byte, at) => byte === other[at]);
}

/**
 * Whether `part` stands somewhere in `whole`.
 * @param {Uint8Array} whole
 * @param {Uint8Array} part
 */
export function contains(whole, part) {
  for (let at = 0; at + part.length <= whole.length; at += 1) {
    if (part.every((byte, offset) => whole[at + offset] === byte)) return true;
  }
  return false;
}

/**
 * PEM with one block.
 * @param {string} label
 * @param {Uint8Array} der
 */
export function pem(label, der) {
  const lines = base64(der).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/**
 * The contents of all blocks of PEM with this label.
 * @param {string} label
 * @param {string} text
 */
export function fromPem(label, text) {
  const found = [];
  const edge = (/** @type {string} */ word) => `-----${word} ${label}-----`;
  for (const part of text.split(edge("BEGIN")).slice(1)) {
    const [inside = ""] = part.split(edge("END"));
    const der = fromBase64(inside.replace(/\s/g, ""));
    if (der !== null) found.push(der);
  }
  return found;
}
