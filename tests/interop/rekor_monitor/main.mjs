// Makes the calls of one run of upstream's rekor-monitor against the log at $LOG_URL, and checks
// what it checks.
//
//   main.mjs 1|2 --trusted-root JSON --state FILE [--fingerprint HEX] [--subject NAME]
//
// 1 and 2 are versions of Rekor. FILE keeps the last head; the first run reads all entries, where
// rekor-monitor would have to be given an index to begin with. Beyond what rekor-monitor checks,
// every entry is proven to be under the head. The last line says what was done; a hit is an entry
// with such a key or certificate.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';

import { logsOf, parseCheckpoint } from './notes.mjs';
import * as rekorV1 from './rekor_v1.mjs';
import * as rekorV2 from './rekor_v2.mjs';

const VERSIONS = { 1: rekorV1, 2: rekorV2 };

async function main() {
  const { values: options, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      fingerprint: { type: 'string' },
      state: { type: 'string' },
      subject: { type: 'string' },
      'trusted-root': { type: 'string' },
    },
  });
  const logs = logsOf(JSON.parse(readFileSync(options['trusted-root'], 'utf8')));
  const seen = existsSync(options.state)
    ? parseCheckpoint(readFileSync(options.state, 'utf8'))
    : undefined;
  const { entries, head } = await VERSIONS[positionals[0]].watch(logs, seen);
  const isHit = ({ signers }) => signers.some((signer) => isWatched(signer, options));
  const hits = entries.filter(isHit);
  hits.forEach(({ index }) => console.log(`hit ${index}`));
  // Nothing can be proven to have grown from an empty log.
  if (head.size > 0) {
    writeFileSync(options.state, head.note);
  }
  const sizes = `from ${seen?.size ?? 0} to ${head.size}`;
  console.log(`${sizes}: ${entries.length} entries, ${hits.length} hits`);
}

function isWatched(signer, { fingerprint, subject }) {
  return signer.fingerprint === fingerprint || signer.subjects.includes(subject);
}

main().catch((error) => {
  console.error(`error: ${error.message}`);
  process.exit(1);
});
