// A local chain with our contracts at the addresses that the stock x402 packages have built in.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { createTestClient, createWalletClient, http, parseEther, publicActions } from "viem";
import { generatePrivateKey, privateKeyToAccount } from "viem/accounts";
import { multicall3Bytecode } from "./node_modules/viem/_esm/constants/contracts.js";

const contracts = new URL("../../contracts/", import.meta.url);

export const ESCROW = "0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003";
const ERC3009_COLLECTOR = "0x4020806089470a89826cB9fB1f4059150b550004";
const PERMIT2_COLLECTOR = "0x4020425FAf3B746C082C2f942b4E5159887B0005";
const MULTICALL3 = "0xcA11bde05977b3631167028862bE2a173976CA11";
const EXACT_PERMIT2_PROXY = "0x402085c248EeA27D92E8b30b2C58ed07f9E20001";
const UPTO_PERMIT2_PROXY = "0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002";
const NAMES = ["0x3", "0x4"]; // where an ERC-20 of OpenZeppelin has its name and its symbol
export const PERMIT2 = "0x000000000022D473030F116dDEE9F6B43aC78BA3";

export function artifact(name) {
  const { abi, bytecode } = JSON.parse(readFileSync(new URL(`out/generate/${name}.sol/${name}.json`, contracts)));
  return { abi, bytecode: bytecode.object };
}

export async function freePort() {
  const server = createServer().listen(0, "127.0.0.1");
  await new Promise((done) => server.once("listening", done));
  const { port } = server.address();
  await new Promise((done) => server.close(done));
  return port;
}

// Makes an account, for programs that do without viem.
export function newAccount() {
  const key = generatePrivateKey();
  return { key, address: privateKeyToAccount(key).address };
}

// Starts anvil; `stop` ends it.
export async function startChain(id) {
  const port = await freePort();
  const anvil = spawn(new URL("node_modules/.bin/anvil", contracts).pathname, ["--port", port, "--chain-id", id, "--silent"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const chain = {
    id,
    name: "local",
    nativeCurrency: { name: "Ether", symbol: "ETH", decimals: 18 },
    rpcUrls: { default: { http: [`http://127.0.0.1:${port}`] } },
  };
  const node = createTestClient({ chain, mode: "anvil", transport: http(), pollingInterval: 50 }).extend(publicActions);
  for (let tries = 0; ; tries++) {
    try {
      await node.getBlockNumber();
      break;
    } catch (error) {
      if (tries === 100 || anvil.exitCode !== null) throw new Error(`anvil did not start on port ${port}`, { cause: error });
      await sleep(50);
    }
  }
  const stop = () => anvil.kill();
  return { chain, node, stop };
}

// Deploys DevUSDC and puts the rest where the stock packages look for it. Code with immutables is deployed elsewhere, with
// the canonical escrow as its constructor's argument, and copied. With an address the token goes there, in the place of USDC
// that the packages know.
export async function install({ chain, node }, tokenAt) {
  const published = readFileSync(new URL("published/Multicall3.hex", contracts), "utf8").trim();
  assert.equal(`0x${published}`, multicall3Bytecode, "contracts/published/Multicall3.hex is not what viem publishes");
  const deployer = privateKeyToAccount(generatePrivateKey());
  await node.setBalance({ address: deployer.address, value: parseEther("10") });
  const wallet = createWalletClient({ chain, account: deployer, transport: http() });
  const deploy = async ({ abi, bytecode }, ...args) => {
    const hash = await wallet.deployContract({ abi, bytecode, args });
    return (await node.waitForTransactionReceipt({ hash })).contractAddress;
  };
  const copy = async (from, to) => node.setCode({ address: to, bytecode: await node.getCode({ address: from }) });

  await copy(await deploy(artifact("Escrow")), ESCROW);
  await copy(await deploy(artifact("Erc3009Collector"), ESCROW), ERC3009_COLLECTOR);
  await copy(await deploy(artifact("Permit2Collector"), ESCROW), PERMIT2_COLLECTOR);
  await copy(await deploy({ abi: [], bytecode: multicall3Bytecode }), MULTICALL3);
  await node.setCode({ address: PERMIT2, bytecode: permit2Code() });
  await copy(await deploy(artifact("ExactPermit2Proxy"), PERMIT2), EXACT_PERMIT2_PROXY);
  await copy(await deploy(artifact("UptoPermit2Proxy"), PERMIT2), UPTO_PERMIT2_PROXY);
  const token = await deploy(artifact("DevUSDC"), deployer.address);
  if (tokenAt) await copy(token, tokenAt);
  for (const slot of tokenAt ? NAMES : []) {
    await node.setStorageAt({ address: tokenAt, index: slot, value: await node.getStorageAt({ address: token, slot }) });
  }
  const usdc = tokenAt ?? token;
  const mint = async (to, amount) => {
    const hash = await wallet.writeContract({ address: usdc, abi: artifact("DevUSDC").abi, functionName: "mint", args: [to, amount] });
    await node.waitForTransactionReceipt({ hash });
  };
  return { usdc, mint };
}

// Permit2's runtime code, as its authors publish it for tests. It holds the domain separator of another address for chain 31337;
// with another id in that one's place it computes its own.
function permit2Code() {
  const source = readFileSync(
    new URL("node_modules/@uniswap/v4-periphery/lib/permit2/test/utils/DeployPermit2.sol", contracts),
    "utf8",
  );
  return `0x${source.match(/hex"([0-9a-f]+)"/)[1].replace("7a69".padStart(64, "0"), "0".repeat(64))}`;
}
