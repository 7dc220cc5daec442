// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

/// @notice A channel's money, in one storage word: a claim reads both halves and writes one, so it pays for one cold read
/// (2,100) and one write (2,900). The halves are 128 bits because deposits and vouchers are; nothing else lives here,
/// because nothing else is read on the claim path: the pending withdrawal and the refund nonce have words of their own.
/// @param balance Bits 0 to 127: deposits less refunds and withdrawals.
/// @param totalClaimed Bits 128 to 255, so that one shift gives it without a mask: what was claimed; at most `balance`.
struct Channel {
    uint128 balance;
    uint128 totalClaimed;
}
