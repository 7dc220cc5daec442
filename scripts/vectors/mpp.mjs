// What mppx's server and client say to each other, over HTTP and over MCP, and challenges of every form.
import { Challenge } from "mppx";
import { Mppx as ClientMppx, Transport as ClientTransport, evm as clientEvm } from "mppx/client";
import { Mppx, Transport, evm } from "mppx/server";
import { Types } from "mppx/evm";
import { keccak256, toBytes } from "viem";
import { account } from "./actors.mjs";

const secretKey = "a secret of a seller that is long enough";
const expires = "2100-01-01T00:00:00.000Z"; // the packages ask the machine's clock
const token = "0x036CbD53842c5426634e7929541eC2318f3dCF7e";
const url = "https://tools.example/search";
const authorization = { name: "USDC", version: "2" };
const [payer, receiver] = ["payer", "receiver"].map(account);
const transaction = keccak256(toBytes("chit transaction"));
const method = (transport) => evm.charge({
  authorization, chainId: 84532, currency: token, decimals: 6, recipient: receiver.address,
  settle: async () => ({ reference: transaction, timestamp: "2026-09-21T12:00:00.000Z" }),
});
const clientMethods = clientEvm({ account: payer, authorization, currencies: [token], networks: [84532] });

export async function mpp() {
  return { secretKey, payer: payer.address, receiver: receiver.address, token, transaction, challenges: challenges(), http: await overHTTP(), mcp: await overMCP() };
}

function challenges() {
  const request = { amount: "1000", currency: token, recipient: receiver.address, methodDetails: { chainId: 84532, credentialTypes: ["authorization"], decimals: 6 } };
  const base = { realm: "tools.example", method: "evm", intent: "charge", request, expires };
  const forms = {
    plain: base,
    "without an end": { ...base, expires: undefined },
    "of everything": { ...base, digest: "sha-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=", meta: { _mppx_scope: "GET /search", order: "a|b" }, header: "Payment-Authorization" },
    "described with every kind of character": { ...base, description: 'Say "hi", a \\ and \\u00e9: é, \u2014, \u{1F4B8}' },
    "of another method": { ...base, method: "stripe", request: { amount: "100", currency: "usd", methodDetails: { networkId: "net_1", paymentMethodTypes: ["card"] }, z: 1e21, a: [-0, 0.1, null, true, "\u20ac\u0007"] } },
  };
  return Object.entries(forms).map(([name, form]) => {
    const challenge = Challenge.from({ ...form, secretKey });
    if (!Challenge.verify(challenge, { secretKey })) throw new Error(`${name} is not verified`);
    return { name, header: Challenge.serialize(challenge), challenge, nonce: Types.challengeHash(challenge) };
  });
}

async function overHTTP() {
  const server = Mppx.create({ methods: [method()], realm: "tools.example", secretKey });
  const sell = server.compose(
    [server.evm.charge, { amount: "0.001", description: "Search the web", expires, scope: "GET /search" }],
    [server.evm.charge, { amount: "0.002", expires }],
  );
  const seen = {};
  const client = ClientMppx.create({
    methods: [clientMethods], polyfill: false,
    fetch: async (input, init) => {
      const request = new Request(input, init);
      const authorized = request.headers.get("Authorization");
      if (authorized) seen.credential = authorized;
      else seen.accept = request.headers.get("Accept-Payment");
      const result = await sell(request);
      if (result.status === 402) {
        seen.challenge = result.challenge.headers.get("WWW-Authenticate");
        seen.problem = await result.challenge.clone().json();
        return result.challenge;
      }
      const response = result.withReceipt(Response.json({ ok: true }));
      seen.receipt = response.headers.get("Payment-Receipt");
      return response;
    },
  });
  const response = await client.fetch(url);
  if (response.status !== 200) throw new Error(`the client was answered ${response.status}`);
  return seen;
}

async function overMCP() {
  const server = Mppx.create({ methods: [{ ...method(), transport: undefined }], realm: "tools.example", secretKey, transport: Transport.mcp() });
  const sell = server.evm.charge({ amount: "0.001", expires, meta: { tool: "search" } });
  const client = ClientMppx.create({ methods: [clientMethods], polyfill: false, transport: ClientTransport.mcp() });
  const call = { jsonrpc: "2.0", id: 1, method: "tools/call", params: { name: "search", arguments: {} } };
  const unpaid = await sell(call);
  const header = await client.createCredential(unpaid.challenge);
  const paid = client.transport.setCredential(call, header);
  const tampered = structuredClone(paid);
  tampered.params._meta["org.paymentauth/credential"].challenge.request.amount = "1";
  const refused = await sell(tampered);
  const served = await sell(paid);
  const answer = served.withReceipt({ jsonrpc: "2.0", id: 1, result: { content: [] } });
  return {
    error: unpaid.challenge.error, refusal: refused.challenge.error,
    credential: paid.params._meta["org.paymentauth/credential"], receipt: answer.result._meta["org.paymentauth/receipt"],
  };
}
