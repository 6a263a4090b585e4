// Checkpoints (C2SP tlog-checkpoint), and the keys of a trusted root that sign them.

import { createPublicKey, verify } from 'node:crypto';

import { sha256 } from './merkle.mjs';

const HINT_BYTES = 4;
// What precedes an Ed25519 key where its id is computed (C2SP signed-note).
const ED25519 = Buffer.of(1);
// The 32 bytes of an Ed25519 key are the last of its DER form.
const ED25519_KEY_BYTES = 32;

// The logs of a trusted root: { id, key, der, host } each.
export function logsOf(trustedRoot) {
  return trustedRoot.tlogs.map(({ baseUrl, logId, publicKey }) => {
    const der = Buffer.from(publicKey.rawBytes, 'base64');
    const id = Buffer.from(logId.keyId, 'base64');
    return { der, host: new URL(baseUrl).host, id, key: derKey(der) };
  });
}

export function derKey(der) {
  return createPublicKey({ format: 'der', key: der, type: 'spki' });
}

// A checkpoint, nothing of which is verified yet: { text, origin, size, root, signatures }.
export function parseCheckpoint(note) {
  const end = note.indexOf('\n\n');
  const text = note.slice(0, end + 1);
  const [origin, size, root] = text.split('\n');
  if (end < 0 || !/^[0-9]+$/.test(size)) {
    throw new Error(`this is no checkpoint: ${JSON.stringify(note)}`);
  }
  const signatures = note.slice(end + 2).split('\n').filter(Boolean).map(parseSignature);
  if (signatures.length === 0) {
    throw new Error('the checkpoint is not signed');
  }
  return { note, origin, root: Buffer.from(root, 'base64'), signatures, size: Number(size), text };
}

function parseSignature(line) {
  const parts = /^\u2014 (\S+) (\S+)$/.exec(line);
  if (!parts) {
    throw new Error(`this is no line of a signature: ${JSON.stringify(line)}`);
  }
  const bytes = Buffer.from(parts[2], 'base64');
  const hint = bytes.subarray(0, HINT_BYTES);
  return { hint, name: parts[1], signature: bytes.subarray(HINT_BYTES) };
}

// The log whose id begins with the hint of the first signature: so monitors find a log's key.
export function logThatSigned(checkpoint, logs) {
  const { hint, name } = checkpoint.signatures[0];
  const log = logs.find(({ id }) => id.subarray(0, HINT_BYTES).equals(hint));
  if (!log) {
    throw new Error(`no log of the trusted root has the key id ${hint.toString('hex')}`);
  }
  if (!keyId(log, name).equals(log.id)) {
    throw new Error(`the trusted root names the key of ${name} by another id than its own`);
  }
  return log;
}

function keyId({ der, key }, name) {
  return key.asymmetricKeyType === 'ed25519'
    ? sha256(`${name}\n`, ED25519, der.subarray(-ED25519_KEY_BYTES))
    : sha256(der);
}

// Throws unless every signature is the log's, as the verifier for Rekor v1 does.
export function checkEverySignature(checkpoint, log) {
  for (const each of checkpoint.signatures) {
    if (!isOf(log, each) || !signs(log, each, checkpoint)) {
      throw new Error(`a signature of the checkpoint of size ${checkpoint.size} is not the log's`);
    }
  }
}

// Throws unless the log signed it under its own origin; signatures of others, such as witnesses,
// may stand beside.
export function checkSignatureOf(origin, checkpoint, log) {
  if (checkpoint.origin !== origin) {
    throw new Error(`the checkpoint is that of ${checkpoint.origin}, not of ${origin}`);
  }
  const own = checkpoint.signatures.filter((each) => each.name === origin && isOf(log, each));
  if (own.length === 0 || !own.every((each) => signs(log, each, checkpoint))) {
    throw new Error(`the log did not sign the checkpoint of size ${checkpoint.size}`);
  }
}

function isOf(log, { hint }) {
  return log.id.subarray(0, HINT_BYTES).equals(hint);
}

function signs({ key }, { signature }, { text }) {
  const digest = key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
  return verify(digest, Buffer.from(text), key, signature);
}

// Whether there is growth that a proof has to show. Throws where there cannot be one.
export function hasGrown(old, current) {
  if (old.size === current.size && old.root.equals(current.root)) {
    return false;
  }
  if (old.size >= current.size) {
    const sizes = `the log had ${old.size} entries and another root`;
    throw new Error(`${sizes}, and now has ${current.size}`);
  }
  return true;
}
