// Starts each seller, on a local chain, and the program in ./payer, whose exit code is this one's.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWalletClient, http, parseEther, publicActions } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { base } from "viem/chains";
import { install, startChain } from "../interop/chain.mjs";
import { sellByMPP } from "./mpp.mjs";
import { sellByVersion1 } from "./version1.mjs";

const USDC = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"; // what the packages know on the chain
const FUNDS = 1_000_000n;

const { chain, node, stop } = await startChain(base.id);
try {
  process.exitCode = await run();
} finally {
  stop();
}
process.exit(); // the sellers' packages keep timers

async function run() {
  const { mint } = await install({ chain, node }, USDC);
  const secret = generatePrivateKey();
  const cashier = privateKeyToAccount(generatePrivateKey());
  await mint(privateKeyToAccount(secret).address, FUNDS);
  await node.setBalance({ address: cashier.address, value: parseEther("1") });
  const url = chain.rpcUrls.default.http[0];
  const wallet = createWalletClient({ chain: base, account: cashier, transport: http(url), pollingInterval: 50 }).extend(publicActions);
  const receiver = privateKeyToAccount(generatePrivateKey()).address;

  const sellers = await Promise.all([sellByVersion1({ wallet, receiver }), sellByMPP({ wallet, receiver, usdc: USDC })]);
  const payer = spawn(process.env.PAYER, [], {
    stdio: "inherit",
    env: { ...process.env, CHIT_KEY: secret, INTEROP_RPC: url, INTEROP_TOKEN: USDC, ...Object.assign({}, ...sellers.map(({ env }) => env)) },
  });
  const [code] = await once(payer, "exit");
  sellers.forEach(({ stop }) => stop());
  return code ?? 1;
}
