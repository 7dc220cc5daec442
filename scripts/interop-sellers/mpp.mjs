// The stock seller of MPP: a page by mppx, whose payments a wallet of its own settles. Its method evm has no form for MCP.
import { evm, Mppx } from "mppx/server";
import { parseAbi } from "viem";
import { listen } from "./serve.mjs";

const PRICE = "0.001";
const ABI = parseAbi(["function transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)"]);

export async function sellByMPP({ wallet, receiver, usdc }) {
  const settle = async ({ payload: { from, to, value, validAfter, validBefore, nonce, signature } }) => {
    const args = [from, to, BigInt(value), BigInt(validAfter), BigInt(validBefore), nonce, signature];
    const hash = await wallet.writeContract({ address: usdc, abi: ABI, functionName: "transferWithAuthorization", args });
    const { status } = await wallet.waitForTransactionReceipt({ hash });
    if (status !== "success") throw new Error(`${hash} failed`);
    return { reference: hash };
  };
  const method = evm.charge({
    currency: usdc, recipient: receiver, chainId: wallet.chain.id, decimals: 6, authorization: { name: "USD Coin", version: "2" }, settle,
  });
  const mppx = Mppx.create({ methods: [method], realm: "pages", secretKey: "a secret of a test, of thirty-two bytes and more" });
  const { url, stop } = await listen((request) => sellPage(mppx, request));
  return { env: { INTEROP_MPP_PAGE: `${url}/page` }, stop };
}

async function sellPage(mppx, request) {
  const result = await mppx.charge({ amount: PRICE })(request);
  return result.status === 402 ? result.challenge : result.withReceipt(new Response("a page"));
}
