// A stock x402 server, with the batch-settlement scheme and a facilitator in the same process, on a local chain with our
// contracts at the canonical addresses. It is paid by the program in ./payer, whose exit code is this one's.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { x402Facilitator } from "@x402/core/facilitator";
import { x402ResourceServer } from "@x402/core/server";
import { toFacilitatorEvmSigner } from "@x402/evm";
import { BatchSettlementEvmScheme as FacilitatorScheme } from "@x402/evm/batch-settlement/facilitator";
import { BatchSettlementChannelManager, BatchSettlementEvmScheme as ServerScheme } from "@x402/evm/batch-settlement/server";
import { paymentMiddleware } from "@x402/express";
import express from "express";
import { createWalletClient, http, parseEther, publicActions } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { artifact, install, startChain } from "../interop/chain.mjs";

const CHAIN_ID = 84532;
const NETWORK = `eip155:${CHAIN_ID}`;
const PRICE = "1000";
const FUNDS = 100_000_000n;

const { chain, node, stop } = await startChain(CHAIN_ID);
try {
  process.exitCode = await run();
} finally {
  stop();
}

async function run() {
  const { usdc, mint } = await install({ chain, node });
  const secret = generatePrivateKey();
  const [payer, relay, cashier, receiver] = [secret, ...Array.from({ length: 3 }, generatePrivateKey)].map((key) => privateKeyToAccount(key));
  await mint(payer.address, FUNDS);
  await node.setBalance({ address: relay.address, value: parseEther("1") });

  const facilitator = new x402Facilitator().register(NETWORK, new FacilitatorScheme(signerOf(relay), cashier));
  const scheme = new ServerScheme(receiver.address, { receiverAuthorizerSigner: cashier, withdrawDelay: 900 });
  const app = sell({ facilitator, scheme, usdc, receiver: receiver.address });
  const server = app.listen(0, "127.0.0.1");
  await once(server, "listening");

  const manager = new BatchSettlementChannelManager({ scheme, facilitator, receiver: receiver.address, token: usdc, network: NETWORK });
  app.post("/till", async (_, response) => {
    await manager.claimAndSettle();
    const held = await node.readContract({ address: usdc, abi: artifact("DevUSDC").abi, functionName: "balanceOf", args: [receiver.address] });
    response.send(`${held}`);
  });
  try {
    return await pay(`http://127.0.0.1:${server.address().port}`, { usdc, secret });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

function signerOf(account) {
  const wallet = createWalletClient({ chain, account, transport: http(), pollingInterval: 50 }).extend(publicActions);
  const { readContract, verifyTypedData, writeContract, sendTransaction, waitForTransactionReceipt, getCode } = wallet;
  return toFacilitatorEvmSigner({
    address: account.address, readContract, verifyTypedData, writeContract, sendTransaction, waitForTransactionReceipt, getCode,
  });
}

// What is sold: a line that says how often it was, a form, and a page that fails.
function sell({ facilitator, scheme, usdc, receiver }) {
  const price = { asset: usdc, amount: PRICE, extra: { name: "USD Coin", version: "2", assetTransferMethod: "eip3009" } };
  const route = { accepts: { scheme: "batch-settlement", network: NETWORK, price, payTo: receiver }, mimeType: "text/plain" };
  const app = express();
  app.use(paymentMiddleware({ "GET /line": route, "GET /slow": route, "POST /form": route, "GET /broken": route }, new x402ResourceServer(facilitator).register(NETWORK, scheme)));
  let sold = 0;
  app.get("/line", (_, response) => response.type("text").send(`line ${++sold}`));
  app.get("/slow", (_, response) => setTimeout(() => response.type("text").send(`line ${++sold}`), 30));
  app.post("/form", express.text(), (request, response) => response.type("text").send(`form ${request.body}`));
  app.get("/broken", (_, response) => response.status(500).send("out of order"));
  return app;
}

async function pay(server, { usdc, secret }) {
  const payer = spawn(process.env.PAYER, [], {
    stdio: "inherit",
    env: { ...process.env, CHIT_KEY: secret, INTEROP_SERVER: server, INTEROP_RPC: chain.rpcUrls.default.http[0], INTEROP_TOKEN: usdc },
  });
  const [code] = await once(payer, "exit");
  return code ?? 1;
}
