// Requests to the log at $LOG_URL.

export async function getBytes(path) {
  return Buffer.from(await (await ask(path)).arrayBuffer());
}

export async function getText(path) {
  return (await ask(path)).text();
}

export async function getJson(path) {
  return (await ask(path)).json();
}

export async function postJson(path, value) {
  const headers = { 'content-type': 'application/json' };
  return (await ask(path, { body: JSON.stringify(value), headers, method: 'POST' })).json();
}

async function ask(path, options) {
  const reply = await fetch(`${process.env.LOG_URL}/${path}`, options);
  if (!reply.ok) {
    const error = new Error(`${path} is answered with ${reply.status}`);
    throw Object.assign(error, { code: reply.status });
  }
  return reply;
}
