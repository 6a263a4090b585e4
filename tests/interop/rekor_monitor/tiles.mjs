// Reads a tree by its tiles (C2SP tlog-tiles).

import { HASH_BYTES, nodeHash } from './merkle.mjs';

export const TILE_WIDTH = 256;
const TILE_LEVELS = 8;

export class TileReader {
  #read;
  #size;
  #tiles = new Map();

  // `read(path)` gets a resource of the log, or throws; with its code 404 where there is none.
  constructor(read, size) {
    this.#read = read;
    this.#size = size;
  }

  // The root of a full subtree.
  hashOf = async (level, index) => {
    const tileLevel = Math.floor(level / TILE_LEVELS);
    const count = 2 ** (level % TILE_LEVELS);
    const first = index * count;
    const tile = await this.#tile(tileLevel, Math.floor(first / TILE_WIDTH));
    const offset = (first % TILE_WIDTH) * HASH_BYTES;
    let hashes = hashesOf(tile.subarray(offset, offset + count * HASH_BYTES));
    while (hashes.length > 1) {
      hashes = pairsOf(hashes).map(([left, right]) => nodeHash(left, right));
    }
    return hashes[0];
  };

  // The entries of a bundle.
  async bundle(index, width) {
    let rest = await this.#partOrWhole('entries', index, width);
    const entries = [];
    while (rest.length > 0) {
      const end = 2 + rest.readUInt16BE();
      if (end > rest.length) {
        throw new Error(`bundle ${index} ends inside of an entry`);
      }
      entries.push(rest.subarray(2, end));
      rest = rest.subarray(end);
    }
    if (entries.length < width) {
      throw new Error(`bundle ${index} has ${entries.length} entries in place of ${width}`);
    }
    return entries.slice(0, width);
  }

  #tile(level, index) {
    const key = `${level}/${index}`;
    if (!this.#tiles.has(key)) {
      this.#tiles.set(key, this.#readTile(level, index));
    }
    return this.#tiles.get(key);
  }

  async #readTile(level, index) {
    const hashes = Math.floor(this.#size / TILE_WIDTH ** level);
    const width = Math.min(hashes - index * TILE_WIDTH, TILE_WIDTH);
    const tile = await this.#partOrWhole(level, index, width);
    if (tile.length < width * HASH_BYTES) {
      throw new Error(`tile ${level}/${index} is too short`);
    }
    return tile.subarray(0, width * HASH_BYTES);
  }

  // What is only in part filled at this size may be there as a whole alone.
  async #partOrWhole(level, index, width) {
    const whole = `tile/${level}/${groups(index)}`;
    if (width === TILE_WIDTH) {
      return this.#read(whole);
    }
    try {
      return await this.#read(`${whole}.p/${width}`);
    } catch (error) {
      if (error.code !== 404) {
        throw error;
      }
      return this.#read(whole);
    }
  }
}

function hashesOf(bytes) {
  return Array.from({ length: bytes.length / HASH_BYTES }, (_, index) =>
    bytes.subarray(index * HASH_BYTES, (index + 1) * HASH_BYTES),
  );
}

function pairsOf(hashes) {
  return Array.from({ length: hashes.length / 2 }, (_, index) =>
    hashes.slice(2 * index, 2 * index + 2),
  );
}

// 1234067 is x001/x234/067.
function groups(index) {
  const digits = String(index);
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0');
  return padded.replace(/\d{3}(?=\d)/g, 'x$&/');
}
