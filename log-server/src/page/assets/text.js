// Text that somebody else wrote, made visible.

/** Signs that are not seen, or that change the order in which others are seen. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cs}\p{Cn}\p{Zl}\p{Zp}\u034f\u115f\u1160\u3164\uffa0]/u;

/** The most marks that may stand over one letter: more would cover the lines around. */
const MARKS = 4;

/**
 * The text in pieces, with `\u{...}` in the place of each sign that cannot be seen.
 * @param {string} text
 * @returns {(string | Node)[]}
 */
export function visible(text) {
  /** @type {(string | Node)[]} */
  const pieces = [];
  let plain = "";
  let marks = 0;
  for (const sign of text) {
    marks = /\p{M}/u.test(sign) ? marks + 1 : 0;
    if (!UNSEEN.test(sign) && marks <= MARKS) {
      plain += sign;
      continue;
    }
    if (plain !== "") pieces.push(plain);
    plain = "";
    pieces.push(spelled(sign));
  }
  if (plain !== "") pieces.push(plain);
  return pieces;
}

/** @param {string} sign */
function spelled(sign) {
  const element = document.createElement("span");
  element.className = "unseen";
  element.textContent = `\\u{${(sign.codePointAt(0) ?? 0).toString(16)}}`;
  return element;
}

/**
 * A number with its digits in groups of three.
 * @param {number | bigint | string} number
 */
export function grouped(number) {
  return String(number).replace(/\B(?=(\d{3})+$)/g, "\u202f");
}

/**
 * `1 entry`, `2 entries`.
 * @param {number | bigint} count
 * @param {string} one
 * @param {string} many
 */
export function counted(count, one, many) {
  return `${grouped(count)} ${BigInt(count) === 1n ? one : many}`;
}

/**
 * A time in seconds since 1970 as RFC 3339; null for 0, which stands for a time that is not known.
 * @param {string | number} seconds
 */
export function instant(seconds) {
  const number = Number(seconds);
  if (!Number.isFinite(number) || number <= 0 || number > 8.64e12) return null;
  return new Date(number * 1000).toISOString().replace(".000Z", "Z");
}

/**
 * A word of a command, in quotation marks where a shell would read it otherwise.
 * @param {string} word
 */
export function shellWord(word) {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(word) ? word : `'${word.replace(/'/g, `'\\''`)}'`;
}

/**
 * A value of a query, in quotation marks where its grammar wants them.
 * @param {string} value
 */
export function queryValue(value) {
  if (/^[^\s()"\\]+$/.test(value)) return value;
  return `"${value.replace(/["\\]/g, "\\$&")}"`;
}
