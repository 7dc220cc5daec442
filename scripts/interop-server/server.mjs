// A stock x402 server, with the batch-settlement scheme and a facilitator in the same process, on a local chain with our
// contracts at the canonical addresses. It is paid by the program in ./payer, whose exit code is this one's.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { BatchSettlementChannelManager } from "@x402/evm/batch-settlement/server";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { artifact, install, startChain } from "../interop/chain.mjs";
import { startStock } from "./stock.mjs";

const CHAIN_ID = 84532;
const FUNDS = 100_000_000n;

const { chain, node, stop } = await startChain(CHAIN_ID);
try {
  process.exitCode = await run();
} finally {
  stop();
}

async function run() {
  const { usdc, mint } = await install({ chain, node });
  const secret = generatePrivateKey();
  await mint(privateKeyToAccount(secret).address, FUNDS);

  const stock = await startStock({ chain, node, usdc });
  const manager = new BatchSettlementChannelManager({ ...stock, token: usdc });
  stock.app.post("/till", async (_, response) => {
    await manager.claimAndSettle();
    const held = await node.readContract({ address: usdc, abi: artifact("DevUSDC").abi, functionName: "balanceOf", args: [stock.receiver] });
    response.send(`${held}`);
  });
  try {
    return await pay(stock.url, { usdc, secret });
  } finally {
    stock.stop();
  }
}

async function pay(server, { usdc, secret }) {
  const payer = spawn(process.env.PAYER, [], {
    stdio: "inherit",
    env: { ...process.env, CHIT_KEY: secret, INTEROP_SERVER: server, INTEROP_RPC: chain.rpcUrls.default.http[0], INTEROP_TOKEN: usdc },
  });
  const [code] = await once(payer, "exit");
  return code ?? 1;
}
