// The proxy of drop_first_reply.mjs as a program:  node lossy_proxy.mjs UPSTREAM
//
// It says where it listens, and on stderr which reply it lost: "lost 201 to POST /api/v1/log/entries".

import { dropFirstReply } from './drop_first_reply.mjs';

const proxy = await dropFirstReply(process.argv[2], (request, reply) => {
  console.error(`lost ${reply.status} to ${request.method} ${request.url}`);
});
console.log(`listening on ${proxy.url}`);
