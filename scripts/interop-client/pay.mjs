// Pays chit with the stock x402 clients, and holds every step against the receipts, the client's own books and the chain.
import assert from "node:assert/strict";
import { computeChannelId } from "@x402/evm/batch-settlement/client";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { ESCROW, artifact, install, startChain } from "../interop/chain.mjs";
import { newPayer } from "./payer.mjs";
import { chit, stopAll, writeProfile } from "./programs.mjs";
import { httpSeller, mcpSeller } from "./sellers.mjs";

const CHAIN_ID = 31337; // local chains alone take dev keys
const NETWORK = `eip155:${CHAIN_ID}`;
const DEPOSIT = 150n; // prices that the client deposits at a time
const FUNDS = 100_000_000n;
const MISMATCH = "invalid_batch_settlement_evm_cumulative_amount_mismatch";

const account = () => privateKeyToAccount(generatePrivateKey());

const { chain, node, stop } = await startChain(CHAIN_ID);
try {
  const { usdc, mint } = await install({ chain, node });
  console.log(`installed  escrow and collectors at their canonical addresses on chain ${CHAIN_ID}`);
  await story({ name: "mcp", open: mcpSeller, seller: "dev:0", usdc, mint });
  await story({ name: "http", open: httpSeller, seller: "dev:1", session: account(), usdc, mint });
  console.log("interop-client: ok");
} catch (error) {
  console.error("interop-client: FAILED\n", error);
  process.exitCode = 1;
} finally {
  await stopAll();
  stop();
}

// The life of a channel, from its deposit to its last unit.
async function story({ name, open, seller, session, usdc, mint }) {
  const [wallet, receiver] = [account(), account().address];
  await mint(wallet.address, FUNDS);
  writeProfile(name, {
    rpc: chain.rpcUrls.default.http[0], chainId: CHAIN_ID, escrow: ESCROW, token: usdc, server: "", listen: "127.0.0.1:0",
    payTo: receiver, withdrawDelay: 900, payer: "dev:2", seller,
  });
  const shop = await open(name);
  const { price } = shop;
  const read = (address, contract, functionName, ...args) => node.readContract({ address, abi: artifact(contract).abi, functionName, args });
  const holds = (who) => read(usdc, "DevUSDC", "balanceOf", who);
  const forgetful = () => newPayer({ account: wallet, session, node, network: NETWORK, asset: usdc, depositMultiplier: Number(DEPOSIT) });
  const step = (what, detail) => console.log(`${name.padEnd(5)} ${what.padEnd(9)} ${detail}`);

  let payer = forgetful();
  let id;
  let [charged, balance, claimed, bought] = [0n, 0n, 0n, 0];

  // What the client has in its book, and what the chain has, is what it should be.
  const check = async () => {
    const book = await payer.storage.get(id);
    if (book) assert.deepEqual([book.chargedCumulativeAmount, book.balance], [`${charged}`, `${balance}`]);
    assert.deepEqual(await read(ESCROW, "Escrow", "channels", id), [balance, claimed]);
    assert.equal(await holds(wallet.address), FUNDS - balance);
    if (shop.delivered) assert.equal(shop.delivered(), bought);
  };
  // Buys so many times. Every call is paid by one payment, unless more are said to be needed.
  const buy = async (times, payments = times) => {
    const [sent, receipts] = [payer.sent.length, payer.receipts.length];
    for (let i = 0; i < times; i++) {
      await shop.buy(payer, ++bought);
      charged += price;
      const { success, extra } = payer.receipts.at(-1);
      assert.ok(success);
      assert.equal(extra.chargedAmount, `${price}`);
      assert.equal(extra.channelState.chargedCumulativeAmount, `${charged}`);
      id ??= computeChannelId(payer.sent.at(-1).channelConfig, NETWORK);
      const deposit = payer.sent.at(-1).deposit;
      if (deposit) {
        balance += BigInt(deposit.amount);
        assert.equal(payer.receipts.at(-1).amount, deposit.amount);
        assert.match(payer.receipts.at(-1).transaction, /^0x[0-9a-f]{64}$/);
      }
      assert.equal((await payer.storage.get(id)).chargedCumulativeAmount, `${charged}`);
    }
    assert.deepEqual([payer.sent.length - sent, payer.receipts.length - receipts], [payments, times]);
    await check();
    return payer.sent.slice(sent).map(({ type }) => type);
  };
  const refund = async (amount) => {
    const answer = await shop.refund(payer, amount);
    assert.ok(answer.success);
    claimed = charged;
    balance -= BigInt(answer.amount);
    await check();
    return answer;
  };

  assert.deepEqual(await buy(1), ["deposit"]);
  assert.equal(balance, DEPOSIT * price);
  if (session) assert.equal(payer.sent[0].channelConfig.payerAuthorizer, session.address);
  step("deposit", `${balance} by ${payer.receipts[0].transaction}, with the first call`);

  assert.deepEqual(new Set(await buy(99)), new Set(["voucher"]));
  step("vouchers", `99 calls, ${charged} charged`);

  await shop.fail(payer);
  assert.equal(payer.receipts.at(-1).extra.chargedAmount, "0");
  await buy(1);
  step("failure", "not charged, and the client goes on");

  const before = await payer.storage.get(id);
  await buy(1);
  await payer.storage.set(id, before);
  await shop.buy(payer, bought);
  await check();
  step("lost", "an answer that did not arrive is given again, and not charged again");

  payer = forgetful();
  assert.deepEqual(await buy(1, 2), ["voucher", "voucher"]);
  assert.deepEqual(payer.refusals, [MISMATCH]);
  step("recovery", `a client without memory is told of ${charged - price}`);

  const later = await buy(97);
  assert.deepEqual([later.filter((type) => type === "deposit").length, later[47]], [1, "deposit"]);
  step("top-up", `when the balance ended, to ${balance}, ${charged} charged`);

  await chit(name, "settle");
  claimed = charged;
  assert.equal(await holds(receiver), claimed);
  payer = forgetful();
  await buy(10);
  step("settle", `${claimed} claimed, and a client without memory goes on from there`);

  const partial = await refund(`${30n * price}`);
  assert.equal(partial.amount, `${30n * price}`);
  step("refund", `${partial.amount} by ${partial.transaction}`);

  await buy(Number((balance - charged) / price));
  assert.equal(charged, balance);
  payer = forgetful();
  assert.deepEqual(await buy(1, 2), ["voucher", "deposit"]);
  assert.deepEqual(payer.refusals, [MISMATCH]);
  step("the end", `of the balance, where a client without memory tops up to ${balance}`);

  payer = forgetful();
  const full = await refund();
  assert.equal(balance, charged);
  step("refund", `the rest, ${full.amount}, by ${full.transaction}, to a client without memory`);

  assert.deepEqual(await buy(1), ["deposit"]);
  await refund();
  await assert.rejects(shop.refund(payer), /no remaining balance/);
  step("again", `a deposit into the empty channel, a call, and the rest back`);

  await chit(name, "settle");
  const [channel, ...others] = await chit(name, "channels");
  assert.deepEqual([BigInt(channel.charged), BigInt(channel.claimed), others], [charged, charged, []]);
  assert.deepEqual([await holds(wallet.address), await holds(receiver), await holds(ESCROW)], [FUNDS - charged, charged, 0n]);
  await shop.close();
  step("balance", `${bought} calls: payer ${FUNDS} - ${charged}, receiver ${charged}, escrow 0`);
}
