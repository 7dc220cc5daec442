// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {TransferCollector} from "../../src/collectors/TransferCollector.sol";
import {ICollector} from "../../src/interfaces/ICollector.sol";
import {ChannelConfig, IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Actors} from "../utils/Actors.sol";
import {FalseToken, ReentrantToken, VoidToken} from "../utils/Tokens.sol";

contract TransferCollectorTest is Actors {
    TransferCollector internal transfers;
    ChannelConfig internal c;
    bytes32 internal id;

    function setUp() public override {
        super.setUp();
        transfers = new TransferCollector(address(escrow));
        c = terms();
        id = escrow.getChannelId(c);
        usdc.mint(payer, 10e6);
        vm.prank(payer);
        usdc.approve(address(transfers), 10e6);
    }

    function deposit(uint128 amount) private {
        vm.prank(payer);
        transfers.deposit(c, amount);
    }

    function test_the_payer_deposits_what_he_approved() public {
        vm.expectEmit(address(escrow));
        emit IEscrow.Deposited(id, address(transfers), 5e6, 5e6);
        deposit(5e6);
        assertEq(balance(id), 5e6);
        assertEq(usdc.balanceOf(payer), 5e6);
        assertEq(usdc.balanceOf(address(escrow)), 5e6);
    }

    function test_he_may_deposit_again() public {
        deposit(5e6);
        deposit(2e6);
        assertEq(balance(id), 7e6);
    }

    function test_nobody_else_deposits_for_him() public {
        vm.expectRevert(abi.encodeWithSelector(TransferCollector.OnlyPayer.selector, stranger, payer));
        vm.prank(stranger);
        transfers.deposit(c, 5e6);
    }

    /// @dev Else anyone could spend an open allowance into a channel of which he himself is the receiver.
    function test_the_escrow_called_directly_gets_nothing() public {
        (c.receiver, c.receiverAuthorizer, c.payerAuthorizer) = (stranger, stranger, stranger);
        bytes memory why =
            abi.encodeWithSelector(TransferCollector.NotRequestedByPayer.selector, escrow.getChannelId(c));
        vm.expectRevert(why);
        vm.prank(stranger);
        escrow.deposit(c, 5e6, address(transfers), "");
        vm.expectRevert(why);
        vm.prank(payer);
        escrow.deposit(c, 5e6, address(transfers), "");
    }

    function test_a_consent_does_not_outlive_its_deposit() public {
        this.depositThenAgain();
    }

    /// @dev One call of this contract, so that both run within one transaction.
    function depositThenAgain() external {
        deposit(5e6);
        vm.expectRevert(abi.encodeWithSelector(TransferCollector.NotRequestedByPayer.selector, id));
        escrow.deposit(c, 5e6, address(transfers), "");
    }

    function test_it_listens_to_its_escrow_alone() public {
        assertEq(transfers.escrow(), address(escrow));
        vm.expectRevert(ICollector.OnlyEscrow.selector);
        transfers.collect(payer, address(usdc), 5e6, id, "");
    }

    function test_more_than_was_approved_is_refused() public {
        vm.expectRevert(
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, address(transfers), 10e6, 10e6 + 1)
        );
        deposit(10e6 + 1);
    }

    function test_a_token_that_returns_nothing_is_deposited_as_any() public {
        VoidToken token = new VoidToken();
        token.mint(payer, 5);
        c.token = address(token);
        vm.startPrank(payer);
        token.approve(address(transfers), 5);
        transfers.deposit(c, 5);
        assertEq(balance(escrow.getChannelId(c)), 5);
    }

    function test_a_token_that_answers_false_is_refused() public {
        FalseToken token = new FalseToken();
        token.mint(payer, 5);
        token.setSilent(true);
        c.token = address(token);
        vm.prank(payer);
        token.approve(address(transfers), 5);
        vm.expectRevert(abi.encodeWithSelector(SafeERC20.SafeERC20FailedOperation.selector, address(token)));
        deposit(5);
    }

    function test_a_token_cannot_deposit_twice_on_one_consent() public {
        ReentrantToken token = new ReentrantToken();
        token.mint(payer, 10);
        c.token = address(token);
        vm.prank(payer);
        token.approve(address(transfers), 10);
        token.arm(address(escrow), abi.encodeCall(IEscrow.deposit, (c, 5, address(transfers), "")));
        deposit(5);
        assertTrue(token.called());
        assertFalse(token.succeeded());
        assertEq(balance(escrow.getChannelId(c)), 5);
        assertEq(token.balanceOf(payer), 5);
    }
}
