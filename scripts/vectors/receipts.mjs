// Offers and receipts of the extension offer-receipt, as the stock package signs them, and the documents that carry them.
import { hashTypedData } from "viem";
import { x402Client } from "@x402/core/client";
import { x402ResourceServer } from "@x402/core/server";
import { BatchSettlementEvmScheme as ClientScheme, InMemoryClientChannelStorage } from "@x402/evm/batch-settlement/client";
import { BatchSettlementEvmScheme as ServerScheme } from "@x402/evm/batch-settlement/server";
import {
  OFFER_TYPES, RECEIPT_TYPES, createEIP712OfferReceiptIssuer, createOfferDomain, createOfferReceiptExtension, createReceiptDomain,
  declareOfferReceiptExtension, verifyOfferSignatureEIP712, verifyReceiptSignatureEIP712,
} from "@x402/extensions/offer-receipt";
import { account, word } from "./actors.mjs";
import { facilitator, network, priceOf, resource } from "./documents.mjs";

const issuerKey = word("key issuer");
const issuer = account("issuer");
const issuing = createEIP712OfferReceiptIssuer(`did:pkh:eip155:1:${issuer.address}`, (data) => issuer.signTypedData(data));

export async function receipts() {
  const payer = account("payer").address;
  const transaction = word("transaction receipt");
  const offer = { acceptIndex: 0, scheme: "batch-settlement", network, asset: priceOf().asset, payTo: account("receiver").address, amount: "1000" };
  return {
    key: issuerKey,
    signer: issuer.address,
    offers: {
      domain: createOfferDomain(),
      types: OFFER_TYPES,
      signed: await Promise.all([
        issuing.issueOffer(resource.url, { ...offer, offerValiditySeconds: 3600 }),
        issuing.issueOffer("mcp://tool/suche-für-käufer", { ...offer, acceptIndex: 1, scheme: "exact", network: "eip155:8453", amount: "340282366920938463463374607431768211455" }),
      ].map(vectorOf(createOfferDomain(), OFFER_TYPES, "Offer", verifyOfferSignatureEIP712))),
    },
    receipts: {
      domain: createReceiptDomain(),
      types: RECEIPT_TYPES,
      signed: await Promise.all([
        issuing.issueReceipt(resource.url, payer, network),
        issuing.issueReceipt(resource.url, payer, network, transaction),
        issuing.issueReceipt("mcp://tool/suche-für-käufer", payer.toLowerCase(), "eip155:31337"),
      ].map(vectorOf(createReceiptDomain(), RECEIPT_TYPES, "Receipt", verifyReceiptSignatureEIP712))),
    },
  };
}

// vectorOf adds the digest to what was signed, and checks with the stock package that the signature is the issuer's.
const vectorOf = (domain, types, primaryType, verify) => async (promise) => {
  const signed = await promise;
  const { signer } = await verify(signed);
  if (signer !== issuer.address) throw new Error(`the ${primaryType} is signed by ${signer}`);
  return { digest: hashTypedData({ domain, types, primaryType, message: signed.payload }), signed };
};

// receiptDocuments are what goes over the wire where a seller signs offers and receipts.
export async function receiptDocuments() {
  const [payer, receiver, authorizer] = ["payer", "receiver", "authorizer"].map(account);
  const chain = { balance: 0n, claimed: 0n, refundNonce: 0n, transactions: 0 };
  const server = new x402ResourceServer(facilitator(chain, authorizer));
  server.register(network, new ServerScheme(receiver.address, { receiverAuthorizerSigner: authorizer }));
  server.registerExtension(createOfferReceiptExtension(issuing));
  await server.initialize();
  const [offer] = await server.buildPaymentRequirements({
    scheme: "batch-settlement", payTo: receiver.address, network, maxTimeoutSeconds: 3600, price: priceOf(),
  });
  const declared = declareOfferReceiptExtension();
  const transport = { request: { adapter: { getUrl: () => resource.url } } };
  const required = await server.createPaymentRequiredResponse([offer], resource, undefined, declared, transport);

  const scheme = new ClientScheme(payer, { storage: new InMemoryClientChannelStorage(), salt: word("salt receipts") });
  const payment = await new x402Client().register(network, scheme).createPaymentPayload(required);
  const verified = await server.verifyPayment(payment, offer, declared, transport);
  if (!verified.isValid) throw new Error(`refused: ${verified.invalidReason}`);
  const echo = server.validateExtensions(required, payment);
  if (!echo.valid) throw new Error(`the echo is refused: ${echo.invalidReason}`);
  return {
    "payment-required-offers": required,
    "payment-deposit-offers": payment,
    "settlement-receipt": await server.settlePayment(payment, offer, declared, transport),
  };
}
