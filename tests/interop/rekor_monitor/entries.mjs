// Who signed an entry: its keys and certificates, as monitors look for them.

import { X509Certificate, createPublicKey } from 'node:crypto';

import { sha256 } from './merkle.mjs';
import { derKey } from './notes.mjs';

// Where the bodies of Rekor v1 have their keys, each in base64 of PEM.
const KEYS_V1 = {
  'dsse 0.0.1': (spec) => spec.signatures.map(({ verifier }) => verifier),
  'hashedrekord 0.0.1': (spec) => [spec.signature.publicKey.content],
  'intoto 0.0.1': (spec) => [spec.publicKey],
  'intoto 0.0.2': (spec) => spec.content.envelope.signatures.map(({ publicKey }) => publicKey),
  'rekord 0.0.1': (spec) => [spec.signature.publicKey.content],
};

// Where those of Rekor v2 have their verifiers, and the one field that their `spec` has.
const VERIFIERS_V2 = {
  'dsse 0.0.2': ['dsseV002', (spec) => spec.signatures.map(({ verifier }) => verifier)],
  'hashedrekord 0.0.2': ['hashedRekordV002', (spec) => [spec.signature.verifier]],
};

// Returns a list of { fingerprint, subjects }.
export function signersV1(body) {
  const { keysOf, spec } = parse(body, KEYS_V1);
  return keysOf(spec).map((key) => {
    const pem = Buffer.from(key, 'base64').toString();
    return pem.includes('CERTIFICATE') ? certificate(pem) : publicKey(createPublicKey(pem));
  });
}

export function signersV2(body) {
  const { kind, keysOf: [field, verifiersOf], spec } = parse(body, VERIFIERS_V2);
  if (Object.keys(spec).join() !== field) {
    throw new Error(`an entry of the kind ${kind} has the fields ${Object.keys(spec)}`);
  }
  return verifiersOf(spec[field]).map((verifier) =>
    verifier.x509Certificate
      ? certificate(Buffer.from(verifier.x509Certificate.rawBytes, 'base64'))
      : publicKey(derKey(Buffer.from(verifier.publicKey.rawBytes, 'base64'))),
  );
}

function parse(body, kinds) {
  const { apiVersion, kind: name, spec, ...rest } = JSON.parse(body);
  const kind = `${name} ${apiVersion}`;
  if (!Object.hasOwn(kinds, kind) || Object.keys(rest).length > 0) {
    throw new Error(`a monitor of this version of Rekor cannot read an entry of the kind ${kind}`);
  }
  return { keysOf: kinds[kind], kind, spec };
}

function publicKey(key) {
  const der = key.export({ format: 'der', type: 'spki' });
  return { fingerprint: sha256(der).toString('hex'), subjects: [] };
}

function certificate(encoded) {
  const { raw, subjectAltName = '' } = new X509Certificate(encoded);
  const subjects = subjectAltName.split(', ').map((name) => name.replace(/^[^:]*:/, ''));
  return { fingerprint: sha256(raw).toString('hex'), subjects };
}
