// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Test} from "forge-std/Test.sol";

import {Escrow} from "../../src/Escrow.sol";
import {ChannelConfig} from "../../src/interfaces/IEscrow.sol";
import {Handler} from "./Handler.sol";

/// @notice What is true of the money after every step, and that everyone can leave with his own at the end.
contract EscrowInvariants is Test {
    Handler internal handler;
    Escrow internal escrow;

    /// @dev What never changes, kept here so that a check does not ask for it every time.
    uint256 internal constant CHANNELS = 12;
    uint256 internal constant HOSTILE = 2;
    ChannelConfig[CHANNELS] internal configs;
    bytes32[CHANNELS] internal ids;
    address[3] internal tokens;
    address[2] internal receivers;

    /// @dev What was seen after the step before.
    uint128[CHANNELS] internal lastClaimed;
    uint256[CHANNELS] internal lastNonce;
    mapping(address receiver => mapping(address token => uint128)) internal lastSettled;

    function setUp() public {
        vm.warp(1_750_000_000);
        handler = new Handler();
        escrow = handler.escrow();
        for (uint256 i = 0; i < CHANNELS; ++i) {
            (configs[i], ids[i]) = (handler.config(i), handler.ids(i));
        }
        tokens = [handler.tokens(0), handler.tokens(1), handler.tokens(2)];
        receivers = [handler.receivers(0), handler.receivers(1)];
        targetContract(address(handler));
        bytes4[] memory views = new bytes4[](2);
        (views[0], views[1]) = (Handler.config.selector, Handler.ghost.selector);
        excludeSelector(FuzzSelector(address(handler), views));
    }

    function invariant_the_money_is_where_the_books_say() public {
        assertFalse(handler.breached(), "a thief succeeded");
        assertFalse(handler.hostile().reentered(), "a token re-entered");
        uint256[3] memory owed;
        uint256[3][2] memory earned;
        for (uint256 i = 0; i < CHANNELS; ++i) {
            (uint128 held, uint128 claimed) = channel(i);
            owed[i % 3] += held - claimed;
            earned[i / 6][i % 3] += claimed;
        }
        for (uint256 t = 0; t < 3; ++t) {
            address token = tokens[t];
            for (uint256 r = 0; r < 2; ++r) {
                owed[t] += receiver(receivers[r], token, earned[r][t]);
            }
            // (a) What the escrow holds is what it owes, to the last unit.
            assertEq(IERC20(token).balanceOf(address(escrow)), owed[t] + handler.donated(token), "solvent");
        }
    }

    function channel(uint256 i) private returns (uint128 held, uint128 claimed) {
        bytes32 id = ids[i];
        Handler.Ghost memory ghost = handler.ghost(i);
        (held, claimed) = escrow.channels(id);
        // (b) No more is claimed than a voucher in the receiver's hands allows, and all that was honestly claimed is.
        assertLe(claimed, ghost.ceiling, "above the ceiling");
        assertEq(claimed, ghost.claimed, "not what was claimed");
        // (d) Claims fit the balance; totals never fall.
        assertLe(claimed, held, "above the balance");
        assertGe(claimed, lastClaimed[i], "a total fell");
        uint256 nonce = escrow.refundNonce(id);
        assertGe(nonce, lastNonce[i], "a nonce fell");
        // (f) The balance is what came in less what went back: nothing that was claimed went back.
        assertEq(held, ghost.deposited - ghost.returned, "balance");
        if (i % 3 != HOSTILE) {
            assertEq(IERC20(tokens[i % 3]).balanceOf(configs[i].payer), ghost.returned, "the payer's own");
        }
        (uint128 pending, uint40 since) = escrow.pendingWithdrawals(id);
        assertEq(pending == 0, since == 0, "half a withdrawal");
        (lastClaimed[i], lastNonce[i]) = (claimed, nonce);
    }

    function receiver(address who, address token, uint256 earned) private returns (uint256 unsettled) {
        (uint128 total, uint128 settled) = escrow.receivers(who, token);
        assertEq(total, earned, "a receiver's total is the sum of his channels");
        assertGe(total, settled, "paid more than earned");
        assertGe(settled, lastSettled[who][token], "a settlement fell");
        lastSettled[who][token] = settled;
        if (token != tokens[HOSTILE]) {
            assertEq(IERC20(token).balanceOf(who), settled, "the receiver's own");
        }
        return total - settled;
    }

    /// @dev (c) Wherever a run ends, after the delay every payer leaves with all that is not claimed, every receiver with
    /// all that is, and nothing stays behind.
    function afterInvariant() public {
        handler.setGreedy(false);
        for (uint256 who = 0; who < CHANNELS + 2; ++who) {
            handler.blacklist(who, false);
        }
        skip(handler.DELAY());
        for (uint256 i = 0; i < CHANNELS; ++i) {
            finalize(i);
            exit(i);
        }
        for (uint256 t = 0; t < 3; ++t) {
            address token = tokens[t];
            escrow.settle(receivers[0], token);
            escrow.settle(receivers[1], token);
            assertEq(IERC20(token).balanceOf(address(escrow)), handler.donated(token), "something stayed");
        }
    }

    function finalize(uint256 i) private {
        (, uint40 since) = escrow.pendingWithdrawals(ids[i]);
        ChannelConfig memory config = configs[i];
        if (since == 0) return;
        vm.prank(config.payer);
        escrow.finalizeWithdraw(config);
    }

    function exit(uint256 i) private {
        ChannelConfig memory config = configs[i];
        (uint128 held, uint128 claimed) = escrow.channels(ids[i]);
        if (held == claimed) return;
        uint256 before = IERC20(config.token).balanceOf(config.payer);
        vm.prank(config.payer);
        escrow.initiateWithdraw(config, held - claimed);
        skip(handler.DELAY());
        finalize(i);
        assertEq(IERC20(config.token).balanceOf(config.payer) - before, held - claimed, "a payer's money is locked");
    }
}
