// Fixed keys, a fixed clock and fixed randomness, so that every run writes the same files.
import { keccak256, toBytes, hashTypedData } from "viem";
import { privateKeyToAccount } from "viem/accounts";

const now = 1_790_000_000_000;
Date.now = () => now;

let draws = 0;
Object.defineProperty(globalThis, "crypto", {
  value: {
    getRandomValues(bytes) {
      bytes.set(toBytes(keccak256(toBytes(`chit draw ${draws++}`))).subarray(0, bytes.length));
      return bytes;
    },
    randomUUID: () => `00000000-0000-4000-8000-${String(draws++).padStart(12, "0")}`,
  },
});

export const word = (label) => keccak256(toBytes(`chit ${label}`));
export const account = (label) => privateKeyToAccount(word(`key ${label}`));

// recording returns a signer that keeps the digest and the message of all that it signed.
export function recording(signer) {
  const signed = {};
  return {
    address: signer.address,
    signed,
    async signTypedData(data) {
      signed[data.primaryType] = { digest: hashTypedData(data), message: data.message };
      return signer.signTypedData(data);
    },
  };
}
