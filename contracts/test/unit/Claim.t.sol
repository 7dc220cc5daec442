// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {stdError} from "forge-std/Test.sol";

import {Escrow} from "../../src/Escrow.sol";
import {ChannelConfig, IEscrow, VoucherClaim} from "../../src/interfaces/IEscrow.sol";
import {Actors} from "../utils/Actors.sol";
import {PlainToken} from "../utils/Tokens.sol";

contract ClaimTest is Actors {
    ChannelConfig internal c;
    bytes32 internal id;

    function setUp() public override {
        super.setUp();
        c = terms();
        id = fund(c, 10e6);
    }

    function earned(address who, address token) private view returns (uint128 total) {
        (total,) = escrow.receivers(who, token);
    }

    function claimAs(address who, VoucherClaim memory row) private {
        vm.prank(who);
        escrow.claim(one(row));
    }

    function refused(VoucherClaim memory row, bytes4 why) private {
        vm.expectRevert(why);
        claimAs(cashier, row);
    }

    function test_a_claim_books_what_the_row_says_and_moves_nothing() public {
        vm.expectEmit(address(escrow));
        emit IEscrow.Claimed(id, cashier, 3e6, 3e6);
        claimAs(cashier, voucher(c, payerKey, 4e6, 3e6));
        assertEq(claimed(id), 3e6);
        assertEq(balance(id), 10e6);
        assertEq(earned(receiver, address(usdc)), 3e6);
        assertEq(usdc.balanceOf(address(escrow)), 10e6);
    }

    function test_totals_are_cumulative() public {
        claimAs(cashier, voucher(c, payerKey, 3e6, 3e6));
        vm.expectEmit(address(escrow));
        emit IEscrow.Claimed(id, receiver, 4e6, 7e6);
        claimAs(receiver, voucher(c, payerKey, 7e6, 7e6));
        assertEq(claimed(id), 7e6);
        assertEq(earned(receiver, address(usdc)), 7e6);
    }

    function test_one_voucher_may_be_claimed_in_parts() public {
        claimAs(cashier, voucher(c, payerKey, 7e6, 3e6));
        claimAs(cashier, voucher(c, payerKey, 7e6, 7e6));
        assertEq(earned(receiver, address(usdc)), 7e6);
    }

    function test_the_payer_and_strangers_cannot_claim() public {
        VoucherClaim memory row = voucher(c, payerKey, 1e6, 1e6);
        vm.expectRevert(IEscrow.NotAuthorizedToClaim.selector);
        claimAs(payer, row);
        vm.expectRevert(IEscrow.NotAuthorizedToClaim.selector);
        claimAs(stranger, row);
    }

    function test_the_caller_must_be_entitled_to_every_row() public {
        ChannelConfig memory other = terms();
        (other.receiver, other.receiverAuthorizer) = (stranger, stranger);
        fund(other, 1e6);
        VoucherClaim[] memory rows = two(voucher(c, payerKey, 1e6, 1e6), voucher(other, payerKey, 1e6, 1e6));
        vm.expectRevert(IEscrow.NotAuthorizedToClaim.selector);
        vm.prank(cashier);
        escrow.claim(rows);
        assertEq(claimed(id), 0);
    }

    function test_a_claim_without_rows_is_refused() public {
        vm.expectRevert(IEscrow.EmptyBatch.selector);
        escrow.claim(new VoucherClaim[](0));
    }

    function test_a_replay_does_nothing() public {
        VoucherClaim memory row = voucher(c, payerKey, 3e6, 3e6);
        claimAs(cashier, row);
        vm.recordLogs();
        claimAs(cashier, row);
        claimAs(cashier, voucher(c, payerKey, 9e6, 2e6));
        assertEq(vm.getRecordedLogs().length, 0);
        assertEq(claimed(id), 3e6);
        assertEq(earned(receiver, address(usdc)), 3e6);
    }

    function test_a_stale_row_does_not_stop_the_next() public {
        ChannelConfig memory other = terms();
        other.salt = bytes32(uint256(1));
        bytes32 second = fund(other, 5e6);
        VoucherClaim memory stale = voucher(c, payerKey, 3e6, 3e6);
        claimAs(cashier, stale);
        VoucherClaim[] memory rows = two(stale, voucher(other, payerKey, 2e6, 2e6));
        vm.prank(cashier);
        escrow.claim(rows);
        assertEq(claimed(second), 2e6);
        assertEq(earned(receiver, address(usdc)), 5e6);
    }

    function test_the_ceiling_holds() public {
        refused(voucher(c, payerKey, 3e6, 3e6 + 1), IEscrow.ClaimExceedsCeiling.selector);
    }

    function test_the_balance_holds() public {
        refused(voucher(c, payerKey, 11e6, 10e6 + 1), IEscrow.ClaimExceedsBalance.selector);
        claimAs(cashier, voucher(c, payerKey, 11e6, 10e6));
        assertEq(claimed(id), 10e6);
    }

    function test_a_channel_that_holds_nothing_pays_nothing() public {
        ChannelConfig memory empty = terms();
        empty.salt = bytes32(uint256(1));
        refused(voucher(empty, payerKey, 1, 1), IEscrow.ClaimExceedsBalance.selector);
    }

    function test_one_bad_row_reverts_all() public {
        VoucherClaim memory good = voucher(c, payerKey, 1e6, 1e6);
        ChannelConfig memory other = terms();
        other.salt = bytes32(uint256(1));
        fund(other, 1e6);
        VoucherClaim[] memory rows = two(good, voucher(other, sessionKey, 1e6, 1e6));
        vm.expectRevert(IEscrow.InvalidSignature.selector);
        vm.prank(cashier);
        escrow.claim(rows);
        assertEq(claimed(id), 0);
    }

    function test_a_voucher_is_good_for_its_channel_alone() public {
        ChannelConfig memory other = terms();
        other.salt = bytes32(uint256(1));
        fund(other, 5e6);
        VoucherClaim memory row = voucher(other, payerKey, 1e6, 1e6);
        row.voucher.channel = c;
        refused(row, IEscrow.InvalidSignature.selector);
    }

    function test_a_voucher_is_good_for_its_ceiling_alone() public {
        VoucherClaim memory row = voucher(c, payerKey, 1e6, 1e6);
        row.voucher.maxClaimableAmount = 2e6;
        refused(row, IEscrow.InvalidSignature.selector);
    }

    function test_a_voucher_is_good_for_its_escrow_alone() public {
        Escrow other = new Escrow();
        VoucherClaim memory row = voucher(c, payerKey, 1e6, 1e6);
        row.signature = signed(payerKey, other.getVoucherDigest(id, 1e6));
        refused(row, IEscrow.InvalidSignature.selector);
    }

    function test_a_channel_is_good_for_its_chain_alone() public {
        VoucherClaim memory row = voucher(c, payerKey, 1e6, 1e6);
        vm.chainId(block.chainid + 1);
        assertNotEq(escrow.getChannelId(c), id);
        refused(row, IEscrow.ClaimExceedsBalance.selector);
        bytes32 there = fund(c, 1e6);
        row.signature = signed(payerKey, keccak256("another chain"));
        refused(row, IEscrow.InvalidSignature.selector);
        claimAs(cashier, voucher(c, payerKey, 1e6, 1e6));
        assertEq(claimed(there), 1e6);
        assertEq(claimed(id), 0);
    }

    function test_receivers_and_tokens_are_counted_apart() public {
        ChannelConfig memory other = terms();
        other.token = address(new PlainToken());
        fund(other, 5e6);
        ChannelConfig memory third = terms();
        third.receiver = stranger;
        fund(third, 5e6);
        VoucherClaim[] memory rows = new VoucherClaim[](3);
        rows[0] = voucher(c, payerKey, 1e6, 1e6);
        rows[1] = voucher(other, payerKey, 2e6, 2e6);
        rows[2] = voucher(third, payerKey, 3e6, 3e6);
        vm.prank(cashier);
        escrow.claim(rows);
        assertEq(earned(receiver, address(usdc)), 1e6);
        assertEq(earned(receiver, other.token), 2e6);
        assertEq(earned(stranger, address(usdc)), 3e6);
    }

    function test_a_receivers_total_never_overflows() public {
        ChannelConfig memory a = terms();
        a.token = address(new PlainToken());
        fund(a, type(uint128).max);
        ChannelConfig memory b = terms();
        (b.token, b.salt) = (a.token, bytes32(uint256(1)));
        fund(b, 1);
        claimAs(cashier, voucher(a, payerKey, type(uint128).max, type(uint128).max));
        VoucherClaim memory row = voucher(b, payerKey, 1, 1);
        vm.expectRevert(stdError.arithmeticError);
        claimAs(cashier, row);
    }

    function testFuzz_any_amounts_that_fit_are_booked(uint128 held, uint128 ceiling, uint128 total) public {
        ChannelConfig memory any = terms();
        any.token = address(new PlainToken());
        held = uint128(bound(held, 1, type(uint128).max));
        bytes32 channel = fund(any, held);
        VoucherClaim memory row = voucher(any, payerKey, ceiling, total);
        if (total > ceiling) return refused(row, IEscrow.ClaimExceedsCeiling.selector);
        if (total > held) return refused(row, IEscrow.ClaimExceedsBalance.selector);
        claimAs(cashier, row);
        assertEq(claimed(channel), total);
        assertEq(balance(channel), held);
        assertEq(earned(receiver, any.token), total);
    }
}
