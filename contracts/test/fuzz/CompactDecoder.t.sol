// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ChannelConfig, VoucherClaim} from "../../src/interfaces/IEscrow.sol";
import {Actors} from "../utils/Actors.sol";
import {CompactEncoder} from "../utils/CompactEncoder.sol";
import {KeyWallet} from "../utils/Wallets.sol";

/// @notice Whatever bytes come: a batch reverts, or pays what was signed and nothing else.
contract CompactDecoderTest is Actors {
    uint256 internal constant CHANNELS = 4;
    uint128 internal constant SIGNED = 3e6;

    ChannelConfig[] internal configs;
    bytes32[] internal ids;
    bytes internal valid;

    function setUp() public override {
        super.setUp();
        CompactEncoder.Row[] memory rows = new CompactEncoder.Row[](CHANNELS);
        for (uint256 i = 0; i < CHANNELS; ++i) {
            ChannelConfig memory c = terms();
            if (i == 1) (c.payerAuthorizer, c.salt) = (session, bytes32(uint256(0x0102)));
            if (i == 2) (c.payerAuthorizer, c.salt) = (address(0), keccak256("salt"));
            if (i == 3) (c.payer, c.payerAuthorizer) = (address(new KeyWallet(session)), address(0));
            configs.push(c);
            ids.push(fund(c, 10e6));
            uint256 key = i == 1 || i == 3 ? sessionKey : payerKey;
            rows[i] = CompactEncoder.Row(voucher(c, key, SIGNED, i % 2 == 0 ? SIGNED : SIGNED - 1), i == 3, 30_000);
        }
        valid = CompactEncoder.encode(rows, false);
    }

    function send(bytes memory batch) private returns (bool done, uint128 amount, uint256 booked) {
        vm.prank(cashier);
        try escrow.claimCompact{gas: 30_000_000}(batch) returns (uint128 amount_, uint256 booked_, uint256) {
            return (true, amount_, booked_);
        } catch {}
    }

    /// @dev Every channel has what it had or what was signed of it, and the receiver is owed their sum.
    function consistent(uint128 amount) private view {
        uint256 sum;
        for (uint256 i = 0; i < CHANNELS; ++i) {
            assertEq(balance(ids[i]), 10e6);
            uint128 total = claimed(ids[i]);
            assertLe(total, SIGNED);
            sum += total;
        }
        (uint128 earned, uint128 settled) = escrow.receivers(receiver, address(usdc));
        assertEq(earned, sum);
        assertEq(amount, sum);
        assertEq(usdc.balanceOf(address(escrow)), CHANNELS * 10e6 - settled);
        assertEq(usdc.balanceOf(receiver), settled);
    }

    function test_the_batch_that_is_spoilt_below_is_good() public {
        (bool done, uint128 amount, uint256 booked) = send(valid);
        assertTrue(done);
        assertEq(booked, CHANNELS);
        assertEq(amount, SIGNED * 2 + (SIGNED - 1) * 2);
        consistent(amount);
    }

    function testFuzz_random_bytes_claim_nothing(bytes calldata batch) public {
        (, uint128 amount, uint256 booked) = send(batch);
        assertEq(booked, 0);
        consistent(amount);
        assertEq(amount, 0);
    }

    function testFuzz_random_rows_claim_nothing(bytes calldata rows) public {
        (, uint128 amount, uint256 booked) =
            send(abi.encodePacked(uint8(0), receiver, cashier, address(usdc), DELAY, rows));
        assertEq(booked, 0);
        consistent(amount);
        assertEq(amount, 0);
    }

    function testFuzz_a_spoilt_batch_claims_what_was_signed_or_nothing(uint256[4] calldata where, bytes4 what) public {
        bytes memory batch = valid;
        for (uint256 i = 0; i < 4; ++i) {
            batch[where[i] % batch.length] ^= what[i];
        }
        (, uint128 amount,) = send(batch);
        consistent(amount);
    }

    function testFuzz_a_batch_with_bytes_inserted_claims_what_was_signed_or_nothing(uint256 where, bytes calldata more)
        public
    {
        bytes memory batch = valid;
        where = bound(where, 0, batch.length);
        (bytes memory head, bytes memory tail) = this.cut(batch, where);
        (, uint128 amount,) = send(bytes.concat(head, more, tail));
        consistent(amount);
    }

    function testFuzz_a_batch_with_bytes_removed_claims_what_was_signed_or_nothing(uint256 from, uint256 to) public {
        bytes memory batch = valid;
        from = bound(from, 0, batch.length);
        to = bound(to, from, batch.length);
        (bytes memory head,) = this.cut(batch, from);
        (, bytes memory tail) = this.cut(batch, to);
        (, uint128 amount,) = send(bytes.concat(head, tail));
        consistent(amount);
    }

    function cut(bytes calldata data, uint256 where) external pure returns (bytes memory head, bytes memory tail) {
        return (data[:where], data[where:]);
    }

    /// @dev Every amount of every width survives the encoding.
    function testFuzz_any_amounts_that_fit_are_booked(uint128 held, uint128 ceiling, uint128 total, bytes32 salt)
        public
    {
        ChannelConfig memory c = terms();
        c.salt = salt == 0 ? bytes32(uint256(1)) : salt;
        held = uint128(bound(held, 1, type(uint128).max - 10e6 * CHANNELS));
        total = uint128(bound(total, 1, held));
        ceiling = uint128(bound(ceiling, total, type(uint128).max));
        bytes32 id = fund(c, held);
        VoucherClaim[] memory rows = one(voucher(c, payerKey, ceiling, total));
        (bool done, uint128 amount, uint256 booked) = send(compact(rows, false));
        assertTrue(done);
        assertEq(booked, 1);
        assertEq(amount, total);
        assertEq(claimed(id), total);
        assertEq(balance(id), held);
    }
}
