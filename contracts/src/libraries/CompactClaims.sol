// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";

import {ICompactClaim} from "../interfaces/ICompactClaim.sol";
import {Channel} from "./Channel.sol";
import {EscrowHash} from "./EscrowHash.sol";

/// @title Compact claims
/// @notice Reads the packed batches of {ICompactClaim} and books their rows.
/// @dev The rows of a batch share most of what is hashed. So all hashing happens in one block of memory, laid out once,
/// of which a row rewrites only its own words; allocating and filling it for every row would cost about 500 gas each. The
/// block is the first that the call allocates, so its addresses are constants, which saves another 100 gas a row.
library CompactClaims {
    /// @dev The workspace. What a row writes is marked with *.
    uint256 private constant CONFIG = 0x80; // the type hash of ChannelConfig, then its fields
    uint256 private constant PAYER = 0xa0; // *
    uint256 private constant PAYER_AUTHORIZER = 0xc0; // *
    uint256 private constant RECEIVER = 0xe0;
    uint256 private constant RECEIVER_AUTHORIZER = 0x100;
    uint256 private constant TOKEN = 0x120;
    uint256 private constant WITHDRAW_DELAY = 0x140;
    uint256 private constant SALT = 0x160; // *
    uint256 private constant VOUCHER = 0x180; // the type hash of Voucher, then its fields
    uint256 private constant CHANNEL_ID = 0x1a0; // *
    uint256 private constant CEILING = 0x1c0; // *
    uint256 private constant DIGEST = 0x1e0; // * what ecrecover reads: the digest, v, r and s
    uint256 private constant V = 0x200; // *
    uint256 private constant R = 0x220; // *
    uint256 private constant S = 0x240; // *
    uint256 private constant PREFIX = 0x260; // 0x1901, right-aligned, so that what is hashed starts at TYPED_DATA
    uint256 private constant TYPED_DATA = 0x27e;
    uint256 private constant DOMAIN = 0x280;
    uint256 private constant STRUCT_HASH = 0x2a0; // *
    uint256 private constant KEY = 0x2c0; // * what gives a channel's slot: its id, then the slot of the mapping
    uint256 private constant MAPPING = 0x2e0;
    uint256 private constant WORKSPACE_END = 0x300;

    /// @dev Header flag: settle afterwards.
    uint256 private constant SETTLE = 1;
    uint256 private constant HEADER_LENGTH = 66;

    /// @dev Row flags, above the width. The common row has none: the payer signs with its key and is its own
    /// payerAuthorizer.
    uint256 private constant WIDTH_MASK = 0x07;
    uint256 private constant PARTIAL = 0x08;
    uint256 private constant SIGNER_MASK = 0x30;
    uint256 private constant SIGNER_AUTHORIZER = 0x10;
    uint256 private constant SIGNER_CONTRACT = 0x30;
    uint256 private constant WITH_SALT = 0x40;
    uint256 private constant SAME_PAYER = 0x80;

    /// @dev The widths of amounts in bytes, the first in the most significant byte.
    uint256 private constant WIDTHS = 0x0102030405060810 << 192;
    /// @dev By how many bits a word is shifted to be an amount of that width.
    uint256 private constant SHIFTS = 0xf8f0e8e0d8d0c080 << 192;

    /// @dev Half the order of secp256k1: a signature with a greater s is the malleated twin of one with a smaller.
    uint256 private constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;

    /// @dev What calling a wallet costs at most before it runs.
    uint256 private constant CALL_COST = 10_000;

    /// @dev What all rows share.
    struct Header {
        address receiver;
        address receiverAuthorizer;
        address token;
        uint40 withdrawDelay;
        bool settle;
    }

    /// @dev Allocates the workspace. Must come first in a call: it refuses to go on where its memory is not free.
    function reserve() internal pure {
        assembly ("memory-safe") {
            if iszero(eq(mload(0x40), CONFIG)) { invalid() }
            mstore(0x40, WORKSPACE_END)
        }
    }

    /// @dev Reads the header.
    function header(bytes calldata batch) internal pure returns (Header memory h) {
        if (batch.length < HEADER_LENGTH || uint8(batch[0]) > SETTLE) revert ICompactClaim.MalformedHeader();
        h.settle = uint8(batch[0]) == SETTLE;
        h.receiver = address(bytes20(batch[1:21]));
        h.receiverAuthorizer = address(bytes20(batch[21:41]));
        h.token = address(bytes20(batch[41:61]));
        h.withdrawDelay = uint40(bytes5(batch[61:66]));
    }

    /// @dev Books the rows into `channels` and returns what they add, how many were booked and how many were not.
    function book(mapping(bytes32 => Channel) storage channels, bytes32 domain, Header memory h, bytes calldata batch)
        internal
        returns (uint256 amount, uint256 booked, uint256 skipped)
    {
        _fillWorkspace(channels, domain, h);
        uint256 cursor;
        uint256 end;
        assembly ("memory-safe") {
            cursor := add(batch.offset, HEADER_LENGTH)
            end := add(batch.offset, batch.length)
        }
        while (cursor < end) {
            uint256 flags;
            uint256 ceiling;
            uint256 total;
            uint256 signature;
            assembly ("memory-safe") {
                flags := byte(0, calldataload(cursor))
            }
            if (flags < PARTIAL) {
                assembly ("memory-safe") {
                    // Calldata slices would check bounds at every field; here it is once, after the last row.
                    let payer := shr(96, calldataload(add(cursor, 1)))
                    mstore(PAYER, payer)
                    mstore(PAYER_AUTHORIZER, payer)
                    mstore(SALT, 0)
                    ceiling := shr(byte(flags, SHIFTS), calldataload(add(cursor, 21)))
                    total := ceiling
                    signature := add(add(cursor, 21), byte(flags, WIDTHS))
                    cursor := add(signature, 64)
                }
            } else {
                (ceiling, total, signature, cursor) = _readUncommon(flags, cursor);
                if (cursor == 0) revert ICompactClaim.MalformedRow(booked + skipped);
            }

            bytes32 id;
            bytes32 slot;
            uint256 word;
            bool valid;
            assembly ("memory-safe") {
                mstore(STRUCT_HASH, keccak256(CONFIG, 0x100))
                id := keccak256(TYPED_DATA, 0x42)
                mstore(KEY, id)
                slot := keccak256(KEY, 0x40)
                // One read for both halves of the channel; Solidity would mask and check each.
                word := sload(slot)
                // total > claimed, total <= ceiling, total <= balance: one jump instead of three.
                valid := gt(
                    gt(total, shr(128, word)),
                    or(gt(total, ceiling), gt(total, and(word, sub(shl(128, 1), 1))))
                )
            }
            if (!valid) {
                _skip(id, booked + skipped++, _reason(word, ceiling, total));
                continue;
            }

            bytes32 digest;
            assembly ("memory-safe") {
                mstore(CHANNEL_ID, id)
                mstore(CEILING, ceiling)
                mstore(STRUCT_HASH, keccak256(VOUCHER, 0x60))
                digest := keccak256(TYPED_DATA, 0x42)
            }
            if (flags & SIGNER_MASK == SIGNER_CONTRACT) {
                valid = _isByContract(digest, signature, booked + skipped);
            } else {
                assembly ("memory-safe") {
                    let vs := calldataload(add(signature, 0x20))
                    let s := shr(1, shl(1, vs))
                    mstore(DIGEST, digest)
                    mstore(V, add(27, shr(255, vs)))
                    mstore(R, calldataload(signature))
                    mstore(S, s)
                    // A signature that recovers to nobody leaves the digest where it is, which is no one's address.
                    pop(staticcall(gas(), 1, DIGEST, 0x80, DIGEST, 0x20))
                    // The signer is the payer, except where the row gives an authorizer.
                    let signer := mload(add(PAYER, shl(1, and(flags, SIGNER_AUTHORIZER))))
                    valid := gt(eq(mload(DIGEST), signer), gt(s, HALF_ORDER))
                }
            }
            if (!valid) {
                _skip(id, booked + skipped++, ICompactClaim.SkipReason.InvalidSignature);
                continue;
            }

            assembly ("memory-safe") {
                // `total` is above what is claimed and at most the balance: no underflow, and it fits its half. The sum
                // of fewer than 2^128 rows of less than 2^128 fits 256 bits. Solidity would check all that again.
                sstore(slot, or(shl(128, total), and(word, sub(shl(128, 1), 1))))
                amount := add(amount, sub(total, shr(128, word)))
                booked := add(booked, 1)
            }
        }
        // A truncated last row was read beyond the batch. Whatever it did is undone here, with all the rest.
        if (cursor != end) revert ICompactClaim.MalformedRow(booked + skipped - 1);
    }

    /// @dev Writes what all rows share.
    function _fillWorkspace(mapping(bytes32 => Channel) storage channels, bytes32 domain, Header memory h)
        private
        pure
    {
        bytes32 configTypeHash = EscrowHash.CHANNEL_CONFIG_TYPEHASH;
        bytes32 voucherTypeHash = EscrowHash.VOUCHER_TYPEHASH;
        assembly ("memory-safe") {
            mstore(CONFIG, configTypeHash)
            mstore(PAYER, 0)
            mstore(RECEIVER, mload(h))
            mstore(RECEIVER_AUTHORIZER, mload(add(h, 0x20)))
            mstore(TOKEN, mload(add(h, 0x40)))
            mstore(WITHDRAW_DELAY, mload(add(h, 0x60)))
            mstore(VOUCHER, voucherTypeHash)
            mstore(PREFIX, 0x1901)
            mstore(DOMAIN, domain)
            mstore(MAPPING, channels.slot)
        }
    }

    /// @dev Reads a row that has flags: its terms into the workspace, the rest onto the stack. `next` is where the row
    /// ends, 0 when a flag or length makes no sense. Reading beyond the batch gives zeros or foreign bytes; the caller
    /// sees that from `next`.
    function _readUncommon(uint256 flags, uint256 cursor)
        private
        pure
        returns (uint256 ceiling, uint256 total, uint256 signature, uint256 next)
    {
        assembly ("memory-safe") {
            // In Solidity each field would be a slice with checks of its own, about 60 gas.
            let at := add(cursor, 1)
            let known := 1

            // The workspace still holds the payer of the row before; none before the first.
            let payer := mload(PAYER)
            switch and(flags, SAME_PAYER)
            case 0 {
                payer := shr(96, calldataload(at))
                mstore(PAYER, payer)
                at := add(at, 20)
            }
            default { known := iszero(iszero(payer)) }

            let authorizer := 0
            switch and(flags, SIGNER_MASK)
            case 0 { authorizer := payer }
            case 0x10 {
                authorizer := shr(96, calldataload(at))
                known := and(known, iszero(iszero(authorizer)))
                at := add(at, 20)
            }
            mstore(PAYER_AUTHORIZER, authorizer)

            let salt := 0
            if and(flags, WITH_SALT) {
                let length := byte(0, calldataload(at))
                known := and(known, lt(sub(length, 1), 32))
                salt := shr(sub(256, shl(3, length)), calldataload(add(at, 1)))
                at := add(at, add(length, 1))
            }
            mstore(SALT, salt)

            let width := byte(and(flags, WIDTH_MASK), WIDTHS)
            let shift := byte(and(flags, WIDTH_MASK), SHIFTS)
            ceiling := shr(shift, calldataload(at))
            at := add(at, width)
            total := ceiling
            if and(flags, PARTIAL) {
                total := shr(shift, calldataload(at))
                at := add(at, width)
            }

            signature := at
            next := add(at, 64)
            if eq(and(flags, SIGNER_MASK), SIGNER_CONTRACT) {
                next := add(add(at, 5), and(0xffff, shr(216, calldataload(at))))
            }
            next := mul(next, known)
        }
    }

    /// @dev Whether the payer, a contract, accepts the signature, for at most the gas that the row gives it. A wallet can
    /// neither burn the rest of the batch nor, called statically and under the escrow's lock, change anything.
    function _isByContract(bytes32 digest, uint256 signature, uint256 index) private view returns (bool valid) {
        address payer;
        uint256 gasLimit;
        bytes calldata wrapped;
        assembly ("memory-safe") {
            payer := mload(PAYER)
            gasLimit := shr(232, calldataload(signature))
            wrapped.offset := add(signature, 5)
            wrapped.length := and(0xffff, shr(216, calldataload(signature)))
        }
        bytes memory question = abi.encodeCall(IERC1271.isValidSignature, (digest, wrapped));
        // The EVM gives a call at most 63/64 of what is left. Without this check a relay could choose the gas of the
        // transaction such that a good signature runs out of it.
        if (gasleft() < gasLimit + gasLimit / 63 + CALL_COST) {
            revert ICompactClaim.SignatureGasUnavailable(index, gasLimit);
        }
        assembly ("memory-safe") {
            // Solidity would copy all that the wallet returns: its choice, our gas.
            valid := staticcall(gasLimit, payer, add(question, 0x20), mload(question), 0x00, 0x20)
            valid := and(valid, and(gt(returndatasize(), 0x1f), eq(mload(0x00), shl(224, 0x1626ba7e))))
        }
    }

    /// @dev Why a row whose amounts do not fit its channel was skipped.
    function _reason(uint256 word, uint256 ceiling, uint256 total) private pure returns (ICompactClaim.SkipReason) {
        if (total <= word >> 128) return ICompactClaim.SkipReason.Stale;
        if (total > ceiling) return ICompactClaim.SkipReason.ExceedsCeiling;
        return ICompactClaim.SkipReason.ExceedsBalance;
    }

    function _skip(bytes32 id, uint256 index, ICompactClaim.SkipReason reason) private {
        emit ICompactClaim.ClaimSkipped(id, index, reason);
    }
}
