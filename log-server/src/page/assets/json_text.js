// JSON as it was written. A body has to be hashed byte for byte, and JSON.parse forgets the bytes.

/**
 * The text of a member of an object, as it stands in the text of the object; null where it has no
 * such member. The text has to be JSON that was parsed before.
 * @param {string} text
 * @param {string} name
 * @returns {string | null}
 */
export function memberText(text, name) {
  let at = afterSpace(text, 0);
  if (text[at] !== "{") return null;
  at = afterSpace(text, at + 1);
  /** @type {string | null} */
  let found = null;
  while (text[at] === '"') {
    const keyEnd = endOfString(text, at);
    const key = JSON.parse(text.slice(at, keyEnd));
    // Behind the colon.
    at = afterSpace(text, afterSpace(text, keyEnd) + 1);
    const end = endOfValue(text, at);
    // As JSON.parse does, of several of one name the last.
    if (key === name) found = text.slice(at, end);
    at = afterSpace(text, end);
    if (text[at] !== ",") break;
    at = afterSpace(text, at + 1);
  }
  return found;
}

/**
 * @param {string} text
 * @param {number} at
 */
function afterSpace(text, at) {
  while (at < text.length && " \t\r\n".includes(text.charAt(at))) at += 1;
  return at;
}

/**
 * @param {string} text
 * @param {number} at
 */
function endOfString(text, at) {
  for (at += 1; at < text.length; at += 1) {
    if (text[at] === "\\") at += 1;
    else if (text[at] === '"') return at + 1;
  }
  return at;
}

/**
 * @param {string} text
 * @param {number} at
 */
function endOfValue(text, at) {
  if (text[at] === '"') return endOfString(text, at);
  if (text[at] !== "{" && text[at] !== "[") {
    while (at < text.length && !",}] \t\r\n".includes(text.charAt(at))) at += 1;
    return at;
  }
  let depth = 0;
  while (at < text.length) {
    const next = text[at];
    if (next === '"') {
      at = endOfString(text, at);
      continue;
    }
    at += 1;
    if (next === "{" || next === "[") depth += 1;
    if (next === "}" || next === "]") depth -= 1;
    if (depth === 0) return at;
  }
  return at;
}
