// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {ICompactClaim} from "../../src/interfaces/ICompactClaim.sol";
import {ChannelConfig, IEscrow, VoucherClaim} from "../../src/interfaces/IEscrow.sol";
import {Actors} from "../utils/Actors.sol";
import {FalseToken, ReentrantToken, VoidToken} from "../utils/Tokens.sol";

/// @notice What tokens can do while the escrow pays out.
contract HostileTokensTest is Actors {
    ChannelConfig internal c;

    /// @dev A channel of 10,000 of which the receiver claimed 4,000 and the payer may withdraw 1,000.
    function open(address token) private returns (bytes32 id) {
        c = terms();
        c.token = token;
        id = fund(c, 10_000);
        VoucherClaim[] memory rows = one(voucher(c, payerKey, 4_000, 4_000));
        vm.prank(cashier);
        escrow.claim(rows);
        vm.prank(payer);
        escrow.initiateWithdraw(c, 1_000);
        skip(DELAY);
    }

    function test_a_payment_that_the_token_denies_did_not_happen() public {
        FalseToken token = new FalseToken();
        bytes32 id = open(address(token));
        token.setSilent(true);
        bytes memory why = abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(token));
        vm.expectRevert(why);
        escrow.settle(receiver, address(token));
        vm.expectRevert(why);
        vm.prank(receiver);
        escrow.refund(c, 1);
        vm.expectRevert(why);
        vm.prank(payer);
        escrow.finalizeWithdraw(c);
        assertEq(balance(id), 10_000);
        assertEq(escrow.refundNonce(id), 0);
        token.setSilent(false);
        escrow.settle(receiver, address(token));
        assertEq(token.balanceOf(receiver), 4_000);
    }

    function test_a_token_that_returns_nothing_is_paid_out_as_any() public {
        VoidToken token = new VoidToken();
        open(address(token));
        escrow.settle(receiver, address(token));
        vm.prank(receiver);
        escrow.refund(c, 500);
        vm.prank(payer);
        escrow.finalizeWithdraw(c);
        assertEq(token.balanceOf(receiver), 4_000);
        assertEq(token.balanceOf(payer), 1_000);
        assertEq(token.balanceOf(address(escrow)), 5_000);
    }

    /// @dev Everything that changes state, as a token would try it.
    function attempts() private view returns (bytes[] memory calls) {
        VoucherClaim[] memory rows = one(voucher(c, payerKey, 5_000, 5_000));
        calls = new bytes[](11);
        calls[0] = abi.encodeCall(IEscrow.deposit, (c, 1, address(collector), ""));
        calls[1] = abi.encodeCall(IEscrow.claim, (rows));
        calls[2] = abi.encodeCall(IEscrow.claimWithSignature, (rows, ""));
        calls[3] = abi.encodeCall(ICompactClaim.claimCompact, (compact(rows, true)));
        calls[4] = abi.encodeCall(ICompactClaim.claimCompactWithSignature, (compact(rows, true), ""));
        calls[5] = abi.encodeCall(IEscrow.settle, (receiver, c.token));
        calls[6] = abi.encodeCall(IEscrow.initiateWithdraw, (c, 1));
        calls[7] = abi.encodeCall(IEscrow.finalizeWithdraw, (c));
        calls[8] = abi.encodeCall(IEscrow.refund, (c, 1));
        calls[9] = abi.encodeCall(IEscrow.refundWithSignature, (c, 1, 0, ""));
        bytes[] memory one_ = new bytes[](1);
        one_[0] = calls[5];
        calls[10] = abi.encodeCall(escrow.multicall, (one_));
    }

    function expectLocked(ReentrantToken token, bytes memory attempt) private view {
        assertTrue(token.called(), "the token tried");
        assertFalse(token.succeeded(), string.concat("re-entered with ", vm.toString(bytes4(attempt))));
        assertEq(bytes4(token.answer()), ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
    }

    function test_a_token_cannot_reenter_while_it_is_paid_out() public {
        ReentrantToken token = new ReentrantToken();
        open(address(token));
        bytes[] memory calls = attempts();
        uint256 start = vm.snapshotState();
        for (uint256 i = 0; i < calls.length; ++i) {
            token.arm(address(escrow), calls[i]);
            escrow.settle(receiver, address(token));
            expectLocked(token, calls[i]);
            token.arm(address(escrow), calls[i]);
            vm.prank(receiver);
            escrow.refund(c, 1);
            expectLocked(token, calls[i]);
            token.arm(address(escrow), calls[i]);
            vm.prank(payer);
            escrow.finalizeWithdraw(c);
            expectLocked(token, calls[i]);
            vm.revertToState(start);
        }
    }

    function test_a_token_cannot_reenter_while_a_compact_claim_settles() public {
        ReentrantToken token = new ReentrantToken();
        open(address(token));
        bytes memory batch = compact(one(voucher(c, payerKey, 5_000, 5_000)), true);
        token.arm(address(escrow), abi.encodeCall(IEscrow.settle, (receiver, address(token))));
        vm.prank(cashier);
        escrow.claimCompact(batch);
        expectLocked(token, abi.encodeCall(IEscrow.settle, (receiver, address(token))));
        assertEq(token.balanceOf(receiver), 5_000);
    }
}
