// Just enough DER to make certificates that say what no authority would issue.

import { createHash, createPrivateKey, generateKeyPairSync, sign } from "node:crypto";

/**
 * @param {number} tag
 * @param {...Buffer} parts
 */
function element(tag, ...parts) {
  const content = Buffer.concat(parts);
  const { length } = content;
  const head = length < 0x80 ? [tag, length]
    : length < 0x100 ? [tag, 0x81, length]
      : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

/** @param {string} dotted */
function oid(dotted) {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  const bytes = [first * 40 + second];
  for (const number of rest) {
    const digits = [number & 0x7f];
    for (let left = number >> 7; left > 0; left >>= 7) digits.unshift((left & 0x7f) | 0x80);
    bytes.push(...digits);
  }
  return element(0x06, Buffer.from(bytes));
}

const ECDSA_SHA256 = () => element(0x30, oid("1.2.840.10045.4.3.2"));

/** @param {string} name */
function commonName(name) {
  const attribute = element(0x30, oid("2.5.4.3"), element(0x0c, Buffer.from(name)));
  return element(0x30, element(0x31, attribute));
}

/**
 * @param {string} id
 * @param {Buffer} value
 */
function extension(id, value) {
  return element(0x30, oid(id), element(0x04, value));
}

/**
 * A certificate for a new key.
 * @param {{uris: string[], claims?: Record<number, string>, authority?: string}} named
 */
export function certify({ uris, claims = {}, authority = "an authority" }) {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = publicKey.export({ type: "spki", format: "der" });
  const serial = createHash("sha256").update(spki).digest().subarray(0, 8);
  const names = uris.map((uri) => element(0x86, Buffer.from(uri)));
  const extensions = Object.entries(claims).map(([number, text]) => {
    return extension(`1.3.6.1.4.1.57264.1.${number}`, element(0x0c, Buffer.from(text)));
  });
  const body = element(0x30,
    element(0xa0, element(0x02, Buffer.from([2]))),
    element(0x02, Buffer.from([0x2a, ...serial])),
    ECDSA_SHA256(),
    commonName(authority),
    element(0x30, element(0x17, Buffer.from("260101000000Z")),
      element(0x17, Buffer.from("460101000000Z"))),
    element(0x30),
    spki,
    element(0xa3, element(0x30, extension("2.5.29.17", element(0x30, ...names)), ...extensions)));
  const signature = sign("sha256", body, privateKey);
  const der = element(0x30, body, ECDSA_SHA256(),
    element(0x03, Buffer.concat([Buffer.from([0]), signature])));
  return { der, privateKey: createPrivateKey(privateKey.export({ type: "pkcs8", format: "pem" })) };
}
