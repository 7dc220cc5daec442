// Payments by one transfer each, of the schemes exact and upto and of version 1, as a stock client writes them.
import { x402Client } from "@x402/core/client";
import { encodePaymentResponseHeader, encodePaymentSignatureHeader } from "@x402/core/http";
import { PaymentPayloadV1Schema, PaymentRequiredV1Schema, validatePaymentPayload, validatePaymentRequired } from "@x402/core/schemas";
import { x402ResourceServer } from "@x402/core/server";
import { declareEip2612GasSponsoringExtension } from "@x402/extensions";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { ExactEvmSchemeV1 } from "@x402/evm/exact/v1/client";
import { ExactEvmScheme as ExactServer } from "@x402/evm/exact/server";
import { UptoEvmScheme } from "@x402/evm/upto/client";
import { UptoEvmScheme as UptoServer } from "@x402/evm/upto/server";
import { account, recording, word } from "./actors.mjs";
import { network, priceOf, resource } from "./documents.mjs";

const facilitator = account("facilitator").address;
const receiver = account("receiver").address;

// stub answers as a stock facilitator does when it settles.
const stub = {
  async getSupported() {
    const kinds = ["exact", "upto"].map((scheme) => ({ x402Version: 2, scheme, network, ...(scheme === "upto" && { extra: { facilitatorAddress: facilitator } }) }));
    return { kinds, extensions: ["eip2612GasSponsoring"], signers: {} };
  },
  async verify(payment) {
    return { isValid: true, payer: payerOf(payment) };
  },
  async settle(payment, requirements) {
    return { success: true, transaction: word(`transfer ${requirements.scheme}`), network, payer: payerOf(payment), amount: requirements.amount };
  },
};
const payerOf = ({ payload }) => (payload.authorization ?? payload.permit2Authorization).from;

export async function payments() {
  const server = new x402ResourceServer(stub).register(network, new ExactServer()).register(network, new UptoServer());
  await server.initialize();
  const offer = async (scheme, extra) => (await server.buildPaymentRequirements({ scheme, payTo: receiver, network, maxTimeoutSeconds: 60, extra, price: priceOf() }))[0];
  const [exact, permit2, upto] = [await offer("exact"), await offer("exact", { assetTransferMethod: "permit2" }), await offer("upto")];
  const signer = recording(account("payer"));
  const payer = { ...signer, signTypedData: signer.signTypedData, readContract: async ({ functionName }) => (functionName === "nonces" ? 3n : 0n) };
  const client = new x402Client().register(network, new ExactEvmScheme(payer)).register(network, new UptoEvmScheme(payer));
  client.registerV1("base-sepolia", new ExactEvmSchemeV1(payer));
  const extensions = declareEip2612GasSponsoringExtension();
  const terms = async (...accepts) => validatePaymentRequired(await server.createPaymentRequiredResponse(accepts, resource, undefined, extensions));
  const pay = async (...accepts) => validatePaymentPayload(await client.createPaymentPayload(await terms(...accepts)));

  const digests = {};
  const files = { "payment-required-transfers": await terms(exact, permit2, upto) };
  for (const [name, accepted, type] of [
    ["payment-exact-eip3009", exact, "TransferWithAuthorization"], ["payment-exact-permit2", permit2, "PermitWitnessTransferFrom"], ["payment-upto", upto, "PermitWitnessTransferFrom"],
  ]) {
    files[name] = await pay(accepted);
    digests[name] = signer.signed[type].digest;
    if (files[name].extensions.eip2612GasSponsoring.info.signature) digests[`${name} token permit`] = signer.signed.Permit.digest;
  }
  files["settlement-exact"] = await server.settlePayment(files["payment-exact-eip3009"], exact);
  files["settlement-upto"] = await server.settlePayment(files["payment-upto"], { ...upto, amount: "700" });
  return { files, digests, v1: await version1(client) };
}

// version1 are the documents of version 1.
async function version1(client) {
  const required = PaymentRequiredV1Schema.parse({
    x402Version: 1, error: "X-PAYMENT header is required",
    accepts: [{
      scheme: "exact", network: "base-sepolia", maxAmountRequired: "1000", resource: resource.url, description: resource.description, mimeType: resource.mimeType,
      outputSchema: { type: "object" }, payTo: receiver, maxTimeoutSeconds: 60, asset: priceOf().asset, extra: priceOf().extra,
    }],
  });
  const payment = await client.createPaymentPayload(required);
  PaymentPayloadV1Schema.parse(payment);
  const response = { success: true, transaction: word("transfer exact"), network: "base-sepolia", payer: payment.payload.authorization.from };
  return {
    "payment-required": required, payment, settlement: response,
    headers: { "X-PAYMENT": encodePaymentSignatureHeader(payment), "X-PAYMENT-RESPONSE": encodePaymentResponseHeader(response) },
  };
}
