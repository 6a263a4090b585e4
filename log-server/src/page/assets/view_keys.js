// Which keys the page verifies against: those that the user gave, and, for want of them, those that
// the log names for itself.

import * as api from "./api.js";
import { trustCommand } from "./commands.js";
import {
  announce, button, code, commandLine, copyButton, fill, h, put, saveButton, told,
} from "./dom.js";
import { pem } from "./encoding.js";
import { canVerify } from "./hashing.js";
import { ALGORITHM_NAMES, fingerprint, readKeys, spkiOf } from "./key.js";
import { addKeys, forgetHeads, isSame, keys, removeKey } from "./memory.js";
import { namedKeys } from "./named_keys.js";
import { counted } from "./text.js";
import { trustFiles } from "./trust_files.js";

/** @typedef {import("./key.js").Key} Key */

/** The longest file with keys that is read, in bytes. */
const MAX_FILE = 4 << 20;

/** @type {import("./main.js").View} */
export async function keysView(main, _route, signal) {
  const trees = await api.trees(signal);
  const pinned = h("section", { "aria-labelledby": "pinned" });
  const named = h("section", { "aria-labelledby": "named" });
  const show = async () => {
    await showPinned(pinned, show);
    await showNamed(named, trees, show);
  };
  fill(main, h("h1", {}, "Keys"),
    !canVerify() && h("p", { class: "warning" }, "Over plain http from this name the browser "
      + "verifies nothing, whatever keys are here."),
    pinned, addForm(show), named, await filesSection(trees, signal), forgetSection());
  await show();
}

/**
 * @param {HTMLElement} section
 * @param {() => Promise<void>} onChange
 */
async function showPinned(section, onChange) {
  const given = keys();
  fill(section, h("h2", { id: "pinned" }, "Keys that you gave"),
    h("p", {}, given.length === 0
      ? "None. Until you give one, the page verifies under the keys that the log names for itself, "
        + "and says so: that shows its answers to agree with each other, and nothing more."
      : "Kept by this browser, for this log's address alone. A checkpoint that none of them signed "
        + "is never called verified."));
  put(section, await keyList(given, (key) => [
    button("remove", async () => {
      removeKey(key);
      announce("The key was removed.");
      await onChange();
    }, { "aria-label": `remove the key of ${key.name || "no name"}` }),
  ]));
}

/**
 * @param {HTMLElement} section
 * @param {import("./api.js").Tree[]} trees
 * @param {() => Promise<void>} onChange
 */
async function showNamed(section, trees, onChange) {
  /** @type {Key[]} */
  const all = [];
  for (const tree of trees) {
    for (const key of await namedKeys(tree)) {
      if (!all.some((other) => isSame(key, other))) all.push(key);
    }
  }
  fill(section, h("h2", { id: "named" }, "Keys that the log names for itself"),
    h("p", {}, "Compare them with what its operator published elsewhere before you keep one."));
  put(section, await keyList(all, (key) => [
    keys().some((other) => isSame(key, other))
      ? h("span", { class: "dim" }, "kept")
      : button("keep", async () => {
        addKeys([{ ...key, from: "this log, on first use" }]);
        announce("The key was kept.");
        await onChange();
      }, { "aria-label": `keep the key of ${key.name}, ${ALGORITHM_NAMES[key.algorithm]}` }),
    copyButton(`copy the key of ${key.name} as PEM`, pem("PUBLIC KEY", spkiOf(key))),
    saveButton("save", fileName(key), () => pem("PUBLIC KEY", spkiOf(key))),
  ]));
}

/** @param {Key} key */
function fileName(key) {
  return `${key.name.replace(/[^A-Za-z0-9.-]+/g, "-")}-${key.algorithm}.pub`;
}

/**
 * @param {Key[]} list
 * @param {(key: Key) => Node[]} actions
 */
async function keyList(list, actions) {
  const items = await Promise.all(list.map(async (key) => h("li", {},
    h("p", {}, h("strong", {}, key.name === "" ? "no name" : told(key.name)), " ",
      ALGORITHM_NAMES[key.algorithm], h("span", { class: "dim" }, ` from ${key.from}`)),
    canVerify() && h("p", {}, code(await fingerprint(key))),
    h("p", { class: "buttons" }, actions(key)))));
  return items.length === 0 ? null : h("ul", { class: "keys" }, items);
}

/** @param {() => Promise<void>} onChange */
function addForm(onChange) {
  const box = h("textarea", {
    id: "given", rows: 4, spellcheck: "false", autocomplete: "off",
    placeholder: "log.example.com+bb4669a3+AQ\u2026",
  });
  const file = h("input", { id: "file", type: "file", accept: ".json,.pem,.pub,.vkey,.txt" });
  const message = h("p", { role: "status" });
  const form = h("form", { class: "give" },
    h("h2", {}, "Give the page a key"),
    h("p", {}, "A verifier key of the log or of a witness, a public key as PEM, or a trusted root. "
      + "It has to come from somewhere else than from here."),
    h("label", { for: "given" }, "Key or trusted root"), box,
    h("label", { for: "file" }, "or a file with it"), file,
    h("p", { class: "buttons" }, h("button", { type: "submit" }, "Keep it")), message);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    try {
      const chosen = file.files?.[0];
      if (chosen !== undefined && chosen.size > MAX_FILE) throw new Error("The file is too long.");
      const text = chosen === undefined ? box.value : await chosen.text();
      const read = await readKeys(text);
      if (!addKeys(read)) throw new Error("This browser keeps nothing for pages.");
      form.reset();
      fill(message, `${counted(read.length, "key is", "keys are")} kept.`);
      message.removeAttribute("class");
      await onChange();
    } catch (error) {
      message.className = "failed";
      fill(message, told(error instanceof Error ? error.message : String(error)));
    }
  });
  return form;
}

/**
 * @param {import("./api.js").Tree[]} trees
 * @param {AbortSignal} signal
 */
async function filesSection(trees, signal) {
  const vkeys = trees.map(({ key }) => `${key}\n`).join("");
  const { trustedRoot, signingConfig } = await trustFiles(trees, signal);
  return h("section", { class: "with-command", "aria-labelledby": "files" },
    h("h2", { id: "files" }, "Trust files"),
    h("p", {}, "For Sigstore clients, of the trees that grow, by the log's own word. Who trusts "
      + "them trusts whoever answers at this address now."),
    h("p", { class: "buttons" },
      saveButton("save trusted_root.json", "trusted_root.json", () => trustedRoot),
      signingConfig !== null
        && saveButton("save signing_config.v0.2.json", "signing_config.v0.2.json",
          () => signingConfig),
      saveButton("save the verifier keys of all trees", "log.vkey", () => vkeys)),
    h("p", {}, "The command writes them too, under keys that it is given, and with trees that came "
      + "before and authorities:"),
    commandLine(trustCommand()));
}

function forgetSection() {
  const done = h("span", { role: "status" });
  return h("section", { "aria-labelledby": "forget" },
    h("h2", { id: "forget" }, "What this browser saw"),
    h("p", {}, "It remembers the last head of each tree, so that a later one has to extend it. "
      + "Forget them where a log of this address was made anew."),
    h("p", { class: "buttons" }, button("forget all heads", () => {
      forgetHeads();
      done.textContent = "forgotten";
    }), done));
}
