// X.509 certificates, as far as the page shows them.

import { fromUtf8, hex } from "./encoding.js";

/** @typedef {{tag: number, content: Uint8Array, whole: Uint8Array}} Element */
/**
 * @typedef {object} Certificate
 * @property {Uint8Array} der
 * @property {Uint8Array} spki
 * @property {string} serial in hexadecimal
 * @property {string} notBefore RFC 3339
 * @property {string} notAfter RFC 3339
 */

const SEQUENCE = 0x30;

/**
 * Reads a certificate; null where the bytes are none.
 * @param {Uint8Array} der
 * @returns {Certificate | null}
 */
export function readCertificate(der) {
  const certificate = element(der);
  if (certificate === null || certificate.tag !== SEQUENCE) return null;
  if (certificate.whole.length !== der.length) return null;
  const [body] = elements(certificate.content);
  if (body?.tag !== SEQUENCE) return null;
  // The version has a tag of its own, and may be left out.
  const parts = elements(body.content).filter((part) => part.tag !== 0xa0);
  const [serial, , , validity, , spki] = parts;
  if (serial?.tag !== 0x02 || validity?.tag !== SEQUENCE || spki?.tag !== SEQUENCE) return null;
  const [notBefore, notAfter] = elements(validity.content).map(time);
  if (!notBefore || !notAfter) return null;
  return { der, spki: spki.whole, serial: hex(serial.content), notBefore, notAfter };
}

/**
 * The first element in some DER.
 * @param {Uint8Array} der
 * @returns {Element | null}
 */
function element(der) {
  const [tag, first] = der;
  if (tag === undefined || first === undefined) return null;
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  if (lengthBytes > 4 || first === 0x80) return null;
  let length = lengthBytes === 0 ? first : 0;
  for (const byte of der.subarray(2, 2 + lengthBytes)) length = length * 256 + byte;
  const start = 2 + lengthBytes;
  if (start + length > der.length) return null;
  const end = start + length;
  return { tag, content: der.subarray(start, end), whole: der.subarray(0, end) };
}

/**
 * All elements in some DER, one behind the other.
 * @param {Uint8Array} der
 */
function elements(der) {
  const found = [];
  let next = element(der);
  while (next !== null) {
    found.push(next);
    der = der.subarray(next.whole.length);
    next = element(der);
  }
  return found;
}

/**
 * UTCTime or GeneralizedTime, as RFC 5280 has them, as RFC 3339.
 * @param {Element} part
 */
function time(part) {
  const text = fromUtf8(part.content) ?? "";
  const century = Number(text.slice(0, 2)) < 50 ? "20" : "19";
  const digits = part.tag === 0x17 ? century + text : text;
  const [, year, ...rest] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(digits) ?? [];
  if (year === undefined) return null;
  const [month, day, hour, minute, second] = rest;
  return `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
}
