// Pays chit with the stock x402 clients: the life of a channel over MCP, and of another over HTTP.
import assert from "node:assert/strict";
import { createWalletClient, http, maxUint256, parseEther } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { ESCROW, PERMIT2, artifact, install, startChain } from "../interop/chain.mjs";
import { Channel } from "./channel.mjs";
import { chit, stopAll, writeProfile } from "./programs.mjs";
import { httpSeller, mcpSeller, meteredSeller } from "./sellers.mjs";

const CHAIN_ID = 31337; // local chains alone take dev keys
const FUNDS = 100_000_000n;
const DEPOSIT = 150; // prices that the client deposits at a time
const MISMATCH = "invalid_batch_settlement_evm_cumulative_amount_mismatch";

const account = () => privateKeyToAccount(generatePrivateKey());

const { chain, node, stop } = await startChain(CHAIN_ID);
try {
  const { usdc, mint } = await install({ chain, node });
  console.log(`installed  escrow and collectors at their canonical addresses on chain ${CHAIN_ID}`);
  await story({ name: "mcp", open: mcpSeller, seller: "dev:0", usdc, mint });
  await story({ name: "http", open: httpSeller, seller: "dev:1", session: account(), usdc, mint });
  await story({ name: "metered", open: meteredSeller, seller: "dev:3", usdc, mint, tell: rates });
  await story({ name: "permit2", open: httpSeller, seller: "dev:4", method: "permit2", usdc, mint });
  console.log("interop-client: ok");
} catch (error) {
  console.error("interop-client: FAILED\n", error);
  process.exitCode = 1;
} finally {
  await stopAll();
  stop();
}

async function story({ name, open, seller, session, method, usdc, mint, tell = whole }) {
  const [wallet, receiver] = [account(), account().address];
  await mint(wallet.address, FUNDS);
  if (method === "permit2") await approvePermit2(wallet, usdc);
  writeProfile(name, {
    rpc: chain.rpcUrls.default.http[0], chainId: CHAIN_ID, escrow: ESCROW, token: usdc, server: "", listen: "127.0.0.1:0",
    payTo: receiver, withdrawDelay: 900, payer: "dev:2", seller, permit2: method === "permit2",
  });
  const shop = await open(name);
  const read = (address, contract, functionName, arg) => node.readContract({ address, abi: artifact(contract).abi, functionName, args: [arg] });
  const holds = (who) => read(usdc, "DevUSDC", "balanceOf", who);
  const channel = new Channel({
    shop,
    terms: { account: wallet, session, node, network: `eip155:${CHAIN_ID}`, asset: usdc, depositMultiplier: DEPOSIT, method },
    chain: { holds, channel: (id) => read(ESCROW, "Escrow", "channels", id) },
    funds: FUNDS,
  });
  const step = (what, detail) => console.log(`${name.padEnd(9)}  ${what.padEnd(8)}  ${detail}`);

  // Claims what channels in use do not keep back, or with "--all" everything, the newest voucher with it.
  const settle = async (...flags) => {
    const { keptBack = "0" } = await chit(name, "settle", ...flags);
    channel.claimed = channel.charged - BigInt(keptBack);
    assert.equal(await holds(receiver), channel.claimed);
    step("settle", `${channel.claimed} claimed and transferred, ${keptBack} kept back`);
    return BigInt(keptBack);
  };
  await tell(channel, step, settle, session);

  await chit(name, "settle", "--all");
  const { charged, bought } = channel;
  const [view, ...others] = await chit(name, "channels");
  assert.deepEqual([BigInt(view.charged), BigInt(view.claimed), others], [charged, charged, []]);
  assert.deepEqual([await holds(wallet.address), await holds(receiver), await holds(ESCROW)], [FUNDS - charged, charged, 0n]);
  await shop.close();
  step("balance", `${bought} calls: payer ${FUNDS} - ${charged}, receiver ${charged}, escrow 0`);
}

// The life of a channel whose every call costs the same.
async function whole(channel, step, settle, session) {
  await payments(channel, step, session);
  assert.equal(await settle(), channel.shop.price);
  await refunds(channel, step, settle);
}

