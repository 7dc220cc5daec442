// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ChannelConfig, IEscrow, VoucherClaim} from "../../src/interfaces/IEscrow.sol";
import {Actors} from "../utils/Actors.sol";

/// @notice What stops everybody at once, and that nothing is lost by it.
contract OutOfReachTest is Actors {
    ChannelConfig internal c;
    bytes32 internal id;
    VoucherClaim[] internal rows;
    /// @dev A constant: the compiler takes `block.chainid` for one, and reads it again where it is used.
    uint256 internal constant HOME = 8453;

    function setUp() public override {
        super.setUp();
        vm.chainId(HOME);
        c = terms();
        id = fund(c, 10e6);
        rows.push(voucher(c, payerKey, 3e6, 3e6));
    }

    function claimRows() private {
        vm.prank(cashier);
        escrow.claim(rows);
    }

    function initiate(uint128 amount) private {
        vm.prank(payer);
        escrow.initiateWithdraw(c, amount);
    }

    function refund(uint128 amount) private {
        vm.prank(receiver);
        escrow.refund(c, amount);
    }

    function test_a_change_of_the_chain_id_locks_every_channel_until_it_changes_back() public {
        vm.chainId(HOME + 1);
        vm.expectRevert(IEscrow.ClaimExceedsBalance.selector);
        claimRows();
        vm.expectRevert(IEscrow.WithdrawAmountExceedsAvailable.selector);
        initiate(1);
        refund(10e6);
        assertEq(usdc.balanceOf(payer), 0);
        vm.chainId(HOME);
        claimRows();
        refund(10e6);
        assertEq(usdc.balanceOf(payer), 7e6);
    }

    function test_what_was_claimed_is_settled_whatever_the_chain_id() public {
        claimRows();
        vm.chainId(HOME + 1);
        escrow.settle(receiver, address(usdc));
        assertEq(usdc.balanceOf(receiver), 3e6);
    }

    function test_the_tokens_issuer_stops_all_by_listing_the_escrow_and_nothing_is_lost() public {
        initiate(2e6);
        skip(DELAY);
        usdc.blacklist(address(escrow));
        bytes memory why = "Blacklistable: account is blacklisted";
        claimRows();
        vm.expectRevert(why);
        escrow.settle(receiver, address(usdc));
        vm.expectRevert(why);
        refund(1e6);
        vm.expectRevert(why);
        vm.prank(payer);
        escrow.finalizeWithdraw(c);
        usdc.mint(payer, 1e6);
        vm.prank(payer);
        usdc.approve(address(collector), 1e6);
        vm.expectRevert("transferFrom");
        escrow.deposit(c, 1e6, address(collector), "");

        usdc.unBlacklist(address(escrow));
        vm.prank(payer);
        escrow.finalizeWithdraw(c);
        escrow.settle(receiver, address(usdc));
        refund(10e6);
        assertEq(usdc.balanceOf(receiver), 3e6);
        assertEq(usdc.balanceOf(payer), 8e6);
        assertEq(usdc.balanceOf(address(escrow)), 0);
    }
}
