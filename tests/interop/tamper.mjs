// A proxy on loopback that changes one byte:  node tamper.mjs UPSTREAM PATH MARK OFFSET
//
// In every reply to a path that begins with PATH, it is the byte OFFSET bytes behind the first MARK
// (which may be empty). It becomes the character 1 where it is 0, and else 0: in hexadecimal and
// base64 that is another valid text.

import { startProxy } from './proxy.mjs';

const [upstream, path, mark, offset] = process.argv.slice(2);
const [ZERO, ONE] = Buffer.from('01');

const proxy = await startProxy(upstream, (request, reply, body) => {
  const found = body.indexOf(mark);
  const at = found + Buffer.byteLength(mark) + Number(offset);
  if (request.url.startsWith(path) && found >= 0 && at < body.length) {
    body[at] = body[at] === ZERO ? ONE : ZERO;
    console.error(`changed byte ${at} of ${request.url}`);
  }
  return body;
});
console.log(`listening on ${proxy.url}`);
