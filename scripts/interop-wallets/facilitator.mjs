// The stock facilitator on the offers of our shop: it takes them by the payments that stock clients make for them, and a payment
// that it has settled buys at the shop.
import assert from "node:assert/strict";
import { x402Client } from "@x402/core/client";
import { x402Facilitator } from "@x402/core/facilitator";
import { decodePaymentRequiredHeader, decodePaymentResponseHeader, encodePaymentSignatureHeader } from "@x402/core/http";
import { ExactEvmScheme, toClientEvmSigner } from "@x402/evm";
import { BatchSettlementEvmScheme } from "@x402/evm/batch-settlement/client";
import { BatchSettlementEvmScheme as BatchSettlementFacilitator } from "@x402/evm/batch-settlement/facilitator";
import { ExactEvmScheme as ExactFacilitator } from "@x402/evm/exact/facilitator";
import { privateKeyToAccount } from "viem/accounts";
import { newRelay } from "../interop/relay.mjs";

// Has a facilitator verify a payment for each offer of a page, and settle the transfers among them. Returns how those are made;
// they cost the payer the price each.
export async function settledByAnother({ chain, node, payer, url }) {
  const network = `eip155:${chain.id}`;
  const signer = toClientEvmSigner(privateKeyToAccount(payer.key), node);
  const relay = await newRelay({ chain, node });
  const facilitator = new x402Facilitator()
    .register(network, new ExactFacilitator(relay))
    .register(network, new BatchSettlementFacilitator(relay, privateKeyToAccount(payer.key)))
    .registerExtension({ key: "eip2612GasSponsoring" });
  const required = decodePaymentRequiredHeader((await fetch(url)).headers.get("PAYMENT-REQUIRED"));

  const settled = [];
  for (const accepted of required.accepts) {
    const client = new x402Client(() => accepted).register(network, new ExactEvmScheme(signer)).register(network, new BatchSettlementEvmScheme(signer));
    const payment = await client.createPaymentPayload(required);
    const name = `${accepted.scheme} ${accepted.extra.assetTransferMethod ?? "eip3009"}`;
    const verified = await facilitator.verify(payment, accepted);
    assert.ok(verified.isValid, `${name} is refused: ${verified.invalidReason} ${verified.invalidMessage}`);
    if (accepted.scheme !== "exact") continue;

    const { success, transaction, errorReason } = await facilitator.settle(payment, accepted);
    assert.ok(success, `${name} is not settled: ${errorReason}`);
    const answer = await fetch(url, { headers: { "PAYMENT-SIGNATURE": encodePaymentSignatureHeader(payment) } });
    assert.equal(answer.status, 200, await answer.clone().text());
    assert.deepEqual(await answer.json(), { echo: "hello" });
    assert.equal(decodePaymentResponseHeader(answer.headers.get("PAYMENT-RESPONSE")).transaction, transaction);
    settled.push(name);
  }
  assert.deepEqual([required.accepts.length, settled.length], [4, 2]);
  return settled;
}
