// What rekor-monitor does over Rekor v2.

import { signersV2 } from './entries.mjs';
import { getBytes, getText } from './http.mjs';
import {
  checkConsistency,
  consistencyProof,
  inclusionProof,
  leafHash,
  rootOfInclusion,
} from './merkle.mjs';
import { checkSignatureOf, hasGrown, logThatSigned, parseCheckpoint } from './notes.mjs';
import { TILE_WIDTH, TileReader } from './tiles.mjs';

// Returns { head, entries }: the new head, and the entries since `seen`.
export async function watch(logs, seen) {
  const log = logThatSigned(parseCheckpoint(await getText('checkpoint')), logs);
  // The monitor takes the origin from the URL in the signing config, which names the same host as
  // the trusted root.
  const head = parseCheckpoint(await getText('checkpoint'));
  checkSignatureOf(log.host, head, log);
  const tiles = new TileReader(getBytes, head.size);
  if (seen) {
    checkSignatureOf(log.host, seen, log);
    await checkGrowth(seen, head, tiles);
  }
  return { entries: await readEntries(seen?.size ?? 0, head, tiles), head };
}

async function checkGrowth(old, current, tiles) {
  if (hasGrown(old, current)) {
    checkConsistency(old, current, await consistencyProof(old.size, current.size, tiles.hashOf));
  }
}

// The bundles from the one with entry `start` up to the last; the first may have been read in part
// before.
async function readEntries(start, head, tiles) {
  const entries = [];
  for (let bundle = Math.floor(start / TILE_WIDTH); bundle * TILE_WIDTH < head.size; bundle += 1) {
    const first = bundle * TILE_WIDTH;
    const bodies = await tiles.bundle(bundle, Math.min(head.size - first, TILE_WIDTH));
    for (const [offset, body] of bodies.entries()) {
      if (first + offset >= start) {
        entries.push(await checkEntry(first + offset, body, head, tiles));
      }
    }
  }
  return entries;
}

// It is what the tile of leaf hashes has in its place, and that is under the head.
async function checkEntry(index, body, head, tiles) {
  const leaf = await tiles.hashOf(0, index);
  if (!leaf.equals(leafHash(body))) {
    throw new Error(`entry ${index} has another body than that of its hash in the tile`);
  }
  const proof = await inclusionProof(index, head.size, tiles.hashOf);
  if (!rootOfInclusion(leaf, index, head.size, proof).equals(head.root)) {
    throw new Error(`entry ${index} is not proven to be in the log`);
  }
  return { index, signers: signersV2(body) };
}
