// A payer: the stock x402 client with its batch-settlement scheme, and a record of what it sent and was told.
import { x402Client } from "@x402/core/client";
import { toClientEvmSigner } from "@x402/evm";
import { BatchSettlementEvmScheme, InMemoryClientChannelStorage } from "@x402/evm/batch-settlement/client";

// A payer without any memory. The session key, if there is one, signs the vouchers; the method, if there is one, is how
// deposits are made of those that a seller offers.
export function newPayer({ account, session, node, network, asset, depositMultiplier, method }) {
  const storage = new InMemoryClientChannelStorage();
  const scheme = new BatchSettlementEvmScheme(toClientEvmSigner(account, node), { storage, depositPolicy: { depositMultiplier }, voucherSigner: session });
  const payer = { client: new x402Client(choosing(method)), scheme, storage, sent: [], refusals: [], receipts: [] };
  payer.client
    .register(network, scheme)
    .setSpendControls({ allowedAssets: [{ network, asset }] })
    .onAfterPaymentCreation(async ({ paymentPayload }) => {
      payer.sent.push(paymentPayload.payload);
      payer.accepted = paymentPayload.accepted.amount;
    })
    .onPaymentResponse(async ({ settleResponse, paymentRequired }) => {
      if (settleResponse) payer.receipts.push(settleResponse);
      if (paymentRequired) payer.refusals.push(paymentRequired.error);
    });
  return payer;
}

const choosing = (method) => method && ((_version, accepts) => accepts.find(({ extra }) => extra.assetTransferMethod === method));
