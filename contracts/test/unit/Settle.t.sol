// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {ChannelConfig, IEscrow, VoucherClaim} from "../../src/interfaces/IEscrow.sol";
import {Actors} from "../utils/Actors.sol";
import {PlainToken} from "../utils/Tokens.sol";

contract SettleTest is Actors {
    function earn(ChannelConfig memory c, uint128 amount) private {
        bytes32 id = fund(c, amount);
        VoucherClaim[] memory rows = one(voucher(c, payerKey, claimed(id) + amount, claimed(id) + amount));
        vm.prank(c.receiverAuthorizer);
        escrow.claim(rows);
    }

    function test_settling_moves_all_that_was_claimed_in_one_transfer() public {
        ChannelConfig memory c = terms();
        earn(c, 2e6);
        c.salt = bytes32(uint256(1));
        earn(c, 3e6);
        vm.expectEmit(address(escrow));
        emit IEscrow.Settled(receiver, address(usdc), stranger, 5e6);
        vm.expectEmit(address(usdc));
        emit IERC20.Transfer(address(escrow), receiver, 5e6);
        vm.prank(stranger);
        escrow.settle(receiver, address(usdc));
        assertEq(usdc.balanceOf(receiver), 5e6);
        assertEq(usdc.balanceOf(address(escrow)), 0);
        (uint128 total, uint128 settled) = escrow.receivers(receiver, address(usdc));
        assertEq(total, 5e6);
        assertEq(settled, 5e6);
    }

    function test_nothing_to_settle_is_no_error() public {
        vm.recordLogs();
        escrow.settle(receiver, address(usdc));
        earn(terms(), 2e6);
        escrow.settle(receiver, address(usdc));
        vm.getRecordedLogs();
        escrow.settle(receiver, address(usdc));
        assertEq(vm.getRecordedLogs().length, 0);
        assertEq(usdc.balanceOf(receiver), 2e6);
    }

    function test_settling_again_moves_only_what_was_claimed_since() public {
        earn(terms(), 2e6);
        escrow.settle(receiver, address(usdc));
        earn(terms(), 3e6);
        vm.expectEmit(address(escrow));
        emit IEscrow.Settled(receiver, address(usdc), address(this), 3e6);
        escrow.settle(receiver, address(usdc));
        assertEq(usdc.balanceOf(receiver), 5e6);
    }

    function test_receivers_and_tokens_are_settled_apart() public {
        ChannelConfig memory c = terms();
        earn(c, 1e6);
        c.receiver = stranger;
        earn(c, 2e6);
        c.token = address(new PlainToken());
        earn(c, 4e6);
        escrow.settle(stranger, address(usdc));
        assertEq(usdc.balanceOf(stranger), 2e6);
        assertEq(usdc.balanceOf(receiver), 0);
        assertEq(usdc.balanceOf(address(escrow)), 1e6);
        assertEq(PlainToken(c.token).balanceOf(stranger), 0);
        escrow.settle(stranger, c.token);
        assertEq(PlainToken(c.token).balanceOf(stranger), 4e6);
    }

    function test_a_blacklisted_receiver_waits_and_nobody_else_does() public {
        ChannelConfig memory c = terms();
        earn(c, 1e6);
        c.receiver = stranger;
        earn(c, 2e6);
        usdc.blacklist(receiver);
        vm.expectRevert("Blacklistable: account is blacklisted");
        escrow.settle(receiver, address(usdc));
        earn(terms(), 4e6);
        escrow.settle(stranger, address(usdc));
        assertEq(usdc.balanceOf(stranger), 2e6);
        usdc.unBlacklist(receiver);
        escrow.settle(receiver, address(usdc));
        assertEq(usdc.balanceOf(receiver), 5e6);
    }
}
