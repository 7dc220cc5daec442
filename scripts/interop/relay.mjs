// The key of a stock facilitator: an account with gas, as the packages take it.
import { toFacilitatorEvmSigner } from "@x402/evm";
import { createWalletClient, http, parseEther, publicActions } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";

export async function newRelay({ chain, node }) {
  const account = privateKeyToAccount(generatePrivateKey());
  await node.setBalance({ address: account.address, value: parseEther("1") });
  const wallet = createWalletClient({ chain, account, transport: http(), pollingInterval: 50 }).extend(publicActions);
  const { readContract, verifyTypedData, writeContract, sendTransaction, waitForTransactionReceipt, getCode } = wallet;
  return toFacilitatorEvmSigner({
    address: account.address, readContract, verifyTypedData, writeContract, sendTransaction, waitForTransactionReceipt, getCode,
  });
}
