// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {MessageHashUtils} from "@openzeppelin/contracts/utils/cryptography/MessageHashUtils.sol";

import {ChannelConfig, VoucherClaim} from "../interfaces/IEscrow.sol";

/// @title EIP-712 hashing of the escrow
/// @notice Every digest that someone signs, in one place.
library EscrowHash {
    bytes32 internal constant DOMAIN_TYPEHASH =
        keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");

    bytes32 internal constant CHANNEL_CONFIG_TYPEHASH = keccak256(
        "ChannelConfig(address payer,address payerAuthorizer,address receiver,address receiverAuthorizer,address token,uint40 withdrawDelay,bytes32 salt)"
    );

    bytes32 internal constant VOUCHER_TYPEHASH = keccak256("Voucher(bytes32 channelId,uint128 maxClaimableAmount)");

    bytes32 internal constant REFUND_TYPEHASH = keccak256("Refund(bytes32 channelId,uint256 nonce,uint128 amount)");

    bytes32 internal constant CLAIM_ENTRY_TYPEHASH =
        keccak256("ClaimEntry(bytes32 channelId,uint128 maxClaimableAmount,uint128 totalClaimed)");

    bytes32 internal constant CLAIM_BATCH_TYPEHASH = keccak256(
        "ClaimBatch(ClaimEntry[] claims)ClaimEntry(bytes32 channelId,uint128 maxClaimableAmount,uint128 totalClaimed)"
    );

    bytes32 internal constant COMPACT_CLAIM_TYPEHASH = keccak256("CompactClaim(bytes batch)");

    bytes32 internal constant NAME_HASH = keccak256("x402 Batch Settlement");
    bytes32 internal constant VERSION_HASH = keccak256("1");

    /// @dev Computed, never cached: the code has no immutables, so it is the same on every chain and at every address,
    /// and its hash is one constant that anyone can compare. Costs about 200 gas a transaction.
    function domainSeparator() internal view returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPEHASH, NAME_HASH, VERSION_HASH, block.chainid, address(this)));
    }

    function channelId(bytes32 domain, ChannelConfig calldata config) internal pure returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(domain, keccak256(abi.encode(CHANNEL_CONFIG_TYPEHASH, config)));
    }

    function voucher(bytes32 domain, bytes32 id, uint128 maxClaimableAmount) internal pure returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(domain, keccak256(abi.encode(VOUCHER_TYPEHASH, id, maxClaimableAmount)));
    }

    function refund(bytes32 domain, bytes32 id, uint256 nonce, uint128 amount) internal pure returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(domain, keccak256(abi.encode(REFUND_TYPEHASH, id, nonce, amount)));
    }

    function claimBatch(bytes32 domain, VoucherClaim[] calldata rows) internal pure returns (bytes32) {
        bytes32[] memory entries = new bytes32[](rows.length);
        for (uint256 i = 0; i < rows.length; ++i) {
            bytes32 id = channelId(domain, rows[i].voucher.channel);
            entries[i] = keccak256(
                abi.encode(CLAIM_ENTRY_TYPEHASH, id, rows[i].voucher.maxClaimableAmount, rows[i].totalClaimed)
            );
        }
        return MessageHashUtils.toTypedDataHash(
            domain, keccak256(abi.encode(CLAIM_BATCH_TYPEHASH, keccak256(abi.encodePacked(entries))))
        );
    }

    function compactClaim(bytes32 domain, bytes calldata batch) internal pure returns (bytes32) {
        return MessageHashUtils.toTypedDataHash(domain, keccak256(abi.encode(COMPACT_CLAIM_TYPEHASH, keccak256(batch))));
    }
}
