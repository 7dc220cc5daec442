// Payments of the schemes exact and upto, as the stock clients sign them, with their digests.
import { getAddress, keccak256, toBytes } from "viem";
import { ExactEvmScheme } from "@x402/evm/exact/client";
import { UptoEvmScheme } from "@x402/evm/upto/client";
import { account, recording, word } from "./actors.mjs";

const rounds = 10;
const address = (label) => getAddress(`0x${keccak256(toBytes(`chit address ${label}`)).slice(-40)}`);

export async function transfers() {
  const vectors = [];
  for (let i = 0; i < rounds; i++) {
    for (const kind of ["exact", "permit2", "sponsored", "upto"]) vectors.push(await transfer(i, kind));
  }
  return vectors;
}

async function transfer(i, kind) {
  const signer = recording(account(`wallet ${i}`));
  signer.readContract = async ({ functionName }) => (functionName === "nonces" ? BigInt(i) : 0n);
  const chainId = [8453, 84532, 1, 31337, 2 ** 40 + i][i % 5];
  const domain = { name: ["USDC", "USD Coin", "Dollar €"][i % 3], version: String(1 + (i % 2)) };
  const requirements = {
    scheme: kind === "upto" ? "upto" : "exact",
    network: `eip155:${chainId}`,
    asset: address(`token ${i}`),
    amount: [1n, 1000n, 2n ** 64n - 1n, BigInt(word(`amount ${i}`)) >> 200n][i % 4].toString(),
    payTo: address(`payee ${i}`),
    maxTimeoutSeconds: 60 * (i + 1),
    extra: { ...domain, ...(kind === "exact" ? {} : { assetTransferMethod: "permit2", facilitatorAddress: address(`facilitator ${i}`) }) },
  };
  const context = kind === "sponsored" ? { extensions: { eip2612GasSponsoring: {} } } : {};
  const scheme = kind === "upto" ? new UptoEvmScheme(signer) : new ExactEvmScheme(signer);
  const { payload, extensions } = await scheme.createPaymentPayload(2, requirements, context);
  const { digest } = signer.signed[kind === "exact" ? "TransferWithAuthorization" : "PermitWitnessTransferFrom"];
  const permit = extensions && { ...extensions.eip2612GasSponsoring.info, digest: signer.signed.Permit.digest };
  return { kind, chainId, domain, token: requirements.asset, payload, digest, permit };
}
