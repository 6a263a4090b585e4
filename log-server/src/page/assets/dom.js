// Elements. What is text stays text: nothing here reads HTML, and a link leads within the page, to
// what the page made itself, or to an https address that it shows whole.

import { visible } from "./text.js";

/** @typedef {Node | string | null | undefined | false} Child */
/** @typedef {Record<string, string | boolean | number | undefined>} Attributes */

/** The attributes that elements may have, beside those that begin with `aria-`. */
const ALLOWED = new Set([
  "class", "id", "for", "type", "name", "value", "role", "tabindex", "lang", "dir", "datetime",
  "autocomplete", "autocapitalize", "spellcheck", "placeholder", "rows", "disabled", "checked",
  "open", "scope", "colspan", "accept", "hidden", "selected", "title", "maxlength",
  "data-step", "data-state", "data-tree",
]);

/**
 * An element with attributes and children.
 * @template {keyof HTMLElementTagNameMap} T
 * @param {T} tag
 * @param {Attributes} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[T]}
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (!ALLOWED.has(name) && !name.startsWith("aria-")) {
      throw new TypeError(`no element here has the attribute ${name}`);
    }
    if (value === false || value === undefined) continue;
    element.setAttribute(name, value === true ? "" : String(value));
  }
  put(element, ...children);
  return element;
}

/**
 * Adds children to an element.
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function put(element, ...children) {
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) element.append(child);
  }
}

/**
 * Puts children in the place of those that an element has.
 * @param {Element} element
 * @param {...(Child | Child[])} children
 */
export function fill(element, ...children) {
  element.replaceChildren();
  put(element, ...children);
}

/**
 * A link within the page.
 * @param {string} route from `#` on
 * @param {...Child} children
 */
export function inner(route, ...children) {
  if (!route.startsWith("#")) throw new TypeError("a link within the page begins with #");
  const link = h("a", {}, ...children);
  link.setAttribute("href", route);
  return link;
}

/** How much of a text is shown before somebody asks for the rest, in characters. */
const SHOWN = 1000;

/**
 * Text that somebody else wrote: as it is, apart from what surrounds it, with signs that cannot be
 * seen spelled out. Of a long one the rest is shown when it is asked for.
 * @param {string} text
 * @param {string} [className]
 */
export function told(text, className = "") {
  const element = h("bdi", { class: `told ${className}`.trim() });
  put(element, ...visible(text.slice(0, SHOWN)));
  if (text.length > SHOWN) {
    const more = button(`show all ${text.length} characters`, () => {
      fill(element, ...visible(text));
    });
    put(element, "… ", more);
  }
  return element;
}

/**
 * Text that somebody else wrote, which is a link where it is an https address and nothing else.
 * The address is shown whole, so that whoever follows it knows where to.
 * @param {string} text
 * @returns {HTMLElement}
 */
export function toldLink(text) {
  const shown = told(text);
  if (!isPlainHttps(text)) return shown;
  const link = h("a", {}, shown);
  link.setAttribute("href", text);
  link.setAttribute("rel", "noopener noreferrer nofollow");
  return link;
}

/**
 * Whether a text is an https address that leads where it looks to lead: only visible ASCII, no
 * user before the host, and not so long that a part of it would be hidden.
 * @param {string} text
 */
export function isPlainHttps(text) {
  if (!/^https:\/\/[!-~]+$/.test(text) || text.length > SHOWN) return false;
  try {
    const url = new URL(text);
    const isPlain = url.protocol === "https:" && url.username === "" && url.password === "";
    return isPlain && text.startsWith(`https://${url.host}`);
  } catch {
    return false;
  }
}

/**
 * @param {string} label
 * @param {() => void} onPress
 * @param {Attributes} [attributes]
 */
export function button(label, onPress, attributes = {}) {
  const element = h("button", { type: "button", ...attributes }, label);
  element.addEventListener("click", onPress);
  return element;
}

/**
 * A hash or an id, in digits of one width.
 * @param {string} text
 */
export function code(text) {
  return told(text, "code");
}

/**
 * A command to type, with a button that copies it.
 * @param {string} command
 */
export function commandLine(command) {
  const text = h("code", { tabindex: 0, role: "group", "aria-label": "command" }, command);
  return h("div", { class: "command" }, text, copyButton("copy the command", command));
}

/**
 * @param {string} label what is copied, for those who hear the page
 * @param {string} text
 */
export function copyButton(label, text) {
  const element = button("copy", () => {
    const done = (/** @type {string} */ word) => {
      element.textContent = word;
    };
    // Over plain http a page cannot write to the clipboard.
    if (navigator.clipboard === undefined) return done("select it by hand");
    navigator.clipboard.writeText(text).then(() => done("copied"), () => done("not allowed"));
  }, { class: "quiet", "aria-label": label });
  return element;
}

/**
 * A list of terms and what is said of them. Rows without a value are left out.
 * @param {[string, Child | Child[]][]} rows
 */
export function facts(rows) {
  const list = h("dl", { class: "facts" });
  for (const [name, value] of rows) {
    if (value === null || value === undefined || value === false || value === "") continue;
    if (Array.isArray(value) && value.length === 0) continue;
    put(list, h("div", {}, h("dt", {}, name), h("dd", {}, value)));
  }
  return list;
}

/**
 * A button that saves bytes as a file.
 * @param {string} label
 * @param {string} name of the file
 * @param {() => Uint8Array | string} content
 */
export function saveButton(label, name, content) {
  return button(label, () => {
    const blob = new Blob([/** @type {BlobPart} */ (content())], {
      type: "application/octet-stream",
    });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    // Once the browser has taken it.
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  });
}

/**
 * Says something to those who hear the page.
 * @param {string} text
 */
export function announce(text) {
  const region = document.getElementById("announced");
  if (region !== null) region.textContent = text;
}
