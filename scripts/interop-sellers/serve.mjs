// Serves what takes a Request and returns a Response.
import { createServer } from "node:http";
import { once } from "node:events";
import { buffer } from "node:stream/consumers";
import { Readable } from "node:stream";

export async function listen(fetch) {
  const server = createServer(async (incoming, outgoing) => {
    const body = await buffer(incoming);
    const { method, headers } = incoming;
    const response = await fetch(new Request(`http://${headers.host}${incoming.url}`, { method, headers, body: body.length ? body : undefined }));
    outgoing.writeHead(response.status, [...response.headers].flat());
    if (response.body) Readable.fromWeb(response.body).pipe(outgoing);
    else outgoing.end();
  });
  return started(server.listen(0, "127.0.0.1"));
}

// The place of a server that is about to listen, and what stops it.
export async function started(server) {
  await once(server, "listening");
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, stop };
}
