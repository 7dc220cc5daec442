// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ICompactClaim} from "../../src/interfaces/ICompactClaim.sol";
import {ChannelConfig, IEscrow, VoucherClaim} from "../../src/interfaces/IEscrow.sol";
import {Actors} from "../utils/Actors.sol";

contract MulticallTest is Actors {
    function test_claim_and_settle_in_one_transaction() public {
        ChannelConfig memory c = terms();
        fund(c, 10e6);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(IEscrow.claim, (one(voucher(c, payerKey, 4e6, 4e6))));
        calls[1] = abi.encodeCall(IEscrow.settle, (receiver, address(usdc)));
        vm.prank(cashier);
        escrow.multicall(calls);
        assertEq(usdc.balanceOf(receiver), 4e6);
    }

    function test_the_caller_stays_the_caller() public {
        ChannelConfig memory c = terms();
        fund(c, 10e6);
        bytes[] memory calls = new bytes[](1);
        calls[0] = abi.encodeCall(IEscrow.refund, (c, 1));
        vm.expectRevert(IEscrow.NotAuthorizedToRefund.selector);
        vm.prank(stranger);
        escrow.multicall(calls);
    }

    function test_one_failure_undoes_all() public {
        ChannelConfig memory c = terms();
        bytes32 id = fund(c, 10e6);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(IEscrow.refund, (c, 1e6));
        calls[1] = abi.encodeCall(IEscrow.finalizeWithdraw, (c));
        vm.expectRevert(IEscrow.NotAuthorizedToFinalizeWithdraw.selector);
        vm.prank(receiver);
        escrow.multicall(calls);
        assertEq(balance(id), 10e6);
    }

    function test_compact_batches_work_within_and_answers_are_returned() public {
        ChannelConfig memory c = terms();
        fund(c, 10e6);
        ChannelConfig memory other = terms();
        other.receiver = stranger;
        fund(other, 10e6);
        bytes[] memory calls = new bytes[](3);
        calls[0] = abi.encodeCall(ICompactClaim.claimCompact, (compact(one(voucher(c, payerKey, 4e6, 4e6)), true)));
        calls[1] = abi.encodeCall(ICompactClaim.claimCompact, (compact(one(voucher(other, payerKey, 1e6, 1e6)), false)));
        calls[2] = abi.encodeCall(IEscrow.receivers, (stranger, address(usdc)));
        vm.prank(cashier);
        bytes[] memory answers = escrow.multicall(calls);
        assertEq(answers[0], abi.encode(4e6, 1, 0));
        assertEq(answers[1], abi.encode(1e6, 1, 0));
        assertEq(answers[2], abi.encode(1e6, 0));
        assertEq(usdc.balanceOf(receiver), 4e6);
    }

    function test_several_rows_of_one_channel_in_several_calls_count_once() public {
        ChannelConfig memory c = terms();
        fund(c, 10e6);
        VoucherClaim[] memory rows = one(voucher(c, payerKey, 4e6, 4e6));
        bytes[] memory calls = new bytes[](3);
        calls[0] = abi.encodeCall(IEscrow.claim, (rows));
        calls[1] = abi.encodeCall(IEscrow.claim, (rows));
        rows = two(rows[0], voucher(c, payerKey, 5e6, 5e6));
        calls[2] = abi.encodeCall(ICompactClaim.claimCompact, (compact(rows, false)));
        vm.prank(cashier);
        escrow.multicall(calls);
        (uint128 total,) = escrow.receivers(receiver, address(usdc));
        assertEq(total, 5e6);
    }

    function test_no_money_of_the_chain_is_taken() public {
        vm.deal(address(this), 1 ether);
        (bool done,) = address(escrow).call{value: 1}(abi.encodeCall(escrow.multicall, (new bytes[](0))));
        assertFalse(done);
        (done,) = address(escrow).call{value: 1}("");
        assertFalse(done);
    }
}
