// Runs the lines of docs/WALLETS.md, each as a program of its own with a wallet of its own, and holds what moved on chain and
// what the shop delivered against the price.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { parseEther } from "viem";
import { ESCROW, artifact, freePort, install, newAccount, startChain } from "../interop/chain.mjs";
import { chit, startChit, startService, stopAll, writeConfig, writeProfile } from "../interop-client/programs.mjs";
import { settledByAnother } from "./facilitator.mjs";
import { readWallets } from "./page.mjs";

const CHAIN_ID = 8453;
const USDC = "0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"; // of Base
const FUNDS = 1_000_000n;
const PRICE = 1_000n;
const METERED = 700n; // of 5_000 at most
const AT_ONCE = 2;

const { chain, node, stop } = await startChain(CHAIN_ID);
try {
  await run();
  console.log("interop-wallets: ok");
} catch (error) {
  console.error("interop-wallets: FAILED\n", error);
  process.exitCode = 1;
} finally {
  await stopAll();
  stop();
}

async function run() {
  const { mint } = await install({ chain, node }, USDC);
  const holds = (who) => node.readContract({ address: USDC, abi: artifact("DevUSDC").abi, functionName: "balanceOf", args: [who] });
  const shop = await openShop();
  const wallets = readWallets().map((wallet) => ({ ...wallet, account: newAccount() }));
  for (const { account } of wallets) await mint(account.address, FUNDS);
  const turns = wallets.values();
  const failures = [];
  const takeTurns = async () => {
    for (const wallet of turns) await pay(wallet, { shop, holds }).catch((error) => failures.push(`${wallet.title}: ${error.message}`));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, takeTurns));
  if (failures.length > 0) throw new Error(failures.join("\n\n"));

  const payer = newAccount();
  await mint(payer.address, FUNDS);
  const others = await settledByAnother({ chain, node, payer, url: `${shop.url}/echo?text=hello` });
  assert.equal(FUNDS - (await holds(payer.address)), BigInt(others.length) * PRICE);
  console.log(`stock facilitator: takes the offer by ${others.join(", ")}; what it settles is paid for here`);

  await chit("shop", "settle", "--all");
  const sold = wallets.reduce((sum, { cost }) => sum + cost, BigInt(others.length) * PRICE);
  assert.deepEqual([await holds(shop.receiver), await holds(ESCROW)], [sold, 4n * PRICE * BigInt(wallets.filter(inChannel).length)]);
  console.log(`settled   the shop has ${sold}, what ${wallets.length + others.length} calls cost`);
}

function inChannel({ scheme }) {
  return scheme === "`batch-settlement`";
}

// A shop whose every way to pay is open: two routes, of which one is metered, one that speaks no MPP, and a tool.
async function openShop() {
  const [seller, receiver] = [newAccount(), newAccount().address];
  await node.setBalance({ address: seller.address, value: parseEther("1") });
  process.env.CHIT_KEY = seller.key;
  writeProfile("shop", {
    rpc: chain.rpcUrls.default.http[0], chainId: CHAIN_ID, escrow: ESCROW, token: USDC, server: "", listen: "127.0.0.1:0",
    payTo: receiver, withdrawDelay: 900, payer: "", seller: "", permit2: true,
  });
  const service = await startService();
  const route = { path: "/echo", upstream: service.url, price: "0.001", description: "what was sent", mimeType: "application/json" };
  const listen = `127.0.0.1:${await freePort()}`;
  const config = writeConfig("gateway.yaml", {
    listen,
    baseURL: `http://${listen}`,
    settleEvery: "0s",
    accept: ["batch-settlement", "upto", "exact", "mpp"],
    upstreams: { tools: { command: process.execPath, args: [new URL("tools.mjs", import.meta.url).pathname], prices: { echo: "0.001" } } },
    routes: [
      route,
      { ...route, path: "/x402", price: { base: "0.001", accept: ["exact"] } },
      { ...route, path: "/metered", price: { max: "0.005", metered: true }, upstream: `${service.url}/?cost=${METERED}` },
    ],
  });
  const url = await startChit("shop", "gateway", "--config", config, "--log-level", "warn");
  return { url, receiver, service };
}

// Lets a wallet pay once, with money and without gas.
async function pay(wallet, { shop, holds }) {
  const { key, address } = wallet.account;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", wallet.code], {
    cwd: new URL(".", import.meta.url),
    env: { PATH: process.env.PATH, PRIVATE_KEY: key, SHOP: shop.url, RPC: chain.rpcUrls.default.http[0] },
    timeout: 60_000,
  });
  assert.match(stdout, /hello/);
  wallet.cost = wallet.scheme === "`upto`" ? METERED : PRICE;
  assert.equal(FUNDS - (await holds(address)), inChannel(wallet) ? 5n * PRICE : wallet.cost);
  console.log(`${wallet.client.padEnd(12)} ${wallet.version.padEnd(7)} ${wallet.scheme.padEnd(18)} ${wallet.carrier.padEnd(5)} ${wallet.cost}`);
}
