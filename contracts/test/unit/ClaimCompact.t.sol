// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {stdError} from "forge-std/Test.sol";

import {ICompactClaim} from "../../src/interfaces/ICompactClaim.sol";
import {ChannelConfig, IEscrow, VoucherClaim} from "../../src/interfaces/IEscrow.sol";
import {Actors} from "../utils/Actors.sol";
import {PlainToken} from "../utils/Tokens.sol";
import {KeyWallet} from "../utils/Wallets.sol";

/// @notice What a compact batch books, skips and says; who may send it.
contract ClaimCompactTest is Actors {
    ChannelConfig internal c;
    ChannelConfig internal d;
    bytes32 internal id;
    bytes32 internal second;

    function setUp() public override {
        super.setUp();
        c = terms();
        d = terms();
        (d.payer, d.payerAuthorizer) = (session, session);
        id = fund(c, 10e6);
        second = fund(d, 10e6);
    }

    function batchOf(VoucherClaim memory row) private pure returns (bytes memory) {
        return compact(one(row), false);
    }

    function send(bytes memory batch) private returns (uint128 amount, uint256 booked, uint256 skipped) {
        vm.prank(cashier);
        return escrow.claimCompact(batch);
    }

    function skips(VoucherClaim memory bad, ICompactClaim.SkipReason reason) private {
        bytes32 channel = escrow.getChannelId(bad.voucher.channel);
        uint128 before = claimed(channel);
        bytes memory batch = compact(two(bad, voucher(d, sessionKey, 1e6, 1e6)), false);
        vm.expectEmit(address(escrow));
        emit ICompactClaim.ClaimSkipped(channel, 0, reason);
        vm.expectEmit(address(escrow));
        emit ICompactClaim.CompactClaimed(receiver, cashier, address(usdc), cashier, 1e6, 1, 1);
        (uint128 amount, uint256 booked, uint256 skipped) = send(batch);
        assertEq(amount, 1e6);
        assertEq(booked, 1);
        assertEq(skipped, 1);
        assertEq(claimed(channel), before);
        assertEq(claimed(second), 1e6);
    }

    function test_a_batch_books_all_its_rows_and_moves_nothing() public {
        bytes memory batch = compact(two(voucher(c, payerKey, 4e6, 3e6), voucher(d, sessionKey, 2e6, 2e6)), false);
        vm.expectEmit(address(escrow));
        emit ICompactClaim.CompactClaimed(receiver, cashier, address(usdc), cashier, 5e6, 2, 0);
        (uint128 amount, uint256 booked, uint256 skipped) = send(batch);
        assertEq(amount, 5e6);
        assertEq(booked, 2);
        assertEq(skipped, 0);
        assertEq(claimed(id), 3e6);
        assertEq(claimed(second), 2e6);
        assertEq(balance(id), 10e6);
        (uint128 total, uint128 settled) = escrow.receivers(receiver, address(usdc));
        assertEq(total, 5e6);
        assertEq(settled, 0);
        assertEq(usdc.balanceOf(address(escrow)), 20e6);
    }

    function test_the_settle_flag_pays_at_once() public {
        bytes memory batch = compact(one(voucher(c, payerKey, 4e6, 4e6)), true);
        vm.expectEmit(address(escrow));
        emit ICompactClaim.CompactClaimed(receiver, cashier, address(usdc), cashier, 4e6, 1, 0);
        vm.expectEmit(address(escrow));
        emit IEscrow.Settled(receiver, address(usdc), cashier, 4e6);
        send(batch);
        assertEq(usdc.balanceOf(receiver), 4e6);
    }

    function test_totals_are_cumulative() public {
        send(batchOf(voucher(c, payerKey, 3e6, 3e6)));
        (uint128 amount,,) = send(batchOf(voucher(c, payerKey, 7e6, 7e6)));
        assertEq(amount, 4e6);
        (uint128 total,) = escrow.receivers(receiver, address(usdc));
        assertEq(total, 7e6);
        assertEq(claimed(id), 7e6);
    }

    function test_the_receiver_may_send_it_himself() public {
        bytes memory batch = batchOf(voucher(c, payerKey, 3e6, 3e6));
        vm.prank(receiver);
        escrow.claimCompact(batch);
        assertEq(claimed(id), 3e6);
    }

    function test_the_payer_and_strangers_cannot_send_it() public {
        bytes memory batch = batchOf(voucher(c, payerKey, 3e6, 3e6));
        vm.expectRevert(IEscrow.NotAuthorizedToClaim.selector);
        vm.prank(payer);
        escrow.claimCompact(batch);
        vm.expectRevert(IEscrow.NotAuthorizedToClaim.selector);
        vm.prank(stranger);
        escrow.claimCompact(batch);
    }

    function test_a_sender_who_names_himself_receiver_gets_nothing() public {
        VoucherClaim memory row = voucher(c, payerKey, 3e6, 3e6);
        (row.voucher.channel.receiver, row.voucher.channel.receiverAuthorizer) = (stranger, stranger);
        bytes memory batch = batchOf(row);
        vm.expectRevert(ICompactClaim.NothingClaimed.selector);
        vm.prank(stranger);
        escrow.claimCompact(batch);
    }

    /// @dev Names `receiver`, then his authorizer, beside himself: no channel of theirs has these terms.
    function test_a_stranger_who_books_for_somebody_pays_for_it_and_speaks_in_his_own_name() public {
        for (uint256 i = 0; i < 2; ++i) {
            ChannelConfig memory own = terms();
            (own.payer, own.payerAuthorizer) = (session, session);
            if (i == 0) own.receiverAuthorizer = stranger;
            else own.receiver = stranger;
            fund(own, 1);
            bytes memory batch = batchOf(voucher(own, sessionKey, 1, 1));
            vm.expectEmit(address(escrow));
            emit ICompactClaim.CompactClaimed(own.receiver, own.receiverAuthorizer, address(usdc), stranger, 1, 1, 0);
            vm.prank(stranger);
            escrow.claimCompact(batch);
            (own.receiver, own.receiverAuthorizer) = (receiver, cashier);
            batch = batchOf(voucher(own, sessionKey, 1, 1));
            vm.expectRevert(IEscrow.NotAuthorizedToClaim.selector);
            vm.prank(stranger);
            escrow.claimCompact(batch);
        }
    }

    function test_a_batch_without_rows_is_refused() public {
        bytes memory header = abi.encodePacked(uint8(0), receiver, cashier, address(usdc), DELAY);
        vm.expectRevert(IEscrow.EmptyBatch.selector);
        send(header);
    }

    function test_a_stale_row_is_skipped() public {
        send(batchOf(voucher(c, payerKey, 3e6, 3e6)));
        skips(voucher(c, payerKey, 3e6, 3e6), ICompactClaim.SkipReason.Stale);
    }

    function test_a_row_that_claims_nothing_is_stale() public {
        skips(voucher(c, payerKey, 3e6, 0), ICompactClaim.SkipReason.Stale);
    }

    function test_a_row_above_its_ceiling_is_skipped() public {
        skips(voucher(c, payerKey, 3e6, 3e6 + 1), ICompactClaim.SkipReason.ExceedsCeiling);
    }

    function test_a_row_above_the_balance_is_skipped() public {
        skips(voucher(c, payerKey, 10e6 + 1, 10e6 + 1), ICompactClaim.SkipReason.ExceedsBalance);
    }

    function test_a_row_of_the_whole_balance_is_booked() public {
        (uint128 amount,,) = send(batchOf(voucher(c, payerKey, 11e6, 10e6)));
        assertEq(amount, 10e6);
    }

    function test_a_row_of_another_signer_is_skipped() public {
        skips(voucher(c, sessionKey, 3e6, 3e6), ICompactClaim.SkipReason.InvalidSignature);
    }

    function test_a_row_whose_signature_recovers_to_nobody_is_skipped() public {
        VoucherClaim memory row = voucher(c, payerKey, 3e6, 3e6);
        row.signature = new bytes(64);
        skips(row, ICompactClaim.SkipReason.InvalidSignature);
    }

    /// @dev After a good row the scratch space still holds that row's signer.
    function test_a_signer_is_not_remembered_from_the_row_before() public {
        ChannelConfig memory other = c;
        other.salt = bytes32(uint256(1));
        bytes32 third = fund(other, 10e6);
        VoucherClaim memory bad = voucher(other, payerKey, 3e6, 3e6);
        bad.signature = new bytes(64);
        (, uint256 booked, uint256 skipped) = send(compact(two(voucher(c, payerKey, 1e6, 1e6), bad), false));
        assertEq(booked, 1);
        assertEq(skipped, 1);
        assertEq(claimed(third), 0);
    }

    /// @dev No key can be made to sign with an s between half the order and 2^255, so the precompile says it was.
    function test_a_high_s_is_skipped_whoever_signed() public {
        VoucherClaim memory row = voucher(c, payerKey, 3e6, 3e6);
        bytes32 digest = escrow.getVoucherDigest(id, 3e6);
        for (uint256 i = 0; i < 2; ++i) {
            row.signature = abi.encodePacked(bytes32(uint256(1)), bytes32(HALF_ORDER + i));
            bytes memory asked = abi.encode(digest, uint256(27), bytes32(uint256(1)), bytes32(HALF_ORDER + i));
            vm.mockCall(address(1), asked, abi.encode(payer));
            uint256 start = vm.snapshotState();
            (, uint256 booked,) = send(compact(two(row, voucher(d, sessionKey, 1e6, 1e6)), false));
            assertEq(booked, 2 - i);
            vm.revertToState(start);
        }
    }

    function test_skipped_rows_count_in_the_index_of_the_next() public {
        VoucherClaim[] memory rows = new VoucherClaim[](4);
        rows[0] = voucher(c, payerKey, 1e6, 1e6);
        rows[1] = voucher(c, payerKey, 1e6, 1e6);
        rows[2] = voucher(d, sessionKey, 2e6, 3e6);
        rows[3] = voucher(d, payerKey, 2e6, 2e6);
        bytes memory batch = compact(rows, false);
        vm.expectEmit(address(escrow));
        emit ICompactClaim.ClaimSkipped(id, 1, ICompactClaim.SkipReason.Stale);
        vm.expectEmit(address(escrow));
        emit ICompactClaim.ClaimSkipped(second, 2, ICompactClaim.SkipReason.ExceedsCeiling);
        vm.expectEmit(address(escrow));
        emit ICompactClaim.ClaimSkipped(second, 3, ICompactClaim.SkipReason.InvalidSignature);
        (, uint256 booked, uint256 skipped) = send(batch);
        assertEq(booked, 1);
        assertEq(skipped, 3);
    }

    function test_a_batch_that_books_nothing_is_refused() public {
        VoucherClaim[] memory bad = two(voucher(c, sessionKey, 3e6, 3e6), voucher(d, sessionKey, 2e6, 3e6));
        bytes memory batch = compact(bad, true);
        bytes memory signature = sign(cashierKey, batch);
        vm.expectRevert(ICompactClaim.NothingClaimed.selector);
        send(batch);
        vm.expectRevert(ICompactClaim.NothingClaimed.selector);
        escrow.claimCompactWithSignature(batch, signature);
    }

    function test_a_batch_sent_again_is_refused_whoever_sends_it() public {
        bytes memory batch = compact(two(voucher(c, payerKey, 4e6, 3e6), voucher(d, sessionKey, 2e6, 2e6)), true);
        bytes memory signature = sign(cashierKey, batch);
        send(batch);
        vm.expectRevert(ICompactClaim.NothingClaimed.selector);
        vm.prank(stranger);
        escrow.claimCompactWithSignature(batch, signature);
        assertEq(usdc.balanceOf(receiver), 5e6);
    }

    function test_one_channel_may_have_several_rows() public {
        (uint128 amount, uint256 booked,) =
            send(compact(two(voucher(c, payerKey, 1e6, 1e6), voucher(c, payerKey, 4e6, 4e6)), false));
        assertEq(amount, 4e6);
        assertEq(booked, 2);
        assertEq(claimed(id), 4e6);
    }

    function test_a_receivers_total_never_overflows() public {
        c.token = d.token = address(new PlainToken());
        fund(c, type(uint128).max);
        fund(d, 1);
        VoucherClaim memory all = voucher(c, payerKey, type(uint128).max, type(uint128).max);
        VoucherClaim memory more = voucher(d, sessionKey, 1, 1);
        bytes memory both = compact(two(all, more), false);
        vm.expectRevert(abi.encodeWithSelector(SafeCast.SafeCastOverflowedUintDowncast.selector, 128, 1 << 128));
        send(both);
        send(batchOf(all));
        bytes memory rest = batchOf(more);
        vm.expectRevert(stdError.arithmeticError);
        send(rest);
    }

    // ------------------------------------------------------------------------------------------- with a signature

    function sign(uint256 key, bytes memory batch) private view returns (bytes memory) {
        return signed(key, escrow.getCompactClaimDigest(batch));
    }

    function refused(bytes memory batch, bytes memory signature) private {
        vm.expectRevert(IEscrow.InvalidSignature.selector);
        escrow.claimCompactWithSignature(batch, signature);
    }

    function test_anyone_sends_what_the_receivers_authorizer_signed() public {
        bytes memory batch = compact(two(voucher(c, payerKey, 4e6, 3e6), voucher(d, sessionKey, 2e6, 2e6)), true);
        bytes memory signature = sign(cashierKey, batch);
        vm.expectEmit(address(escrow));
        emit ICompactClaim.CompactClaimed(receiver, cashier, address(usdc), stranger, 5e6, 2, 0);
        vm.prank(stranger);
        (uint128 amount, uint256 booked, uint256 skipped) = escrow.claimCompactWithSignature(batch, signature);
        assertEq(amount, 5e6);
        assertEq(booked, 2);
        assertEq(skipped, 0);
        assertEq(usdc.balanceOf(receiver), 5e6);
    }

    function test_a_signed_batch_without_rows_is_refused() public {
        bytes memory header = abi.encodePacked(uint8(0), receiver, cashier, address(usdc), DELAY);
        bytes memory signature = sign(cashierKey, header);
        vm.expectRevert(IEscrow.EmptyBatch.selector);
        escrow.claimCompactWithSignature(header, signature);
    }

    function test_only_the_receivers_authorizer_signs_batches() public {
        bytes memory batch = batchOf(voucher(c, payerKey, 3e6, 3e6));
        refused(batch, sign(receiverKey, batch));
        refused(batch, sign(payerKey, batch));
        refused(batch, "");
    }

    function test_an_authorizer_signs_every_byte() public {
        bytes memory batch = batchOf(voucher(c, payerKey, 3e6, 3e6));
        bytes memory signature = sign(cashierKey, batch);
        for (uint256 i = 41; i < batch.length; ++i) {
            batch[i] ^= 0x01;
            refused(batch, signature);
            batch[i] ^= 0x01;
        }
        batch[0] = 0x01;
        refused(batch, signature);
    }

    function test_signatures_come_in_both_forms_and_never_with_a_high_s() public {
        bytes memory batch = batchOf(voucher(c, payerKey, 3e6, 3e6));
        bytes memory signature = sign(cashierKey, batch);
        refused(batch, malleated(signature));
        escrow.claimCompactWithSignature(batch, short(signature));
        assertEq(claimed(id), 3e6);
    }

    function test_a_contract_may_be_the_authorizer() public {
        c.receiverAuthorizer = address(new KeyWallet(cashier));
        id = fund(c, 5e6);
        bytes memory batch = batchOf(voucher(c, payerKey, 1e6, 1e6));
        escrow.claimCompactWithSignature(batch, sign(cashierKey, batch));
        assertEq(claimed(id), 1e6);
    }

    function test_nobody_signs_for_the_zero_address() public {
        c.receiverAuthorizer = address(0);
        bytes memory batch = batchOf(voucher(c, payerKey, 1e6, 1e6));
        refused(batch, new bytes(65));
        refused(batch, abi.encodePacked(bytes32(0), bytes32(0), uint8(27)));
        refused(batch, new bytes(64));
    }
}
