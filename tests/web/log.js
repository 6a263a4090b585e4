// The real server over a new directory, and entries for it.

import { spawn, spawnSync } from "node:child_process";
import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

import { certify } from "./der.js";

/** The name of the log. */
export const ORIGIN = "log.example.com";

const BINARY = process.env["LEDGERSTONE_BIN"] ?? "";

/** @typedef {Awaited<ReturnType<typeof startLog>>} Log */

/** @param {...string} flags */
export async function startLog(...flags) {
  const directory = mkdtempSync(join(tmpdir(), "ledgerstone-web-"));
  const settings = [
    "--data-dir", join(directory, "data"), "--listen", "127.0.0.1:0", "--admin-listen",
    "127.0.0.1:0", "--origin", ORIGIN, "--store-memory", "33554432", "--min-free-space", "0",
  ];
  const child = spawn(BINARY, ["serve", "--json", ...settings, ...flags], {
    stdio: ["ignore", "pipe", "ignore"],
  });
  const announced = await new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => reject(new Error("the server did not start")));
    createInterface({ input: child.stdout }).once("line", (line) => resolve(JSON.parse(line)));
  });
  const url = String(announced.url);
  const { trees } = await (await fetch(`${url}/log/v1/trees`)).json();
  const treeOf = (/** @type {string} */ protocol) => {
    return trees.find((/** @type {any} */ tree) => tree.protocol === protocol);
  };
  return {
    url,
    directory,
    v1: treeOf("rekor-v1"),
    v2: treeOf("rekor-v2"),
    async stop() {
      const ended = new Promise((resolve) => child.once("exit", resolve));
      child.kill("SIGTERM");
      await ended;
      rmSync(directory, { recursive: true });
    },
  };
}

/**
 * @param {Log} log
 * @param {string} path
 * @param {unknown} proposal
 */
async function submit(log, path, proposal) {
  const response = await fetch(log.url + path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(proposal),
  });
  if (response.status !== 201) throw new Error(`${response.status}: ${await response.text()}`);
  return response.json();
}

/** @param {Buffer} bytes */
export function sha256(bytes) {
  return createHash("sha256").update(bytes).digest();
}

export function newKey() {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

/** @typedef {ReturnType<typeof newKey>} KeyPair */

/** @param {KeyPair} key */
export function fingerprintOf({ publicKey }) {
  return `sha256:${sha256(publicKey.export({ type: "spki", format: "der" })).toString("hex")}`;
}

/**
 * A signature of a key over an artifact, through Rekor v2.
 * @param {Log} log
 * @param {KeyPair} key
 * @param {string} artifact
 */
export function submitV2(log, { privateKey, publicKey }, artifact) {
  const spki = publicKey.export({ type: "spki", format: "der" });
  const rawBytes = spki.toString("base64");
  return submitSigned(log, privateKey, artifact, { publicKey: { rawBytes } });
}

/**
 * A signature with a certificate, through Rekor v2.
 * @param {Log} log
 * @param {Parameters<typeof certify>[0]} named
 * @param {string} artifact
 */
export function submitCertified(log, named, artifact) {
  const { der, privateKey } = certify(named);
  const rawBytes = der.toString("base64");
  return submitSigned(log, privateKey, artifact, { x509Certificate: { rawBytes } });
}

/**
 * @param {Log} log
 * @param {import("node:crypto").KeyObject} privateKey
 * @param {string} artifact
 * @param {object} verifier
 */
function submitSigned(log, privateKey, artifact, verifier) {
  const bytes = Buffer.from(artifact);
  return submit(log, "/api/v2/log/entries", {
    hashedRekordRequestV002: {
      digest: sha256(bytes).toString("base64"),
      signature: {
        content: sign("sha256", bytes, privateKey).toString("base64"),
        verifier: { ...verifier, keyDetails: "PKIX_ECDSA_P256_SHA_256" },
      },
    },
  });
}

/**
 * An in-toto statement, through Rekor v1, which keeps it.
 * @param {Log} log
 * @param {KeyPair} key
 * @param {object} statement
 */
export function submitStatement(log, { privateKey, publicKey }, statement) {
  const type = "application/vnd.in-toto+json";
  const payload = Buffer.from(JSON.stringify(statement));
  const head = `DSSEv1 ${type.length} ${type} ${payload.length} `;
  const sig = sign("sha256", Buffer.concat([Buffer.from(head), payload]), privateKey);
  const envelope = JSON.stringify({
    payloadType: type,
    payload: payload.toString("base64"),
    signatures: [{ sig: sig.toString("base64") }],
  });
  const pem = Buffer.from(publicKey.export({ type: "spki", format: "pem" })).toString("base64");
  return submit(log, "/api/v1/log/entries", {
    kind: "intoto",
    apiVersion: "0.0.1",
    spec: { content: { envelope }, publicKey: pem },
  });
}

/**
 * The trust files that the command writes.
 * @param {Log} log
 */
export function trustByCommand(log) {
  const folder = join(log.directory, "trust");
  const given = ["trust", "--url", log.url, "--out", folder];
  const done = spawnSync(BINARY, given, { encoding: "utf8" });
  if (done.status !== 0) throw new Error(done.stderr);
  const read = (/** @type {string} */ name) => readFileSync(join(folder, name), "utf8");
  const [trustedRoot, signingConfig] = ["trusted_root.json", "signing_config.v0.2.json"].map(read);
  return { trustedRoot: trustedRoot ?? "", signingConfig: signingConfig ?? "" };
}

/**
 * Signs a file with the command, as a person would.
 * @param {Log} log
 * @param {string} name
 * @param {string} content
 */
export function signByCommand(log, name, content) {
  const file = join(log.directory, name);
  writeFileSync(file, content);
  const done = spawnSync(BINARY, ["sign", "--url", log.url, file], { encoding: "utf8" });
  if (done.status !== 0) throw new Error(done.stderr);
}
