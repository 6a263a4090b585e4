// Signs with @sigstore/sign and verifies with @sigstore/verify, as found below $PACKAGES.
//
//   sigstore-js.mjs sign --rekor 1|2 --kind message|dsse --bundle OUT [OPTION...] FILE
//     --entry-type dsse|intoto   how Rekor v1 logs an envelope
//     --payload-type TYPE        what an envelope says that it holds
//     --key NAME                 sign with NAME.pem (default: key)
//     --certificate              name the signer by certificate.pem, not by a hint
//     --timestamps URL           have the signature time-stamped
//     --plain-key                submit key.pub where a certificate is asked for
//     --fetch-on-conflict        take the entry that the log has already
//     --drop-first-reply         lose the log's first reply
//   sigstore-js.mjs verify --rekor 1|2 --bundle IN --trusted-root JSON [--key NAME] [--identity NAME] FILE
//
// The working directory holds keys and certificate; the log is at $LOG_URL.

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
const RETRIES = 2;

async function main() {
  const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      bundle: { type: 'string' },
      certificate: { type: 'boolean' },
      'drop-first-reply': { type: 'boolean' },
      'entry-type': { type: 'string' },
      'fetch-on-conflict': { type: 'boolean', default: false },
      identity: { type: 'string' },
      key: { type: 'string', default: 'key' },
      kind: { type: 'string' },
      'payload-type': { type: 'string', default: 'application/octet-stream' },
      'plain-key': { type: 'boolean' },
      rekor: { type: 'string' },
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
    new RekorWitness({
      entryType: options['entry-type'],
      fetchOnConflict: options['fetch-on-conflict'],
      majorApiVersion: Number(options.rekor),
      rekorBaseURL: proxy?.url ?? logUrl(),
      retry: RETRIES,
    }),
  ];
  if (options.timestamps) {
    witnesses.push(new TSAWitness({ tsaBaseURL: options.timestamps }));
  }
  const signer = { sign: async (data) => signature(data, options) };
  const builder =
    options.kind === 'dsse'
      ? new DSSEBundleBuilder({ signer, witnesses })
      : new MessageSignatureBundleBuilder({ signer, witnesses });
  const bundle = await builder.create({ data: artifact, type: options['payload-type'] });
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
// key of the signer's own is submitted there as the certificate that was issued for it, while the
// bundle names it by a hint.
function signature(data, options) {
  const certificate = () => readFileSync('certificate.pem', 'utf8');
  const submitsKey = options.rekor === '1' || options['plain-key'];
  const key = options.certificate
    ? { $case: 'x509Certificate', certificate: certificate() }
    : {
        $case: 'publicKey',
        hint: KEY_HINT,
        publicKey: submitsKey ? readFileSync(`${options.key}.pub`, 'utf8') : certificate(),
      };
  return { key, signature: signBytes('sha256', data, readFileSync(`${options.key}.pem`)) };
}

// The entry in a lost reply: of version 2 as it is, of version 1 under its id.
function expectSameEntry(reply, kept) {
  const dropped = reply.logIndex === undefined ? Object.values(reply)[0] : reply;
  if (String(dropped.logIndex) !== kept.logIndex) {
    throw new Error(`the retry was given index ${kept.logIndex}, but the lost reply said ${dropped.logIndex}`);
  }
}

function verify(artifact, options) {
  const bundle = bundleFromJSON(JSON.parse(readFileSync(options.bundle, 'utf8')));
  const root = TrustedRoot.fromJSON(JSON.parse(readFileSync(options['trusted-root'], 'utf8')));
  const publicKey = createPublicKey(readFileSync(`${options.key}.pub`)).export({ format: 'der', type: 'spki' });
  const trusted = toTrustMaterial(root, { [KEY_HINT]: { rawBytes: publicKey } });
  // An entry of version 1 carries a time that the log has signed; one of version 2 does not.
  const hasTime = options.rekor === '1' || bundle.verificationMaterial.content.$case !== 'publicKey';
  const verifier = new Verifier(trusted, {
    ctlogThreshold: 0,
    timestampThreshold: hasTime ? 1 : 0,
    tlogThreshold: 1,
  });
  const policy = options.identity ? { subjectAlternativeName: options.identity } : undefined;
  verifier.verify(toSignedEntity(bundle, artifact), policy);
}

main().catch((error) => {
  console.error(`${error.code ?? error.name}: ${error.message}`);
  for (let cause = error.cause; cause; cause = cause.cause) {
    console.error(`  caused by ${cause.name}: ${cause.message}`);
  }
  process.exit(1);
});
