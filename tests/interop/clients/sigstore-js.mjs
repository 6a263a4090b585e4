// Signs with @sigstore/sign and verifies with @sigstore/verify, as found below $PACKAGES.
//
//   sigstore-js.mjs sign --kind message|dsse --bundle OUT [--plain-key] [--drop-first-reply] [--timestamps URL] FILE
//   sigstore-js.mjs verify --bundle IN --trusted-root JSON FILE
//
// The working directory holds key.pem and certificate.pem; the log is at $LOG_URL.

import { createPublicKey, sign as signBytes } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { parseArgs } from 'node:util';

import { dropFirstReply } from '../drop_first_reply.mjs';

const require = createRequire(`${process.env.PACKAGES}/`);
const { DSSEBundleBuilder, MessageSignatureBundleBuilder, RekorWitness, TSAWitness } = require('@sigstore/sign');
const { Verifier, toSignedEntity, toTrustMaterial } = require('@sigstore/verify');
// The two packages above depend on these and take their types in arguments.
const { bundleFromJSON, bundleToJSON } = require('@sigstore/bundle');
const { TrustedRoot } = require('@sigstore/protobuf-specs');

const KEY_HINT = 'signer';
const PAYLOAD_TYPE = 'application/octet-stream';
const RETRIES = 2;

async function main() {
  const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      bundle: { type: 'string' },
      'drop-first-reply': { type: 'boolean' },
      kind: { type: 'string' },
      'plain-key': { type: 'boolean' },
      timestamps: { type: 'string' },
      'trusted-root': { type: 'string' },
    },
  });
  const [command, file] = positionals;
  const artifact = readFileSync(file);
  if (command === 'sign') {
    const bundle = await sign(artifact, options);
    writeFileSync(options.bundle, JSON.stringify(bundleToJSON(bundle)));
  } else {
    verify(artifact, options);
  }
}

async function sign(artifact, options) {
  const proxy = options['drop-first-reply'] ? await dropFirstReply(logUrl()) : undefined;
  const witnesses = [
    new RekorWitness({ rekorBaseURL: proxy?.url ?? logUrl(), majorApiVersion: 2, retry: RETRIES }),
  ];
  if (options.timestamps) {
    witnesses.push(new TSAWitness({ tsaBaseURL: options.timestamps }));
  }
  const signer = { sign: async (data) => signature(data, options) };
  const builder =
    options.kind === 'dsse'
      ? new DSSEBundleBuilder({ signer, witnesses })
      : new MessageSignatureBundleBuilder({ signer, witnesses });
  const bundle = await builder.create({ data: artifact, type: PAYLOAD_TYPE });
  if (proxy) {
    proxy.close();
    expectSameEntry(JSON.parse(proxy.droppedReply()), bundle.verificationMaterial.tlogEntries[0]);
  }
  return bundle;
}

// Without a URL the package would turn to a public log.
function logUrl() {
  if (!process.env.LOG_URL) {
    throw new Error('LOG_URL is not set');
  }
  return process.env.LOG_URL;
}

// For version 2 the package puts whatever PEM it is given into the request's certificate field. So a
// key of the signer's own is submitted as the certificate that was issued for it, while the bundle
// names it by a hint, unless a time stamp makes the certificate itself verifiable.
function signature(data, options) {
  const certificate = readFileSync('certificate.pem', 'utf8');
  const key = options.timestamps
    ? { $case: 'x509Certificate', certificate }
    : {
        $case: 'publicKey',
        hint: KEY_HINT,
        publicKey: options['plain-key'] ? readFileSync('key.pub', 'utf8') : certificate,
      };
  return { key, signature: signBytes('sha256', data, readFileSync('key.pem')) };
}

function expectSameEntry(dropped, kept) {
  if (dropped.logIndex !== kept.logIndex) {
    throw new Error(`the retry was given index ${kept.logIndex}, but the lost reply said ${dropped.logIndex}`);
  }
}

function verify(artifact, options) {
  const bundle = bundleFromJSON(JSON.parse(readFileSync(options.bundle, 'utf8')));
  const root = TrustedRoot.fromJSON(JSON.parse(readFileSync(options['trusted-root'], 'utf8')));
  const publicKey = createPublicKey(readFileSync('key.pub')).export({ format: 'der', type: 'spki' });
  const trusted = toTrustMaterial(root, { [KEY_HINT]: { rawBytes: publicKey } });
  const timestamped = bundle.verificationMaterial.content.$case !== 'publicKey';
  const verifier = new Verifier(trusted, {
    ctlogThreshold: 0,
    timestampThreshold: timestamped ? 1 : 0,
    tlogThreshold: 1,
  });
  verifier.verify(toSignedEntity(bundle, artifact));
}

main().catch((error) => {
  console.error(`${error.code ?? error.name}: ${error.message}`);
  for (let cause = error.cause; cause; cause = cause.cause) {
    console.error(`  caused by ${cause.name}: ${cause.message}`);
  }
  process.exit(1);
});
