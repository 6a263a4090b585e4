// What rekor-monitor does over Rekor v1.

import { createPublicKey } from 'node:crypto';

import { signersV1 } from './entries.mjs';
import { getJson, getText, postJson } from './http.mjs';
import { checkConsistency, leafHash, rootOfInclusion } from './merkle.mjs';
import { checkEverySignature, hasGrown, logThatSigned, parseCheckpoint } from './notes.mjs';

// How many entries the monitor asks for at once.
const BATCH = 10;
const TREE_ID_DIGITS = 16;

// Returns { head, entries }: the new head, and the entries since `seen`, over all shards.
export async function watch(logs, seen) {
  const log = logThatSigned(parseCheckpoint((await getJson('api/v1/log')).signedTreeHead), logs);
  const info = await getJson('api/v1/log');
  const head = checkTree(info, log);
  await checkPublishedKey(info.treeID, log);
  const shards = new Map([[info.treeID, { head, log }]]);
  for (const shard of info.inactiveShards ?? []) {
    const signedBy = logThatSigned(parseCheckpoint(shard.signedTreeHead), logs);
    shards.set(shard.treeID, { head: checkTree(shard, signedBy), log: signedBy });
    await checkPublishedKey(shard.treeID, signedBy);
  }
  if (seen) {
    checkEverySignature(seen, log);
    await checkGrowth(seen, head, info.treeID);
  }
  const before = sum((info.inactiveShards ?? []).map(({ treeSize }) => treeSize));
  const entries = await readEntries(seen ? before + seen.size : 0, before + head.size, shards);
  return { entries, head };
}

// The signed head says what stands beside it, and which tree it is of.
function checkTree({ rootHash, signedTreeHead, treeID, treeSize }, log) {
  const head = parseCheckpoint(signedTreeHead);
  checkEverySignature(head, log);
  const signed = [head.origin.split(' - ').at(-1), head.size, head.root.toString('hex')].join();
  if (signed !== [treeID, treeSize, rootHash].join()) {
    throw new Error(`the head of tree ${treeID} is signed for another: ${signed}`);
  }
  return head;
}

// Earlier monitors took the key from the log itself; it has to be the trusted one.
async function checkPublishedKey(treeId, { der }) {
  const pem = await getText(`api/v1/log/publicKey?treeID=${treeId}`);
  if (!createPublicKey(pem).export({ format: 'der', type: 'spki' }).equals(der)) {
    throw new Error(`the log publishes another key for tree ${treeId} than the trusted root has`);
  }
}

async function checkGrowth(old, current, treeId) {
  if (hasGrown(old, current)) {
    const query = `firstSize=${old.size}&lastSize=${current.size}&treeID=${treeId}`;
    const { hashes } = await getJson(`api/v1/log/proof?${query}`);
    checkConsistency(old, current, hashes.map(unhex));
  }
}

// Entries by their index over all shards, from `start` up to before `end`.
async function readEntries(start, end, shards) {
  const entries = [];
  for (let first = start; first < end; first += BATCH) {
    const logIndexes = range(first, Math.min(first + BATCH, end));
    const query = { entries: null, entryUUIDs: null, logIndexes };
    const replies = await postJson('api/v1/log/entries/retrieve', query);
    const found = replies.flatMap((reply) => Object.entries(reply));
    const indexes = found.map(([, { logIndex }]) => logIndex);
    if (indexes.join() !== logIndexes.join()) {
      throw new Error(`asked for the entries ${logIndexes}, got ${indexes}`);
    }
    for (const [id, entry] of found) {
      entries.push(await checkEntry(id, entry, shards));
    }
  }
  return entries;
}

// It is under the head of the tree that its id names.
async function checkEntry(id, { body, logIndex, verification: { inclusionProof } }, shards) {
  const bytes = Buffer.from(body, 'base64');
  const leaf = leafHash(bytes);
  if (id.slice(TREE_ID_DIGITS) !== leaf.toString('hex')) {
    throw new Error(`entry ${logIndex} has another body than that of its id`);
  }
  const treeId = BigInt(`0x${id.slice(0, TREE_ID_DIGITS)}`).toString();
  const shard = shards.get(treeId);
  if (!shard) {
    throw new Error(`entry ${logIndex} is in tree ${treeId}, which the log does not list`);
  }
  const signed = parseCheckpoint(inclusionProof.checkpoint);
  checkEverySignature(signed, shard.log);
  const hashes = inclusionProof.hashes.map(unhex);
  const proven = rootOfInclusion(leaf, inclusionProof.logIndex, signed.size, hashes);
  if (!proven.equals(signed.root) || inclusionProof.rootHash !== signed.root.toString('hex')) {
    throw new Error(`entry ${logIndex} is not proven to be in the log`);
  }
  if (signed.origin !== shard.head.origin) {
    throw new Error(`the proof of entry ${logIndex} is from another tree: ${signed.origin}`);
  }
  await checkGrowth(shard.head, signed, treeId);
  return { index: logIndex, signers: signersV1(bytes) };
}

function range(start, end) {
  return Array.from({ length: end - start }, (_, offset) => start + offset);
}

function sum(numbers) {
  return numbers.reduce((total, number) => total + number, 0);
}

function unhex(digits) {
  if (!/^[0-9a-f]{64}$/.test(digits)) {
    throw new Error(`${digits} is no hash`);
  }
  return Buffer.from(digits, 'hex');
}
