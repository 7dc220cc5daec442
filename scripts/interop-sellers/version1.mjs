// The stock sellers of version 1: a page by x402-express and a tool by x402-mcp, behind a facilitator of the package x402.
import express from "express";
import { settle, verify } from "x402/facilitator";
import { paymentMiddleware } from "x402-express";
import { createPaidMcpHandler } from "x402-mcp/server";
import { z } from "zod";
import { listen, started } from "./serve.mjs";

const NETWORK = "base";
const PRICE = 0.001;

export async function sellByVersion1({ wallet, receiver }) {
  const facilitator = await started(facilitate(wallet).listen(0, "127.0.0.1"));
  const pages = await started(sellPages(receiver, facilitator.url).listen(0, "127.0.0.1"));
  const tools = await listen(
    createPaidMcpHandler(
      (server) => server.paidTool("echo", "what was sent", { price: PRICE }, { text: z.string() }, {}, ({ text }) => ({ content: [{ type: "text", text }] })),
      {},
      { basePath: "", recipient: receiver, facilitator: { url: facilitator.url }, network: NETWORK },
    ),
  );
  const stop = () => [facilitator, pages, tools].forEach((one) => one.stop());
  return { env: { INTEROP_V1_PAGE: `${pages.url}/page`, INTEROP_V1_TOOLS: `${tools.url}/mcp` }, stop };
}

function facilitate(wallet) {
  const app = express().use(express.json());
  app.get("/supported", (_, response) => response.json({ kinds: [{ x402Version: 1, scheme: "exact", network: NETWORK }] }));
  for (const [path, act] of [["/verify", verify], ["/settle", settle]]) {
    app.post(path, async ({ body }, response) => response.json(await act(wallet, body.paymentPayload, body.paymentRequirements)));
  }
  return app;
}

function sellPages(receiver, url) {
  const app = express();
  app.use(paymentMiddleware(receiver, { "GET /page": { price: `$${PRICE}`, network: NETWORK } }, { url }));
  app.get("/page", (_, response) => response.type("text").send("a page"));
  return app;
}
