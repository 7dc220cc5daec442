// The documents of a channel's life, as a stock client and a stock server write them.
import { x402Client } from "@x402/core/client";
import { encodePaymentRequiredHeader, encodePaymentResponseHeader, encodePaymentSignatureHeader, decodePaymentSignatureHeader } from "@x402/core/http";
import { x402ResourceServer } from "@x402/core/server";
import { BatchSettlementEvmScheme as ClientScheme, InMemoryClientChannelStorage, computeChannelId } from "@x402/evm/batch-settlement/client";
import { BatchSettlementEvmScheme as ServerScheme } from "@x402/evm/batch-settlement/server";
import { account, word } from "./actors.mjs";

export const network = "eip155:84532";
const token = "0x036CbD53842c5426634e7929541eC2318f3dCF7e";
const price = 1000n;
export const priceOf = () => ({ amount: price.toString(), asset: token, extra: { name: "USDC", version: "2" } });
const url = "https://tools.example/search";
export const resource = { url, description: "Search the web", mimeType: "application/json", serviceName: "Tools", tags: ["search"] };
const identifier = {
  info: { required: false },
  schema: {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    type: "object",
    properties: { required: { type: "boolean" }, id: { type: "string", minLength: 16, maxLength: 128, pattern: "^[a-zA-Z0-9_-]+$" } },
    required: ["required"],
  },
};
const foreign = [
  {
    scheme: "exact", network: "solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp", amount: "1000", asset: "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v",
    payTo: "2wKupLR9q6wXYppw8Gr2NvWxKBUqm4PPJKkQfoxHDBg4", maxTimeoutSeconds: 60, extra: { feePayer: "EwWqGE4ZFKLofuestmU4LDdK7XM1N4ALgdZccwYugwGd" },
  },
  { scheme: "exact", network, amount: "340282366920938463463374607431768211455", asset: token, payTo: account("receiver").address, maxTimeoutSeconds: 60, extra: { name: "USDC", version: "2" } },
];

export async function documents() {
  const [payer, receiver, authorizer] = ["payer", "receiver", "authorizer"].map(account);
  const chain = { balance: 0n, claimed: 0n, refundNonce: 0n, transactions: 0 };
  const server = new x402ResourceServer(facilitator(chain, authorizer));
  server.register(network, new ServerScheme(receiver.address, { receiverAuthorizerSigner: authorizer }));
  await server.initialize();
  const terms = (extra) => server.buildPaymentRequirements({
    scheme: "batch-settlement", payTo: receiver.address, network, maxTimeoutSeconds: 3600, extra,
    price: priceOf(),
  });
  const [offer] = await terms();
  const [permit2Offer] = await terms({ assetTransferMethod: "permit2" });

  const storage = new InMemoryClientChannelStorage();
  const scheme = new ClientScheme(payer, { storage, salt: word("salt") });
  const client = new x402Client().register(network, scheme);
  const required = await server.createPaymentRequiredResponse([offer, ...foreign], resource, undefined, { "payment-identifier": identifier });
  const pay = (terms = required) => client.createPaymentPayload(terms);
  const files = { "payment-required": required };

  const deposit = await pay(withIdentifier(required));
  const channelId = deposit.payload.voucher.channelId;
  files["payment-deposit-eip3009"] = deposit;
  files["payment-deposit-permit2"] = await pay(await server.createPaymentRequiredResponse([permit2Offer], resource));
  files["settlement-deposit"] = await sell(server, deposit, offer);
  await storage.set(channelId, { balance: chain.balance.toString(), chargedCumulativeAmount: price.toString(), totalClaimed: "0" });

  const voucher = await pay();
  files["payment-voucher"] = voucher;
  files["settlement-voucher"] = await sell(server, voucher, offer);

  // The client has lost its last charge, so that its base is stale.
  const stale = await pay();
  const refused = await server.verifyPayment(stale, offer);
  files["payment-required-corrective"] = await server.createPaymentRequiredResponse([offer], resource, refused.invalidReason, undefined, undefined, stale);

  await storage.set(channelId, { balance: chain.balance.toString(), chargedCumulativeAmount: (2n * price).toString(), totalClaimed: "0" });
  const refund = await refundPayment(scheme, required);
  files["payment-refund"] = structuredClone(refund);
  files["settlement-refund"] = await sell(server, refund, offer);
  files["settlement-failure"] = await server.settlePayment(voucher, offer).catch((error) => ({
    success: false, errorReason: error.errorReason, errorMessage: error.errorMessage, transaction: error.transaction ?? "", network: error.network ?? network, payer: error.payer,
  }));
  files.headers = {
    "PAYMENT-REQUIRED": encodePaymentRequiredHeader(required),
    "PAYMENT-SIGNATURE": encodePaymentSignatureHeader(voucher),
    "PAYMENT-RESPONSE": encodePaymentResponseHeader(files["settlement-voucher"]),
  };
  if (computeChannelId(deposit.payload.channelConfig, network) !== channelId) throw new Error("the deposit names another channel");
  return files;
}

async function sell(server, payment, offer) {
  const verified = await server.verifyPayment(payment, offer);
  if (!verified.isValid) throw new Error(`${payment.payload.type} refused: ${verified.invalidReason}`);
  return server.settlePayment(payment, offer);
}

function withIdentifier(required) {
  const copy = structuredClone(required);
  copy.extensions["payment-identifier"].info.id = "pay_7d5d747be160e280504c099d984bcfe0";
  return copy;
}

// refundPayment asks for part of the balance, and keeps what the client would send.
async function refundPayment(scheme, required) {
  let sent;
  const fetch = async (_, init) => {
    const header = init.headers?.["PAYMENT-SIGNATURE"];
    if (!header) return new Response(null, { status: 402, headers: { "PAYMENT-REQUIRED": encodePaymentRequiredHeader(required) } });
    sent = decodePaymentSignatureHeader(header);
    return new Response(null, { headers: { "PAYMENT-RESPONSE": encodePaymentResponseHeader({ success: true, transaction: "", network }) } });
  };
  await scheme.refund(url, { amount: "1500", fetch });
  return sent;
}

// facilitator stands in for the chain: what it answers has the shape of the stock facilitator's answers.
export function facilitator(chain, authorizer) {
  const state = (channelId) => ({
    channelId, balance: chain.balance.toString(), totalClaimed: chain.claimed.toString(), withdrawRequestedAt: 0, refundNonce: chain.refundNonce.toString(),
  });
  return {
    async getSupported() {
      return { kinds: [{ x402Version: 2, scheme: "batch-settlement", network, extra: { receiverAuthorizer: authorizer.address } }], extensions: [], signers: {} };
    },
    async verify({ payload }) {
      const balance = chain.balance + BigInt(payload.deposit?.amount ?? 0);
      return { isValid: true, payer: payload.channelConfig.payer, extra: { ...state(payload.voucher.channelId), balance: balance.toString() } };
    },
    async settle({ payload }) {
      const settled = { success: true, transaction: word(`transaction ${chain.transactions++}`), network, payer: payload.channelConfig.payer };
      if (payload.type === "deposit") {
        chain.balance += BigInt(payload.deposit.amount);
        return { ...settled, amount: payload.deposit.amount, extra: { channelState: state(payload.voucher.channelId) } };
      }
      chain.claimed = BigInt(payload.claims[0].totalClaimed);
      chain.balance -= BigInt(payload.amount);
      chain.refundNonce += 1n;
      return { ...settled, amount: payload.amount, extra: { channelState: state(payload.voucher.channelId) } };
    },
  };
}
