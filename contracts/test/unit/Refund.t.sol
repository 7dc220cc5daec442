// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ChannelConfig, IEscrow, VoucherClaim} from "../../src/interfaces/IEscrow.sol";
import {Actors} from "../utils/Actors.sol";
import {KeyWallet} from "../utils/Wallets.sol";

contract RefundTest is Actors {
    ChannelConfig internal c;
    bytes32 internal id;

    function setUp() public override {
        super.setUp();
        c = terms();
        id = fund(c, 10e6);
    }

    function refundAs(address who, uint128 amount) private {
        vm.prank(who);
        escrow.refund(c, amount);
    }

    function claimTotal(uint128 total) private {
        VoucherClaim[] memory rows = one(voucher(c, payerKey, total, total));
        vm.prank(cashier);
        escrow.claim(rows);
    }

    function sign(uint256 key, uint256 nonce, uint128 amount) private view returns (bytes memory) {
        return signed(key, escrow.getRefundDigest(escrow.getChannelId(c), nonce, amount));
    }

    function refused(uint128 amount, uint256 nonce, bytes memory signature, bytes4 why) private {
        vm.expectRevert(why);
        escrow.refundWithSignature(c, amount, nonce, signature);
    }

    function test_the_receiver_gives_back_at_once() public {
        vm.expectEmit(address(escrow));
        emit IEscrow.Refunded(id, receiver, 4e6);
        refundAs(receiver, 4e6);
        assertEq(usdc.balanceOf(payer), 4e6);
        assertEq(balance(id), 6e6);
        assertEq(escrow.refundNonce(id), 1);
    }

    function test_the_receivers_authorizer_gives_back() public {
        refundAs(cashier, 4e6);
        assertEq(usdc.balanceOf(payer), 4e6);
        assertEq(usdc.balanceOf(cashier), 0);
    }

    function test_the_payer_and_strangers_cannot_take_a_refund() public {
        vm.expectRevert(IEscrow.NotAuthorizedToRefund.selector);
        refundAs(payer, 1);
        vm.expectRevert(IEscrow.NotAuthorizedToRefund.selector);
        refundAs(stranger, 1);
    }

    function test_nothing_is_no_refund() public {
        vm.expectRevert(IEscrow.ZeroRefund.selector);
        refundAs(receiver, 0);
        bytes memory signature = sign(cashierKey, 0, 0);
        refused(0, 0, signature, IEscrow.ZeroRefund.selector);
    }

    function test_what_is_claimed_is_not_refunded() public {
        claimTotal(7e6);
        vm.expectEmit(address(escrow));
        emit IEscrow.Refunded(id, receiver, 3e6);
        refundAs(receiver, type(uint128).max);
        assertEq(usdc.balanceOf(payer), 3e6);
        assertEq(balance(id), 7e6);
        escrow.settle(receiver, address(usdc));
        assertEq(usdc.balanceOf(receiver), 7e6);
    }

    function test_a_refund_of_nothing_left_uses_its_nonce_and_says_that_it_paid_nothing() public {
        claimTotal(10e6);
        vm.expectEmit(address(escrow));
        emit IEscrow.Refunded(id, receiver, 0);
        refundAs(receiver, 1e6);
        assertEq(escrow.refundNonce(id), 1);
        assertEq(usdc.balanceOf(payer), 0);
    }

    function test_a_full_refund_closes_a_channel_of_which_nothing_was_claimed() public {
        vm.expectEmit(address(escrow));
        emit IEscrow.ChannelClosed(id, c);
        refundAs(receiver, 10e6);
        assertEq(balance(id), 0);
    }

    function test_a_full_refund_of_the_rest_closes_nothing() public {
        claimTotal(1e6);
        vm.recordLogs();
        refundAs(receiver, 9e6);
        assertEq(vm.getRecordedLogs().length, 2, "Refunded and Transfer");
    }

    function test_a_partial_refund_closes_nothing() public {
        vm.recordLogs();
        refundAs(receiver, 9e6);
        assertEq(vm.getRecordedLogs().length, 2, "Refunded and Transfer");
    }

    function test_a_refund_is_taken_off_a_pending_withdrawal() public {
        vm.prank(payer);
        escrow.initiateWithdraw(c, 6e6);
        (, uint40 start) = escrow.pendingWithdrawals(id);
        skip(1 hours);
        refundAs(receiver, 4e6);
        (uint128 amount, uint40 since) = escrow.pendingWithdrawals(id);
        assertEq(amount, 2e6);
        assertEq(since, start);
    }

    function test_a_refund_that_covers_a_pending_withdrawal_ends_it() public {
        for (uint128 i = 0; i < 2; ++i) {
            vm.prank(payer);
            escrow.initiateWithdraw(c, 3e6);
            refundAs(receiver, 3e6 + i);
            (uint128 amount, uint40 since) = escrow.pendingWithdrawals(id);
            assertEq(amount, 0);
            assertEq(since, 0);
        }
    }

    function test_a_refund_of_nothing_left_leaves_a_pending_withdrawal_alone() public {
        vm.prank(payer);
        escrow.initiateWithdraw(c, 6e6);
        claimTotal(10e6);
        refundAs(receiver, 6e6);
        (uint128 amount,) = escrow.pendingWithdrawals(id);
        assertEq(amount, 6e6);
    }

    function test_anyone_sends_a_refund_that_the_receivers_authorizer_signed() public {
        bytes memory signature = sign(cashierKey, 0, 4e6);
        vm.expectEmit(address(escrow));
        emit IEscrow.Refunded(id, stranger, 4e6);
        vm.prank(stranger);
        escrow.refundWithSignature(c, 4e6, 0, signature);
        assertEq(usdc.balanceOf(payer), 4e6);
        assertEq(usdc.balanceOf(stranger), 0);
    }

    function test_a_signed_refund_works_once() public {
        bytes memory signature = sign(cashierKey, 0, 4e6);
        escrow.refundWithSignature(c, 4e6, 0, signature);
        refused(4e6, 0, signature, IEscrow.InvalidRefundNonce.selector);
        refused(4e6, 1, signature, IEscrow.InvalidSignature.selector);
        escrow.refundWithSignature(c, 4e6, 1, sign(cashierKey, 1, 4e6));
        assertEq(usdc.balanceOf(payer), 8e6);
    }

    function test_a_signed_refund_is_not_kept_for_later() public {
        refused(4e6, 1, sign(cashierKey, 1, 4e6), IEscrow.InvalidRefundNonce.selector);
    }

    function test_a_refund_in_person_voids_what_was_signed_before() public {
        bytes memory signature = sign(cashierKey, 0, 4e6);
        refundAs(receiver, 1);
        refused(4e6, 0, signature, IEscrow.InvalidRefundNonce.selector);
    }

    /// @dev Of 10, 6 are announced and a refund of 7 is agreed on: 7 are meant to go back. Both would be all.
    function test_a_refund_agreed_on_while_a_withdrawal_was_pending_does_not_come_on_top_of_it() public {
        vm.prank(payer);
        escrow.initiateWithdraw(c, 6e6);
        bytes memory signature = sign(cashierKey, 0, 7e6);
        skip(DELAY);
        vm.prank(payer);
        escrow.finalizeWithdraw(c);
        refused(7e6, 0, signature, IEscrow.InvalidRefundNonce.selector);
        claimTotal(3e6);
        assertEq(usdc.balanceOf(payer), 6e6);
        assertEq(escrow.refundNonce(id), 1);
    }

    function test_a_withdrawal_that_paid_nothing_voids_what_was_signed_before_too() public {
        vm.prank(payer);
        escrow.initiateWithdraw(c, 6e6);
        bytes memory signature = sign(cashierKey, 0, 7e6);
        claimTotal(10e6);
        skip(DELAY);
        vm.prank(payer);
        escrow.finalizeWithdraw(c);
        refused(7e6, 0, signature, IEscrow.InvalidRefundNonce.selector);
    }

    function test_an_announcement_does_not_void_a_signed_refund() public {
        bytes memory signature = sign(cashierKey, 0, 4e6);
        vm.prank(payer);
        escrow.initiateWithdraw(c, 6e6);
        escrow.refundWithSignature(c, 4e6, 0, signature);
        (uint128 amount,) = escrow.pendingWithdrawals(id);
        assertEq(amount, 2e6);
    }

    function test_only_the_receivers_authorizer_signs_refunds() public {
        refused(4e6, 0, sign(receiverKey, 0, 4e6), IEscrow.InvalidSignature.selector);
        refused(4e6, 0, sign(payerKey, 0, 4e6), IEscrow.InvalidSignature.selector);
    }

    function test_a_signed_refund_is_good_for_its_amount_and_channel_alone() public {
        bytes memory signature = sign(cashierKey, 0, 4e6);
        refused(5e6, 0, signature, IEscrow.InvalidSignature.selector);
        c.salt = bytes32(uint256(1));
        fund(c, 10e6);
        refused(4e6, 0, signature, IEscrow.InvalidSignature.selector);
    }

    function test_signed_refunds_come_in_both_forms_and_never_with_a_high_s() public {
        bytes memory signature = sign(cashierKey, 0, 1e6);
        refused(1e6, 0, malleated(signature), IEscrow.InvalidSignature.selector);
        escrow.refundWithSignature(c, 1e6, 0, short(signature));
        assertEq(usdc.balanceOf(payer), 1e6);
    }

    function test_a_contract_may_sign_refunds() public {
        c.receiverAuthorizer = address(new KeyWallet(cashier));
        fund(c, 10e6);
        escrow.refundWithSignature(c, 1e6, 0, sign(cashierKey, 0, 1e6));
        assertEq(usdc.balanceOf(payer), 1e6);
    }

    function test_nobody_signs_for_the_zero_address() public {
        c.receiverAuthorizer = address(0);
        refused(1, 0, new bytes(65), IEscrow.InvalidSignature.selector);
        refused(1, 0, abi.encodePacked(bytes32(0), bytes32(0), uint8(27)), IEscrow.InvalidSignature.selector);
    }

    function test_a_blacklisted_payer_cannot_be_refunded_and_loses_nothing() public {
        usdc.blacklist(payer);
        vm.expectRevert("Blacklistable: account is blacklisted");
        refundAs(receiver, 4e6);
        assertEq(balance(id), 10e6);
        assertEq(escrow.refundNonce(id), 0);
    }

    function testFuzz_a_refund_pays_the_lesser_of_asked_and_unclaimed(
        uint128 held,
        uint128 total,
        uint128 announced,
        uint128 asked
    ) public {
        c.salt = bytes32(uint256(1));
        held = uint128(bound(held, 1, type(uint128).max));
        total = uint128(bound(total, 1, held));
        announced = uint128(bound(announced, 1, held));
        asked = uint128(bound(asked, 1, type(uint128).max));
        id = fund(c, held);
        vm.prank(payer);
        escrow.initiateWithdraw(c, announced);
        claimTotal(total);
        refundAs(receiver, asked);
        uint128 left = held - total;
        uint128 paid = asked < left ? asked : left;
        assertEq(usdc.balanceOf(payer), paid);
        assertEq(balance(id), held - paid);
        (uint128 rest, uint40 since) = escrow.pendingWithdrawals(id);
        assertEq(rest, announced > paid ? announced - paid : 0);
        assertEq(since != 0, announced > paid);
    }
}
