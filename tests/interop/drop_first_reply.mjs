// A proxy on loopback that loses the first reply: the request reaches the log and is answered, then
// the client's connection is cut. This is what a time-out looks like to a client, which then retries
// what the log has already accepted.

import { createServer } from 'node:http';

// What belongs to one connection, and what `fetch` has already undone.
const NOT_FORWARDED = new Set(['connection', 'content-encoding', 'content-length', 'keep-alive', 'transfer-encoding']);

// Returns { url, droppedReply(), close() }. `onDrop` is told which request's reply was lost: (request, reply).
export async function dropFirstReply(upstream, onDrop = () => {}) {
  let dropped;
  const server = createServer(async (request, response) => {
    const reply = await forward(upstream, request);
    const body = Buffer.from(await reply.arrayBuffer());
    if (dropped === undefined) {
      dropped = body;
      onDrop(request, reply);
      request.socket.destroy();
      return;
    }
    const headers = [...reply.headers].filter(([name]) => !NOT_FORWARDED.has(name));
    response.writeHead(reply.status, Object.fromEntries(headers));
    response.end(body);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    close: () => server.close(),
    droppedReply: () => dropped.toString('utf8'),
    url: `http://127.0.0.1:${server.address().port}`,
  };
}

async function forward(upstream, request) {
  const chunks = [];
  for await (const chunk of request) {
    chunks.push(chunk);
  }
  const { accept = '*/*', 'content-type': contentType } = request.headers;
  return fetch(`${upstream}${request.url}`, {
    body: chunks.length > 0 ? Buffer.concat(chunks) : undefined,
    headers: contentType === undefined ? { accept } : { accept, 'content-type': contentType },
    method: request.method,
  });
}
