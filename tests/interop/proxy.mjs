// A proxy on loopback, for tests that need something between a client and the log.

import { createServer } from 'node:http';

// What belongs to one connection, and what `fetch` has already undone.
const NOT_FORWARDED = new Set([
  'connection',
  'content-encoding',
  'content-length',
  'keep-alive',
  'transfer-encoding',
]);

// Returns { url, close() }. `answer(request, reply, body)` gives the body that the client gets;
// without one its connection is cut.
export async function startProxy(upstream, answer) {
  const server = createServer(async (request, response) => {
    const reply = await forward(upstream, request);
    const body = answer(request, reply, Buffer.from(await reply.arrayBuffer()));
    if (body === undefined) {
      request.socket.destroy();
      return;
    }
    const headers = [...reply.headers].filter(([name]) => !NOT_FORWARDED.has(name));
    response.writeHead(reply.status, Object.fromEntries(headers));
    response.end(body);
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  return { close: () => server.close(), url: `http://127.0.0.1:${server.address().port}` };
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
