// The stock client signs, the stock facilitator verifies and settles, our contracts hold the money. Prints a line a step and
// fails at the first that goes wrong.
import assert from "node:assert/strict";
import { BatchSettlementEvmScheme as Client, InMemoryClientChannelStorage, updateChannelFromSettle } from "@x402/evm/batch-settlement/client";
import { BatchSettlementEvmScheme as Facilitator } from "@x402/evm/batch-settlement/facilitator";
import { createWalletClient, http, maxUint256, parseEther } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { ESCROW, PERMIT2, artifact, install, startChain } from "./chain.mjs";
import { newRelay } from "./relay.mjs";

const CHAIN_ID = 84532;
const NETWORK = `eip155:${CHAIN_ID}`;
const PRICE = 1_000_000n;
const DEPOSIT = 5n * PRICE;

const account = () => privateKeyToAccount(generatePrivateKey());
const encode = (object) => Buffer.from(JSON.stringify(object)).toString("base64");
const decode = (header) => JSON.parse(Buffer.from(header, "base64").toString());

const { chain, node, stop } = await startChain(CHAIN_ID);
try {
  await run();
  console.log("interop: ok");
} catch (error) {
  console.error("interop: FAILED\n", error);
  process.exitCode = 1;
} finally {
  stop();
}

async function run() {
  const { usdc, mint } = await install({ chain, node });
  const [payer, cashier] = [account(), account()];
  await mint(payer.address, 100n * PRICE);
  await node.setBalance({ address: payer.address, value: parseEther("1") });
  console.log(`installed  escrow, collectors and Permit2 at their canonical addresses on chain ${CHAIN_ID}`);

  const facilitator = new Facilitator(await newRelay({ chain, node }), cashier);

  const read = (address, abi, functionName, args) => node.readContract({ address, abi, functionName, args });
  const channel = (id) => read(ESCROW, artifact("Escrow").abi, "channels", [id]);
  const holds = (who) => read(usdc, artifact("DevUSDC").abi, "balanceOf", [who]);

  for (const method of ["eip3009", "permit2"]) {
    const receiver = account().address;
    const requirements = {
      scheme: "batch-settlement",
      network: NETWORK,
      amount: `${PRICE}`,
      asset: usdc,
      payTo: receiver,
      maxTimeoutSeconds: 3600,
      extra: { ...facilitator.getExtra(NETWORK), withdrawDelay: 900, name: "USD Coin", version: "2", assetTransferMethod: method },
    };
    if (method === "permit2") await approvePermit2(payer, usdc);
    await channelLife({ method, requirements, facilitator, payer, receiver, channel, holds });
  }
}

async function approvePermit2(payer, usdc) {
  const wallet = createWalletClient({ chain, account: payer, transport: http() });
  const { abi } = artifact("DevUSDC");
  const hash = await wallet.writeContract({ address: usdc, abi, functionName: "approve", args: [PERMIT2, maxUint256] });
  await node.waitForTransactionReceipt({ hash });
}

// One channel from its deposit to its refund. Every step checks the answer and what the chain says afterwards.
async function channelLife({ method, requirements, facilitator, payer, receiver, channel, holds }) {
  const storage = new InMemoryClientChannelStorage();
  const salt = `0x${(method === "permit2" ? "02" : "01").padStart(64, "0")}`;
  const client = new Client({ address: payer.address, signTypedData: payer.signTypedData, readContract: node.readContract }, { storage, salt, depositPolicy: { depositMultiplier: 5 } });
  const step = (name, detail) => console.log(`${method.padEnd(9)}  ${name.padEnd(7)}  ${detail}`);

  const envelope = (payload) => ({ x402Version: 2, accepted: requirements, payload });
  const pay = async () => envelope((await client.createPaymentPayload(2, requirements)).payload);
  const verify = async (payment) => {
    const answer = await facilitator.verify(payment, requirements);
    assert.ok(answer.isValid, `${payment.payload.type} refused: ${answer.invalidReason} ${answer.invalidMessage ?? ""}`);
    return answer;
  };
  const settle = async (payload) => {
    const answer = await facilitator.settle(envelope(payload), requirements);
    assert.ok(answer.success, `${payload.type} not settled: ${answer.errorReason} ${answer.errorMessage ?? ""}`);
    return answer;
  };
  const charge = (payload, charged) =>
    updateChannelFromSettle(storage, {
      server: { chargedAmount: `${PRICE}`, chargedCumulativeAmount: `${charged}` },
      local: { channelId: payload.voucher.channelId, requestAmount: `${PRICE}`, depositAmount: payload.deposit?.amount },
    });

  const first = await pay();
  assert.equal(first.payload.type, "deposit");
  await verify(first);
  const deposited = await settle(first.payload);
  const id = first.payload.voucher.channelId;
  assert.deepEqual(await channel(id), [DEPOSIT, 0n]);
  step("deposit", `${deposited.amount} by ${deposited.transaction}`);

  await charge(first.payload, PRICE);
  const second = await pay();
  assert.equal(second.payload.type, "voucher");
  assert.equal(second.payload.voucher.maxClaimableAmount, `${2n * PRICE}`);
  await verify(second);
  await charge(second.payload, 2n * PRICE);
  step("voucher", `ceiling ${second.payload.voucher.maxClaimableAmount}`);

  const { channelConfig, voucher } = second.payload;
  const row = (totalClaimed) => ({
    voucher: { channel: channelConfig, maxClaimableAmount: voucher.maxClaimableAmount },
    signature: voucher.signature,
    totalClaimed: `${totalClaimed}`,
  });
  const claimed = await settle({ type: "claim", claims: [row(PRICE)] });
  assert.deepEqual(await channel(id), [DEPOSIT, PRICE]);
  step("claim", `${PRICE} by ${claimed.transaction}`);

  const before = await holds(receiver);
  const settled = await settle({ type: "settle", receiver, token: requirements.asset });
  assert.equal((await holds(receiver)) - before, PRICE);
  step("settle", `${PRICE} by ${settled.transaction}`);

  // The client asks for its money over HTTP; the server adds the claim of what was charged since.
  const had = await holds(payer.address);
  const server = async (_, { headers } = {}) => {
    const required = { x402Version: 2, error: "", resource: { url: "http://local/" }, accepts: [requirements] };
    const header = new Headers(headers).get("PAYMENT-SIGNATURE");
    if (!header) return new Response("", { status: 402, headers: { "PAYMENT-REQUIRED": encode(required) } });
    const { payload } = decode(header);
    await verify(envelope(payload));
    const answer = await settle({ ...payload, amount: `${DEPOSIT - 2n * PRICE}`, refundNonce: "0", claims: [row(2n * PRICE)] });
    return new Response("", { headers: { "PAYMENT-RESPONSE": encode(answer) } });
  };
  const refunded = await client.refund("http://local/", { fetch: server });
  assert.deepEqual(await channel(id), [2n * PRICE, 2n * PRICE]);
  assert.equal((await holds(payer.address)) - had, DEPOSIT - 2n * PRICE);
  step("refund", `${DEPOSIT - 2n * PRICE} by ${refunded.transaction}`);
}
