// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {stdError} from "forge-std/Test.sol";

import {ChannelConfig, IEscrow, VoucherClaim} from "../../src/interfaces/IEscrow.sol";
import {Actors} from "../utils/Actors.sol";

contract WithdrawTest is Actors {
    ChannelConfig internal c;
    bytes32 internal id;

    function setUp() public override {
        super.setUp();
        c = terms();
        c.payerAuthorizer = session;
        id = fund(c, 10e6);
    }

    function initiate(uint128 amount) private {
        vm.prank(payer);
        escrow.initiateWithdraw(c, amount);
    }

    function finalize() private {
        vm.prank(payer);
        escrow.finalizeWithdraw(c);
    }

    function claimTotal(uint128 total) private {
        VoucherClaim[] memory rows = one(voucher(c, sessionKey, total, total));
        vm.prank(cashier);
        escrow.claim(rows);
    }

    function pending() private view returns (uint128 amount, uint40 since) {
        return escrow.pendingWithdrawals(id);
    }

    function test_a_withdrawal_is_announced_and_moves_nothing() public {
        vm.expectEmit(address(escrow));
        emit IEscrow.WithdrawInitiated(id, 4e6, uint40(block.timestamp) + DELAY);
        initiate(4e6);
        (uint128 amount, uint40 since) = pending();
        assertEq(amount, 4e6);
        assertEq(since, block.timestamp);
        assertEq(balance(id), 10e6);
        assertEq(usdc.balanceOf(payer), 0);
    }

    function test_after_the_delay_the_payer_has_his_money() public {
        initiate(4e6);
        skip(DELAY);
        vm.expectEmit(address(escrow));
        emit IEscrow.WithdrawFinalized(id, payer, 4e6);
        finalize();
        assertEq(usdc.balanceOf(payer), 4e6);
        assertEq(balance(id), 6e6);
        (uint128 amount, uint40 since) = pending();
        assertEq(amount, 0);
        assertEq(since, 0);
    }

    function test_the_session_key_withdraws_to_the_payer() public {
        vm.prank(session);
        escrow.initiateWithdraw(c, 10e6);
        skip(DELAY);
        vm.expectEmit(address(escrow));
        emit IEscrow.WithdrawFinalized(id, session, 10e6);
        vm.prank(session);
        escrow.finalizeWithdraw(c);
        assertEq(usdc.balanceOf(payer), 10e6);
        assertEq(usdc.balanceOf(session), 0);
    }

    function test_nobody_else_announces() public {
        address[3] memory others = [receiver, cashier, stranger];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectRevert(IEscrow.InvalidChannel.selector);
            vm.prank(others[i]);
            escrow.initiateWithdraw(c, 1);
        }
    }

    function test_nobody_else_finalizes() public {
        initiate(1e6);
        skip(DELAY);
        address[3] memory others = [receiver, cashier, stranger];
        for (uint256 i = 0; i < others.length; ++i) {
            vm.expectRevert(IEscrow.NotAuthorizedToFinalizeWithdraw.selector);
            vm.prank(others[i]);
            escrow.finalizeWithdraw(c);
        }
    }

    function test_nothing_is_no_withdrawal() public {
        vm.expectRevert(IEscrow.NothingToWithdraw.selector);
        initiate(0);
    }

    function test_a_session_key_announces_one_withdrawal_at_a_time() public {
        for (uint256 i = 0; i < 2; ++i) {
            vm.prank(i == 0 ? session : payer);
            escrow.initiateWithdraw(c, 1);
            vm.expectRevert(IEscrow.WithdrawalAlreadyPending.selector);
            vm.prank(session);
            escrow.initiateWithdraw(c, 2);
            skip(DELAY);
            finalize();
        }
    }

    function test_the_payer_replaces_a_pending_withdrawal_and_its_delay_starts_again() public {
        vm.prank(session);
        escrow.initiateWithdraw(c, 1);
        skip(DELAY - 1);
        vm.expectEmit(address(escrow));
        emit IEscrow.WithdrawInitiated(id, 10e6, uint40(block.timestamp) + DELAY);
        initiate(10e6);
        (uint128 amount, uint40 since) = pending();
        assertEq(amount, 10e6);
        assertEq(since, block.timestamp);
        skip(DELAY - 1);
        vm.expectRevert(IEscrow.WithdrawDelayNotElapsed.selector);
        finalize();
        skip(1);
        finalize();
        assertEq(usdc.balanceOf(payer), 10e6);
    }

    function test_a_withdrawal_may_be_replaced_by_a_smaller_one() public {
        initiate(6e6);
        initiate(2e6);
        skip(DELAY);
        finalize();
        assertEq(usdc.balanceOf(payer), 2e6);
        vm.expectRevert(IEscrow.WithdrawalNotPending.selector);
        finalize();
    }

    function test_what_takes_the_place_of_a_withdrawal_is_bound_as_the_first() public {
        initiate(6e6);
        claimTotal(3e6);
        vm.expectRevert(IEscrow.WithdrawAmountExceedsAvailable.selector);
        initiate(7e6 + 1);
        vm.expectRevert(IEscrow.NothingToWithdraw.selector);
        initiate(0);
        (uint128 amount,) = pending();
        assertEq(amount, 6e6);
    }

    /// @dev The wrong hands announce one unit as often as they can; the payer needs one delay.
    function test_a_stolen_session_key_does_not_keep_the_payer_in() public {
        for (uint256 i = 0; i < 3; ++i) {
            vm.startPrank(session);
            escrow.initiateWithdraw(c, 1);
            skip(DELAY);
            escrow.finalizeWithdraw(c);
            vm.stopPrank();
        }
        vm.prank(session);
        escrow.initiateWithdraw(c, 1);
        initiate(10e6 - 3);
        skip(DELAY);
        vm.expectRevert(IEscrow.WithdrawalAlreadyPending.selector);
        vm.prank(session);
        escrow.initiateWithdraw(c, 1);
        finalize();
        assertEq(usdc.balanceOf(payer), 10e6);
    }

    /// @dev Milliseconds of 2026 do not fit: their low 40 bits lie decades back, and a withdrawal from then would be over.
    function test_on_a_chain_that_counts_milliseconds_nobody_comes_in_and_no_withdrawal_starts() public {
        uint256 time = 1_795_000_000_000;
        vm.warp(time);
        bytes memory why = abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 40, time);
        vm.expectRevert(why);
        initiate(1e6);
        vm.expectRevert(why);
        escrow.deposit(c, 1e6, address(collector), "");
    }

    function test_the_clock_is_good_to_its_last_second() public {
        vm.warp(type(uint40).max - DELAY + 1);
        vm.expectRevert(stdError.arithmeticError);
        initiate(1e6);
        vm.warp(type(uint40).max - DELAY);
        initiate(1e6);
        skip(DELAY);
        finalize();
        assertEq(usdc.balanceOf(payer), 1e6);
    }

    function test_what_is_claimed_cannot_be_announced() public {
        claimTotal(3e6);
        vm.expectRevert(IEscrow.WithdrawAmountExceedsAvailable.selector);
        initiate(7e6 + 1);
        initiate(7e6);
    }

    function test_the_delay_holds_to_the_second() public {
        initiate(1e6);
        skip(DELAY - 1);
        vm.expectRevert(IEscrow.WithdrawDelayNotElapsed.selector);
        finalize();
        skip(1);
        finalize();
    }

    function test_what_was_not_announced_cannot_be_finalized() public {
        vm.expectRevert(IEscrow.WithdrawalNotPending.selector);
        finalize();
        initiate(1e6);
        skip(DELAY);
        finalize();
        vm.expectRevert(IEscrow.WithdrawalNotPending.selector);
        finalize();
    }

    function test_claims_come_first_until_the_end() public {
        initiate(10e6);
        skip(DELAY);
        claimTotal(7e6);
        vm.expectEmit(address(escrow));
        emit IEscrow.WithdrawFinalized(id, payer, 3e6);
        finalize();
        assertEq(usdc.balanceOf(payer), 3e6);
        escrow.settle(receiver, address(usdc));
        assertEq(usdc.balanceOf(receiver), 7e6);
    }

    function test_a_withdrawal_of_what_was_claimed_meanwhile_ends_with_nothing() public {
        initiate(10e6);
        claimTotal(10e6);
        skip(DELAY);
        vm.expectEmit(address(escrow));
        emit IEscrow.WithdrawFinalized(id, payer, 0);
        finalize();
        assertEq(usdc.balanceOf(payer), 0);
        (, uint40 since) = pending();
        assertEq(since, 0);
    }

    function test_a_vouchers_worth_that_was_withdrawn_is_gone() public {
        initiate(10e6);
        skip(DELAY);
        finalize();
        VoucherClaim[] memory rows = one(voucher(c, sessionKey, 1, 1));
        vm.expectRevert(IEscrow.ClaimExceedsBalance.selector);
        vm.prank(cashier);
        escrow.claim(rows);
    }

    function test_an_empty_channel_of_which_nothing_was_claimed_is_closed_and_can_be_created_again() public {
        initiate(10e6);
        skip(DELAY);
        vm.expectEmit(address(escrow));
        emit IEscrow.ChannelClosed(id, c);
        finalize();
        vm.prank(payer);
        usdc.approve(address(collector), 1e6);
        vm.expectEmit(address(escrow));
        emit IEscrow.ChannelCreated(id, c);
        escrow.deposit(c, 1e6, address(collector), "");
    }

    function test_a_channel_that_holds_or_paid_something_is_not_closed() public {
        initiate(4e6);
        skip(DELAY);
        vm.recordLogs();
        finalize();
        assertEq(vm.getRecordedLogs().length, 2, "WithdrawFinalized and Transfer");
        claimTotal(1e6);
        initiate(5e6);
        skip(DELAY);
        vm.getRecordedLogs();
        finalize();
        assertEq(vm.getRecordedLogs().length, 2, "WithdrawFinalized and Transfer");
    }

    function test_a_blacklisted_payer_waits_and_the_receiver_does_not() public {
        initiate(4e6);
        skip(DELAY);
        usdc.blacklist(payer);
        vm.expectRevert("Blacklistable: account is blacklisted");
        finalize();
        claimTotal(5e6);
        escrow.settle(receiver, address(usdc));
        assertEq(usdc.balanceOf(receiver), 5e6);
        usdc.unBlacklist(payer);
        finalize();
        assertEq(usdc.balanceOf(payer), 4e6);
    }

    function testFuzz_a_withdrawal_pays_the_lesser_of_announced_and_unclaimed(
        uint128 held,
        uint128 announced,
        uint128 total,
        uint40 delay
    ) public {
        c.withdrawDelay = uint40(bound(delay, 15 minutes, 30 days));
        c.salt = keccak256("not the channel of setUp, whatever the delay");
        held = uint128(bound(held, 1, type(uint128).max));
        announced = uint128(bound(announced, 1, held));
        total = uint128(bound(total, 1, held));
        id = fund(c, held);
        initiate(announced);
        claimTotal(total);
        skip(c.withdrawDelay);
        uint256 before = usdc.balanceOf(payer);
        finalize();
        uint128 left = held - total;
        uint128 paid = announced < left ? announced : left;
        assertEq(usdc.balanceOf(payer) - before, paid);
        assertEq(balance(id), held - paid);
        assertGe(balance(id), claimed(id));
    }
}
