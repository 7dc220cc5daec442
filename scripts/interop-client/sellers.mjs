// Where the payers buy. Each seller has the same face: `buy` pays for the n-th of its goods, `fail` for something that goes
// wrong, `refund` asks for money back; `delivered` is how often something was delivered, where the seller can tell.
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { wrapFetchWithPayment } from "@x402/fetch";
import { startChit, startService, writeConfig } from "./programs.mjs";

const encode = (object) => Buffer.from(JSON.stringify(object)).toString("base64");
const decode = (header) => JSON.parse(Buffer.from(header, "base64").toString());

// `chit serve`: paid tools, with the official MCP client.
export async function mcpSeller(profile) {
  const base = await startChit(profile, "serve", "--settle-every", "0");
  const mcp = new Client({ name: "interop-client", version: "1" });
  await mcp.connect(new StreamableHTTPClientTransport(new URL(`${base}/mcp`)));
  await mcp.listTools();
  return {
    price: 500n, // of the tool "hash"
    async buy(payer, n) {
      const text = `text ${n}`;
      const answer = await callPaid(mcp, payer, { name: "hash", arguments: { text } });
      assert.ok(!answer.isError, JSON.stringify(answer.content));
      assert.equal(answer.content[0].text, createHash("sha256").update(text).digest("hex"));
    },
    async fail(payer) {
      const answer = await callPaid(mcp, payer, { name: "unreliable", arguments: {} });
      assert.ok(answer.isError && !termsOf(answer), JSON.stringify(answer.content));
    },
    refund: (payer, amount) => payer.scheme.refund(`${base}/mcp`, { amount, fetch: refundTool(mcp) }),
    close: () => mcp.close(),
  };
}

// A tool call as x402 describes it for MCP: the terms are in the refusal, the payment and its receipt in _meta.
async function callPaid(mcp, payer, call) {
  let answer = await mcp.callTool(call);
  for (let tries = 2; tries > 0; tries--) {
    const paymentPayload = await payer.client.createPaymentPayload(termsOf(answer));
    answer = await mcp.callTool({ ...call, _meta: { "x402/payment": paymentPayload } });
    const settleResponse = answer._meta?.["x402/payment-response"];
    const outcome = settleResponse ? { settleResponse } : { paymentRequired: termsOf(answer) };
    const after = await payer.client.handlePaymentResponse({ paymentPayload, requirements: paymentPayload.accepted, ...outcome });
    if (!after?.recovered) break;
  }
  return answer;
}

// The PaymentRequired of an answer, which it has in its structured content and in its text.
function termsOf({ isError, structuredContent, content }) {
  if (!isError || structuredContent?.x402Version !== 2) return undefined;
  assert.deepEqual(JSON.parse(content[0].text), structuredContent);
  return structuredContent;
}

// The stock client asks for refunds over HTTP. This takes what it sends to the tool for refunds.
function refundTool(mcp) {
  return async (_url, { headers } = {}) => {
    const payment = new Headers(headers).get("PAYMENT-SIGNATURE");
    const answer = await mcp.callTool({ name: "chit_refund", arguments: {}, ...(payment && { _meta: { "x402/payment": decode(payment) } }) });
    const receipt = answer._meta?.["x402/payment-response"];
    return receipt
      ? new Response("", { headers: { "PAYMENT-RESPONSE": encode(receipt) } })
      : new Response("", { status: 402, headers: { "PAYMENT-REQUIRED": encode(termsOf(answer)) } });
  };
}

// `chit gateway`: paid HTTP routes in front of a service, with @x402/fetch.
export async function httpSeller(profile) {
  const service = await startService();
  const route = { path: "/echo", upstream: service.url, price: "0.0007", description: "what was sent", mimeType: "application/json" };
  const config = writeConfig("gateway.yaml", {
    listen: "127.0.0.1:0",
    settleEvery: "0s",
    routes: [route, { ...route, method: "POST" }, { ...route, path: "/broken", price: "0.02" }],
  });
  const base = await startChit(profile, "gateway", "--config", config, "--log-level", "warn");
  const paying = (payer) => wrapFetchWithPayment(fetch, payer.client);
  return {
    price: 700n,
    delivered: () => service.served,
    async buy(payer, n) {
      const posted = { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ text: `${n}` }) };
      const answer = await (n % 2 ? paying(payer)(`${base}/echo?text=${n}`) : paying(payer)(`${base}/echo`, posted));
      assert.equal(answer.status, 200, await answer.clone().text());
      assert.deepEqual(await answer.json(), { echo: `${n}` });
    },
    async fail(payer) {
      const answer = await paying(payer)(`${base}/broken`);
      assert.equal(answer.status, 500);
      assert.equal(await answer.text(), "out of order");
    },
    refund: (payer, amount) => payer.scheme.refund(`${base}/echo`, { amount }),
    close: async () => {},
  };
}

// `chit gateway`: a route whose price is by its query, and whose service says what each request has cost. The first one
// that costs something is free.
export async function meteredSeller(profile) {
  const service = await startService();
  const price = { base: "0.0005", per: { argument: "rows", unit: "0.0001" }, max: "0.001", metered: true, free: { calls: 1 } };
  const config = writeConfig("metered.yaml", { listen: "127.0.0.1:0", settleEvery: "0s", routes: [{ path: "/rows", upstream: service.url, price }] });
  const base = await startChit(profile, "gateway", "--config", config, "--log-level", "error");
  const seller = {
    price: 0n, // of the last request
    delivered: () => service.served,
    async buy(payer, n) {
      const [rows, cost] = [n % 9, 200 * (n % 7)];
      const most = 500 + 100 * Math.min(Math.max(rows, 1), 5);
      seller.price = n === 1 ? 0n : BigInt(Math.min(cost, most));
      const answer = await wrapFetchWithPayment(fetch, payer.client)(`${base}/rows?text=${n}&rows=${rows}&cost=${cost}`);
      assert.equal(answer.status, 200, await answer.clone().text());
      assert.equal(answer.headers.get("Chit-Cost"), null);
      assert.equal(payer.accepted, `${most}`);
    },
    refund: (payer, amount) => payer.scheme.refund(`${base}/rows`, { amount }),
    close: async () => {},
  };
  return seller;
}
