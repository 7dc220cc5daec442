// Channels with everything that is hashed and signed for them by the stock package.
import { getAddress, keccak256, toBytes } from "viem";
import { computeChannelId, createBatchSettlementEIP3009DepositPayload, signVoucher } from "@x402/evm/batch-settlement/client";
import { BatchSettlementEvmScheme } from "@x402/evm/batch-settlement/server";
import { account, recording, word } from "./actors.mjs";

const zero = "0x0000000000000000000000000000000000000000";
const count = 60;

export async function channels() {
  const vectors = [];
  for (let i = 0; i < count; i++) vectors.push(await channel(i));
  return vectors;
}

// number draws from 0 to below.
const number = (label, below) => BigInt(word(label)) % below;
const address = (label) => getAddress(`0x${keccak256(toBytes(`chit address ${label}`)).slice(-40)}`);

async function channel(i) {
  const key = word(`key signer ${i}`);
  const signer = account(`signer ${i}`);
  const own = i % 5 === 0; // the payer signs its vouchers itself
  const chainId = [8453, 84532, 1, 31337, Number(number(`chain ${i}`, 2n ** 48n)) + 1][i % 5];
  const network = `eip155:${chainId}`;
  const config = {
    payer: own ? signer.address : address(`payer ${i}`),
    payerAuthorizer: own ? zero : signer.address,
    receiver: address(`receiver ${i}`),
    receiverAuthorizer: account("authorizer").address,
    token: address(`token ${i}`),
    withdrawDelay: 900 + Number(number(`delay ${i}`, 2_592_000n - 900n + 1n)),
    salt: i % 7 === 0 ? `0x${"0".repeat(64)}` : word(`salt ${i}`),
  };
  const channelId = computeChannelId(config, network);
  const ceiling = [number(`ceiling ${i}`, 10n ** 9n), 2n ** 64n - 1n, number(`ceiling ${i}`, 2n ** 64n)][i % 3] || 1n;

  const voucherSigner = recording(signer);
  const voucher = await signVoucher(voucherSigner, channelId, ceiling.toString(), network);
  const authorizer = recording(account("authorizer"));
  const refund = await refundOf({ i, config, network, channelId, voucher, authorizer });
  const depositor = recording(account(`payer ${i}`));
  const deposit = await depositOf({ config, network, depositor });
  return {
    config, chainId, escrow: "0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003", channelId, key,
    voucher: { ceiling: ceiling.toString(), digest: voucherSigner.signed.Voucher.digest, signature: voucher.signature },
    refund: { ...refund, digest: authorizer.signed.Refund.digest },
    claimBatch: {
      entries: authorizer.signed.ClaimBatch.message.claims.map((c) => ({
        channelId: c.channelId, ceiling: c.maxClaimableAmount.toString(), totalClaimed: c.totalClaimed.toString(),
      })),
      digest: authorizer.signed.ClaimBatch.digest,
    },
    deposit,
  };
}

// refundOf has the stock server sign a refund, with the claim of what is owed that goes before it.
async function refundOf({ i, config, network, channelId, voucher, authorizer }) {
  const scheme = new BatchSettlementEvmScheme(config.receiver, { receiverAuthorizerSigner: authorizer });
  const nonce = Number(number(`nonce ${i}`, 2n ** 40n));
  const amount = (number(`refund ${i}`, 2n ** 63n) + 1n).toString();
  const pendingRequest = { pendingId: "refund" };
  await scheme.getStorage().updateChannel(channelId, () => ({
    channelId, channelConfig: config, signature: voucher.signature, pendingRequest, refundNonce: nonce,
    chargedCumulativeAmount: voucher.maxClaimableAmount, balance: (2n ** 127n).toString(), totalClaimed: "0",
  }));
  const paymentPayload = { payload: { type: "refund", channelConfig: config, voucher, amount } };
  scheme.mergeRequestContext(paymentPayload, pendingRequest);
  await scheme.enrichSettlementPayload({ paymentPayload, requirements: { network } });
  if (i % 10 === 9) await manyClaims({ scheme, config, network, voucher, i });
  return { nonce: nonce.toString(), amount };
}

// manyClaims has the stock server sign a batch of several channels.
async function manyClaims({ scheme, config, network, voucher, i }) {
  const manager = scheme.createChannelManager({ settle: async () => ({ success: true, transaction: word("claim") }) }, network, config.token);
  const claims = Array.from({ length: 1 + (i % 4) }, (_, n) => ({
    voucher: { channel: { ...config, salt: word(`salt ${i} ${n}`) }, maxClaimableAmount: voucher.maxClaimableAmount },
    signature: voucher.signature, totalClaimed: (BigInt(voucher.maxClaimableAmount) / BigInt(n + 1)).toString(),
  }));
  await manager.submitClaim(claims);
}

async function depositOf({ config, network, depositor }) {
  const requirements = { network, asset: config.token, maxTimeoutSeconds: 3600, extra: { name: "USDC", version: "2" } };
  const { payload } = await createBatchSettlementEIP3009DepositPayload(depositor, 2, requirements, config, "1000000", "1");
  const { salt } = payload.deposit.authorization.erc3009Authorization;
  return { salt, nonce: depositor.signed.ReceiveWithAuthorization.message.nonce };
}
