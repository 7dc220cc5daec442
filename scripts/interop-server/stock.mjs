// The stock server: express, each scheme, and a facilitator in the same process or elsewhere.
import { once } from "node:events";
import { x402Facilitator } from "@x402/core/facilitator";
import { x402ResourceServer } from "@x402/core/server";
import { BatchSettlementEvmScheme as FacilitatorScheme } from "@x402/evm/batch-settlement/facilitator";
import { BatchSettlementEvmScheme as ServerScheme } from "@x402/evm/batch-settlement/server";
import { FileChannelStorage } from "@x402/evm/batch-settlement/server/file-storage";
import { ExactEvmScheme as ExactFacilitator } from "@x402/evm/exact/facilitator";
import { ExactEvmScheme as ExactServer } from "@x402/evm/exact/server";
import { UptoEvmScheme as UptoFacilitator } from "@x402/evm/upto/facilitator";
import { UptoEvmScheme as UptoServer } from "@x402/evm/upto/server";
import { paymentMiddleware, setSettlementOverrides } from "@x402/express";
import express from "express";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { newRelay } from "../interop/relay.mjs";

const PRICE = "1000";
const METERED = "700"; // of PRICE at most
const SPONSORING = { eip2612GasSponsoring: { info: { description: "takes a permit with the payment", version: "1" }, schema: {} } };
// Refuses a payment that does not take up what is announced here.
const IDENTIFIED = { "payment-identifier": { info: { required: true }, schema: {} } };

// Starts it on a chain with the contracts. Its channels are in the folder `storage`, or in memory where none is given; without a
// facilitator it has the stock one.
export async function startStock({ chain, node, usdc, storage, facilitator }) {
  const network = `eip155:${chain.id}`;
  const [cashier, receiver] = Array.from({ length: 2 }, () => privateKeyToAccount(generatePrivateKey()));
  facilitator ??= await stockFacilitator({ chain, node }, cashier);
  const scheme = new ServerScheme(receiver.address, {
    receiverAuthorizerSigner: cashier, withdrawDelay: 900, ...(storage && { storage: new FileChannelStorage({ directory: storage }) }),
  });
  const app = sell({ network, facilitator, scheme, usdc, receiver: receiver.address });
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = () => {
    server.closeAllConnections();
    server.close();
  };
  return { url: `http://127.0.0.1:${server.address().port}`, network, app, facilitator, scheme, receiver: receiver.address, stop };
}

async function stockFacilitator({ chain, node }, cashier) {
  const network = `eip155:${chain.id}`;
  const relay = await newRelay({ chain, node });
  return new x402Facilitator()
    .register(network, new FacilitatorScheme(relay, cashier))
    .register(network, new ExactFacilitator(relay))
    .register(network, new UptoFacilitator(relay))
    .registerExtension({ key: "eip2612GasSponsoring" });
}

// What is sold: by vouchers a line that says how often it was, a form, and a page that fails; by transfers of each kind a page.
function sell({ network, facilitator, scheme, usdc, receiver }) {
  const price = { asset: usdc, amount: PRICE, extra: { name: "USD Coin", version: "2", assetTransferMethod: "eip3009" } };
  const route = { accepts: { scheme: "batch-settlement", network, price, payTo: receiver }, mimeType: "text/plain", extensions: IDENTIFIED };
  const by = (scheme, assetTransferMethod) => ({
    accepts: { scheme, network, price: { ...price, extra: { ...price.extra, assetTransferMethod } }, payTo: receiver }, mimeType: "text/plain", extensions: { ...IDENTIFIED, ...SPONSORING },
  });
  const routes = {
    "GET /line": route, "GET /slow": route, "POST /form": route, "GET /broken": route,
    "GET /exact": by("exact", "eip3009"), "GET /permit2": by("exact", "permit2"), "GET /upto": by("upto", "permit2"),
  };
  const app = express();
  app.use(paymentMiddleware(routes, new x402ResourceServer(facilitator).register(network, scheme).register(network, new ExactServer()).register(network, new UptoServer())));
  let sold = 0;
  app.get("/line", (_, response) => response.type("text").send(`line ${++sold}`));
  app.get("/slow", (_, response) => setTimeout(() => response.type("text").send(`line ${++sold}`), 30));
  app.post("/form", express.text(), (request, response) => response.type("text").send(`form ${request.body}`));
  app.get("/broken", (_, response) => response.status(500).send("out of order"));
  app.get(["/exact", "/permit2"], (_, response) => response.type("text").send("by transfer"));
  app.get("/upto", (_, response) => {
    setSettlementOverrides(response, { amount: METERED });
    response.type("text").send("by transfer");
  });
  return app;
}
