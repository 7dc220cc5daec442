// Settles the same number of transfers by `chit facilitator` and by the stock facilitator, which runs in this process, on one
// chain with a block a second, by as many callers each and, the stock one, by a single caller. Prints a figure a line, as
// bench-peer says; the ratio is to the better of the stock one's two.
import assert from "node:assert/strict";
import { x402Client } from "@x402/core/client";
import { x402Facilitator } from "@x402/core/facilitator";
import { HTTPFacilitatorClient } from "@x402/core/server";
import { ExactEvmScheme, toClientEvmSigner } from "@x402/evm";
import { ExactEvmScheme as ExactFacilitator } from "@x402/evm/exact/facilitator";
import { parseEther } from "viem";
import { privateKeyToAccount } from "viem/accounts";
import { freePort, install, newAccount, startChain } from "../interop/chain.mjs";
import { newRelay } from "../interop/relay.mjs";
import { start, stopAll, writeConfig } from "../interop-client/programs.mjs";

const CHAIN_ID = 84532;
const NETWORK = `eip155:${CHAIN_ID}`;
const CALLERS = 64;
const PAYMENTS = 512;
const ALONE = 8; // payments of a single caller
const PRICE = "1000";

const { chain, node, stop } = await startChain(CHAIN_ID);
try {
  await run();
} finally {
  await stopAll();
  stop();
}

async function run() {
  const { usdc, mint } = await install({ chain, node });
  const payer = newAccount();
  await mint(payer.address, 1_000_000_000n);
  const accepted = {
    scheme: "exact", network: NETWORK, amount: PRICE, asset: usdc, payTo: newAccount().address, maxTimeoutSeconds: 600,
    extra: { name: "USD Coin", version: "2", assetTransferMethod: "eip3009" },
  };
  const sign = signer({ payer, accepted });
  const stock = new x402Facilitator().register(NETWORK, new ExactFacilitator(await newRelay({ chain, node })));
  const ours = await startFacilitator(usdc);
  await node.setIntervalMining({ interval: 1 });
  const settleBy = (facilitator) => (payment) => facilitator.settle(payment, accepted);

  const alone = await measure(settleBy(stock), await sign(ALONE), 1);
  const crowded = await measure(settleBy(stock), await sign(PAYMENTS), CALLERS);
  const mine = await measure(settleBy(ours), await sign(PAYMENTS), CALLERS);
  assert.equal(alone.failed, 0, "the stock facilitator fails where it is asked for one payment at a time");
  const best = Math.max(alone.rate, crowded.rate);
  console.log(`facilitator.stock.1 ${alone.rate.toFixed(1)} payments/s`);
  console.log(`facilitator.stock.${CALLERS} ${crowded.rate.toFixed(1)} payments/s`);
  console.log(`facilitator.stock.${CALLERS}.failed ${crowded.failed} of ${PAYMENTS}`);
  console.log(`facilitator.${CALLERS} ${mine.rate.toFixed(1)} payments/s ${(mine.rate / best).toFixed(2)}`);
  console.log(`facilitator.${CALLERS}.failed ${mine.failed} of ${PAYMENTS}`);
  assert.equal(mine.failed, 0, "chit facilitator has failed payments");
}

// Signs so many payments for the terms.
function signer({ payer, accepted }) {
  const client = new x402Client(() => accepted).register(NETWORK, new ExactEvmScheme(toClientEvmSigner(privateKeyToAccount(payer.key), node)))
    .setSpendControls({ allowedAssets: [{ network: NETWORK, asset: accepted.asset }] });
  const required = { x402Version: 2, resource: { url: "http://shop.example/page" }, accepts: [accepted] };
  return (n) => Promise.all(Array.from({ length: n }, () => client.createPaymentPayload(required)));
}

async function startFacilitator(usdc) {
  const sender = newAccount();
  await node.setBalance({ address: sender.address, value: parseEther("1") });
  process.env.FACILITATOR_SENDER = sender.key;
  const listen = `127.0.0.1:${await freePort()}`;
  const config = writeConfig("facilitator.yaml", {
    listen, chains: [{ network: NETWORK, rpc: [chain.rpcUrls.default.http[0]], keys: ["env:FACILITATOR_SENDER"], tokens: [usdc] }],
  });
  await start(process.env.CHIT, ["facilitator", "--config", config, "--log-level", "warn"], /settling on/);
  return new HTTPFacilitatorClient({ url: `http://${listen}` });
}

// Settles payments by so many callers, and returns how many settled in a second, and how many failed.
async function measure(settle, payments, callers) {
  const left = [...payments];
  let settled = 0;
  const began = performance.now();
  await Promise.all(Array.from({ length: callers }, async () => {
    for (let payment = left.pop(); payment; payment = left.pop()) {
      const { success } = await settle(payment).catch(() => ({ success: false }));
      if (success) settled++;
    }
  }));
  return { rate: (settled * 1000) / (performance.now() - began), failed: payments.length - settled };
}
