// Hashes and proofs of a Merkle tree: RFC 6962, section 2.1, with the verifying steps of RFC 9162,
// section 2.1.
//
// Hashes are Buffers of 32 bytes. `hashOf(level, index)` is the root of the full subtree over the
// leaves from index * 2^level up to before (index + 1) * 2^level.

import { createHash } from 'node:crypto';

export const HASH_BYTES = 32;

export function sha256(...parts) {
  const hash = createHash('sha256');
  parts.forEach((part) => hash.update(part));
  return hash.digest();
}

export const leafHash = (body) => sha256(Buffer.of(0), body);
export const nodeHash = (left, right) => sha256(Buffer.of(1), left, right);

const half = (number) => Math.floor(number / 2);
const isOdd = (number) => number % 2 === 1;

// The root that a proof of inclusion leads to (RFC 9162, section 2.1.3.2).
export function rootOfInclusion(leaf, index, size, proof) {
  let [node, last, root] = [index, size - 1, leaf];
  for (const hash of proof) {
    if (last === 0) {
      throw new Error('the inclusion proof is too long');
    }
    if (isOdd(node) || node === last) {
      root = nodeHash(hash, root);
      while (!isOdd(node) && node !== 0) {
        [node, last] = [half(node), half(last)];
      }
    } else {
      root = nodeHash(root, hash);
    }
    [node, last] = [half(node), half(last)];
  }
  if (last !== 0) {
    throw new Error('the inclusion proof is too short');
  }
  return root;
}

// Throws unless the proof leads from the old head to the new one (RFC 9162, section 2.1.4.2). Heads
// are { size, root }.
export function checkConsistency(old, current, proof) {
  const path = isPowerOfTwo(old.size) ? [old.root, ...proof] : proof;
  if (path.length === 0) {
    throw new Error('the consistency proof is empty');
  }
  let [node, last] = [old.size - 1, current.size - 1];
  while (isOdd(node)) {
    [node, last] = [half(node), half(last)];
  }
  let [oldRoot, newRoot] = [path[0], path[0]];
  for (const hash of path.slice(1)) {
    if (last === 0) {
      throw new Error('the consistency proof is too long');
    }
    if (isOdd(node) || node === last) {
      [oldRoot, newRoot] = [nodeHash(hash, oldRoot), nodeHash(hash, newRoot)];
      while (!isOdd(node) && node !== 0) {
        [node, last] = [half(node), half(last)];
      }
    } else {
      newRoot = nodeHash(newRoot, hash);
    }
    [node, last] = [half(node), half(last)];
  }
  if (last !== 0 || !oldRoot.equals(old.root) || !newRoot.equals(current.root)) {
    const sizes = `from size ${old.size} to ${current.size}`;
    throw new Error(`the consistency proof ${sizes} does not lead to the signed roots`);
  }
}

// The proof that leaf `index` is in the tree of `size` leaves (RFC 6962, section 2.1.1).
export async function inclusionProof(index, size, hashOf, start = 0) {
  if (size === 1) {
    return [];
  }
  const split = largestPowerBelow(size);
  return index < split
    ? [
        ...(await inclusionProof(index, split, hashOf, start)),
        await rootOf(start + split, size - split, hashOf),
      ]
    : [
        ...(await inclusionProof(index - split, size - split, hashOf, start + split)),
        await rootOf(start, split, hashOf),
      ];
}

// The proof that the tree of `oldSize` leaves is a prefix of that of `size` (RFC 6962, section
// 2.1.2).
export async function consistencyProof(oldSize, size, hashOf, start = 0, known = true) {
  if (oldSize === size) {
    return known ? [] : [await rootOf(start, size, hashOf)];
  }
  const split = largestPowerBelow(size);
  return oldSize <= split
    ? [
        ...(await consistencyProof(oldSize, split, hashOf, start, known)),
        await rootOf(start + split, size - split, hashOf),
      ]
    : [
        ...(await consistencyProof(oldSize - split, size - split, hashOf, start + split, false)),
        await rootOf(start, split, hashOf),
      ];
}

// The root over `size` leaves that begin at `start`.
export async function rootOf(start, size, hashOf) {
  if (isPowerOfTwo(size)) {
    return hashOf(Math.log2(size), start / size);
  }
  const split = largestPowerBelow(size);
  const left = await rootOf(start, split, hashOf);
  return nodeHash(left, await rootOf(start + split, size - split, hashOf));
}

function isPowerOfTwo(number) {
  return number === 2 ** Math.floor(Math.log2(number));
}

function largestPowerBelow(number) {
  return 2 ** Math.floor(Math.log2(number - 1));
}
