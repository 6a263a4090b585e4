// A proxy on loopback that loses the first reply: the request reaches the log and is answered, then
// the client's connection is cut. This is what a time-out looks like to a client, which then
// retries what the log has already accepted.

import { startProxy } from './proxy.mjs';

// Returns { url, droppedReply(), close() }. `onDrop` is told which request's reply was lost:
// (request, reply).
export async function dropFirstReply(upstream, onDrop = () => {}) {
  let dropped;
  const proxy = await startProxy(upstream, (request, reply, body) => {
    if (dropped !== undefined) {
      return body;
    }
    dropped = body;
    onDrop(request, reply);
    return undefined;
  });
  return { ...proxy, droppedReply: () => dropped.toString('utf8') };
}
