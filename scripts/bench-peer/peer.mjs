// Starts a chain, the stock server in this process, our server in one of its own, and the client that measures both.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { install, newAccount, startChain } from "../interop/chain.mjs";
import { startStock } from "../interop-server/stock.mjs";

const CALLERS = 16;
const FUNDS = 1_000_000_000n;

const { chain, node, stop } = await startChain(84532);
try {
  process.exitCode = await run();
} finally {
  stop();
}

async function run() {
  const { usdc, mint } = await install({ chain, node });
  const env = { ...process.env, PEER_RPC: chain.rpcUrls.default.http[0], PEER_TOKEN: usdc };
  const stock = await startStock({ chain, node, usdc, storage: join(process.env.DIR, "stock") });
  const shop = await startShop(env);
  try {
    return await measure({ ...env, PEER_CHIT: shop.url, PEER_STOCK: stock.url, PEER_KEYS: await payers(mint) });
  } finally {
    stock.stop();
    await shop.stop();
  }
}

async function startShop(env) {
  const { key, address } = newAccount();
  await node.setBalance({ address, value: 10n ** 18n });
  const child = spawn(join(process.env.DIR, "peer"), ["serve", join(process.env.DIR, "shop.db")], {
    stdio: ["ignore", "pipe", "inherit"], env: { ...env, CHIT_KEY: key },
  });
  const ended = once(child, "exit");
  const [url] = await Promise.race([
    once(createInterface(child.stdout), "line"),
    ended.then(([code]) => { throw new Error(`our server ended with ${code}`); }),
  ]);
  const end = async () => {
    child.kill("SIGTERM");
    const [code] = await ended;
    if (code !== 0) throw new Error(`our server ended with ${code}`);
  };
  return { url, stop: end };
}

// Makes payers with money, and returns their keys.
async function payers(mint) {
  const accounts = Array.from({ length: CALLERS }, newAccount);
  for (const { address } of accounts) await mint(address, FUNDS);
  return accounts.map(({ key }) => key).join(",");
}

async function measure(env) {
  const child = spawn(join(process.env.DIR, "peer"), ["pay", process.env.TURN], { stdio: "inherit", env });
  const [code] = await once(child, "exit");
  return code ?? 1;
}