// A channel whose calls are quoted, and cost what their meter says.
async function rates(channel, step, settle) {
  assert.deepEqual(await channel.buy(1), ["deposit"]);
  assert.equal(channel.charged, 0n);
  step("free", "the first call, whose payment is charged 0");

  await channel.buy(60);
  step("metered", `60 calls at quotes of 600 to 1000, ${channel.charged} charged`);

  channel.forget();
  assert.deepEqual(await channel.buy(1, 2), ["voucher", "voucher"]);
  step("recovery", "a client without memory is told what was charged, and pays");
  await settle();
  await channel.refund();
  assert.equal(channel.balance, channel.charged);
  step("refund", "the rest");
}

async function approvePermit2(payer, usdc) {
  await node.setBalance({ address: payer.address, value: parseEther("1") });
  const wallet = createWalletClient({ chain, account: payer, transport: http() });
  const hash = await wallet.writeContract({ address: usdc, abi: artifact("DevUSDC").abi, functionName: "approve", args: [PERMIT2, maxUint256] });
  await node.waitForTransactionReceipt({ hash });
}

// From the first deposit to the second.
async function payments(channel, step, session) {
  assert.deepEqual(await channel.buy(1), ["deposit"]);
  assert.equal(channel.balance, BigInt(DEPOSIT) * channel.shop.price);
  const [{ channelConfig }] = channel.payer.sent;
  const { authorization } = channel.payer.sent[0].deposit;
  assert.ok(channel.terms.method === "permit2" ? authorization.permit2Authorization : authorization.erc3009Authorization);
  assert.equal(channelConfig.payerAuthorizer, (session ?? channel.terms.account).address);
  step("deposit", `${channel.balance} by ${channel.payer.receipts[0].transaction}, with the first call`);

  assert.deepEqual(new Set(await channel.buy(99)), new Set(["voucher"]));
  step("vouchers", `99 calls, ${channel.charged} charged`);

  await channel.fail();
  await channel.buy(1);
  step("failure", "not charged, and the client goes on");

  await channel.buyAgain();
  step("lost", "an answer that did not arrive is given again, and not charged again");

  channel.forget();
  assert.deepEqual(await channel.buy(1, 2), ["voucher", "voucher"]);
  assert.deepEqual(channel.payer.refusals, [MISMATCH]);
  step("recovery", `a client without memory is told that ${channel.charged - channel.shop.price} were charged, and pays`);

  const types = await channel.buy(97);
  assert.deepEqual([types.filter((type) => type === "deposit").length, types[47]], [1, "deposit"]);
  step("top-up", `when the balance ended, to ${channel.balance}; ${channel.charged} charged`);
}

// From the first refund to the last, by clients that have lost their memory in between.
async function refunds(channel, step, settle) {
  await settle("--all");
  channel.forget();
  await channel.buy(10);
  step("memory", "none, and none is needed where all is claimed");

  assert.equal(await settle(), channel.shop.price);
  const partial = await channel.refund(`${30n * channel.shop.price}`);
  assert.equal(partial.amount, `${30n * channel.shop.price}`);
  step("refund", `${partial.amount} by ${partial.transaction}`);

  await channel.buy(Number((channel.balance - channel.charged) / channel.shop.price));
  assert.equal(channel.charged, channel.balance);
  channel.forget();
  assert.deepEqual(await channel.buy(1, 2), ["voucher", "deposit"]);
  assert.deepEqual(channel.payer.refusals, [MISMATCH]);
  step("the end", `of the balance, where a client without memory tops up to ${channel.balance}`);

  channel.forget();
  await assert.rejects(channel.shop.refund(channel.payer), /402/); // it knows of no other voucher than the one on chain
  assert.deepEqual(await channel.buy(1, 2), ["voucher", "voucher"]);
  const full = await channel.refund();
  assert.equal(channel.balance, channel.charged);
  step("refund", `the rest, ${full.amount}, by ${full.transaction}, to a client without memory, after one call`);

  assert.deepEqual(await channel.buy(1), ["deposit"]);
  await channel.refund();
  await assert.rejects(channel.shop.refund(channel.payer), /no remaining balance/);
  step("again", "a deposit into the empty channel, a call, and the rest back");
}
