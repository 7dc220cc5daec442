// A stock server that settles by `chit facilitator`: paid by stock clients, its receiver gets what they paid.
import assert from "node:assert/strict";
import { HTTPFacilitatorClient } from "@x402/core/server";
import { ExactEvmScheme, toClientEvmSigner } from "@x402/evm";
import { BatchSettlementEvmScheme } from "@x402/evm/batch-settlement/client";
import { BatchSettlementChannelManager } from "@x402/evm/batch-settlement/server";
import { UptoEvmScheme } from "@x402/evm/upto/client";
import { wrapFetchWithPayment, x402Client } from "@x402/fetch";
import { parseEther } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { artifact, freePort, install, newAccount, startChain } from "../interop/chain.mjs";
import { chit, start, stopAll, writeConfig, writeProfile } from "../interop-client/programs.mjs";
import { startStock } from "../interop-server/stock.mjs";

const CHAIN_ID = 84532;
const NETWORK = `eip155:${CHAIN_ID}`;
const FUNDS = 1_000_000n;
const PAGES = [["/exact", 1_000n], ["/permit2", 1_000n], ["/upto", 700n], ["/line", 1_000n], ["/line", 1_000n]]; // with what each costs

const { chain, node, stop } = await startChain(CHAIN_ID);
let stock;
try {
  await run();
  console.log("interop-facilitator: ok");
} catch (error) {
  console.error("interop-facilitator: FAILED\n", error);
  process.exitCode = 1;
} finally {
  stock?.stop();
  await stopAll();
  stop();
}

async function run() {
  const { usdc, mint } = await install({ chain, node });
  const holds = (who) => node.readContract({ address: usdc, abi: artifact("DevUSDC").abi, functionName: "balanceOf", args: [who] });
  const facilitator = await startFacilitator(usdc);
  stock = await startStock({ chain, node, usdc, facilitator });
  const payer = newAccount();
  await mint(payer.address, FUNDS);

  const signer = toClientEvmSigner(privateKeyToAccount(payer.key), node);
  const client = new x402Client().setSpendControls({ allowedAssets: [{ network: NETWORK, asset: usdc }] });
  for (const scheme of [new ExactEvmScheme(signer), new UptoEvmScheme(signer), new BatchSettlementEvmScheme(signer)]) client.register(NETWORK, scheme);
  const paying = wrapFetchWithPayment(fetch, client);
  let cost = 0n;
  for (const [path, price] of PAGES) {
    const answer = await paying(`${stock.url}${path}`);
    assert.equal(answer.status, 200, `${path}: ${answer.headers.get("PAYMENT-REQUIRED")} ${answer.headers.get("PAYMENT-RESPONSE")}`);
    cost += price;
    console.log(`paid      ${price} for ${path}`);
  }
  await new BatchSettlementChannelManager({ ...stock, token: usdc }).claimAndSettle();
  assert.equal(await holds(stock.receiver), cost);
  console.log(`settled   the receiver has ${cost}`);
}

// Starts `chit facilitator` for one caller, and returns the stock server's client to it.
async function startFacilitator(usdc) {
  const sender = newAccount();
  await node.setBalance({ address: sender.address, value: parseEther("1") });
  process.env.FACILITATOR_SENDER = sender.key;
  writeProfile("none", {});
  const { key, hash } = await chit("none", "facilitator", "key", "shop");
  const listen = `127.0.0.1:${await freePort()}`;
  const config = writeConfig("facilitator.yaml", {
    listen,
    chains: [{ network: NETWORK, rpc: [chain.rpcUrls.default.http[0]], keys: ["env:FACILITATOR_SENDER"], tokens: [usdc] }],
    keys: [{ name: "shop", hash }],
  });
  await start(process.env.CHIT, ["facilitator", "--config", config, "--log-level", "warn"], /settling on/);
  const headers = { Authorization: `Bearer ${key}` };
  const url = `http://${listen}`;
  const stranger = new HTTPFacilitatorClient({ url });
  await assert.rejects(stranger.getSupported(), /401/);
  return new HTTPFacilitatorClient({ url, createAuthHeaders: async () => ({ verify: headers, settle: headers, supported: headers }) });
}
