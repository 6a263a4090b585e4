// A proxy on loopback that loses the first reply: the request reaches the log and is answered, then
// the client's connection is cut. This is what a time-out looks like to a client, which then retries
// what the log has already accepted.

import { createServer } from 'node:http';

// Returns { url, droppedReply(), close() }.
export async function dropFirstReply(upstream) {
  let dropped;
  const server = createServer(async (request, response) => {
    const reply = await forward(upstream, request);
    const body = Buffer.from(await reply.arrayBuffer());
    if (dropped === undefined) {
      dropped = body;
      request.socket.destroy();
      return;
    }
    response.writeHead(reply.status, { 'content-type': reply.headers.get('content-type') });
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
  return fetch(`${upstream}${request.url}`, {
    body: Buffer.concat(chunks),
    headers: { 'content-type': request.headers['content-type'] },
    method: request.method,
  });
}
