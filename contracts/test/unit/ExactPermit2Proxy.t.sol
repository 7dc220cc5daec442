// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";

import {ExactWitness, IExactPermit2Proxy} from "../../src/interfaces/IExactPermit2Proxy.sol";
import {IPermit2} from "../../src/interfaces/IPermit2.sol";
import {Eip2612Permit, IPermit2Proxy} from "../../src/interfaces/IPermit2Proxy.sol";
import {ExactPermit2Proxy} from "../../src/proxies/ExactPermit2Proxy.sol";
import {Payments} from "../utils/Payments.sol";
import {Permits} from "../utils/Permits.sol";
import {CallingToken, GrumpyToken, PlainToken} from "../utils/Tokens.sol";
import {KeyWallet} from "../utils/Wallets.sol";

contract ExactPermit2ProxyTest is Payments {
    ExactWitness internal toReceiver;

    function setUp() public override {
        super.setUp();
        toReceiver = ExactWitness(receiver, 0);
    }

    function test_it_has_the_published_interface() public view {
        assertEq(
            IExactPermit2Proxy.settle.selector,
            bytes4(keccak256("settle(((address,uint256),uint256,uint256),address,(address,uint256),bytes)"))
        );
        assertEq(
            IExactPermit2Proxy.settleWithPermit.selector,
            bytes4(
                keccak256(
                    "settleWithPermit((uint256,uint256,bytes32,bytes32,uint8),((address,uint256),uint256,uint256),address,(address,uint256),bytes)"
                )
            )
        );
        assertEq(address(exact.PERMIT2()), address(permit2));
        assertEq(exact.WITNESS_TYPEHASH(), keccak256("Witness(address to,uint256 validAfter)"));
        assertEq(
            exact.WITNESS_TYPE_STRING(),
            "Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,uint256 validAfter)"
        );
    }

    function test_it_needs_a_permit2() public {
        vm.expectRevert(IPermit2Proxy.InvalidPermit2Address.selector);
        new ExactPermit2Proxy(address(0));
    }

    function test_the_payer_signs_and_anyone_submits() public {
        IPermit2.PermitTransferFrom memory permit = permitted(5e6);
        bytes memory signature = signedExact(permit, toReceiver);
        vm.expectEmit(address(exact));
        emit IPermit2Proxy.Settled();
        vm.prank(stranger);
        exact.settle(permit, payer, toReceiver, signature);
        assertEq(usdc.balanceOf(receiver), 5e6);
        assertEq(usdc.balanceOf(payer), 5e6);
        assertEq(usdc.balanceOf(address(exact)), 0);
        assertTrue(used(7));
    }

    function test_a_payment_is_made_once() public {
        IPermit2.PermitTransferFrom memory permit = permitted(5e6);
        bytes memory signature = signedExact(permit, toReceiver);
        exact.settle(permit, payer, toReceiver, signature);
        vm.expectRevert(IPermit2.InvalidNonce.selector);
        exact.settle(permit, payer, toReceiver, signature);
    }

    function test_it_goes_to_whom_the_payer_named() public {
        IPermit2.PermitTransferFrom memory permit = permitted(5e6);
        bytes memory signature = signedExact(permit, toReceiver);
        vm.expectRevert(IPermit2.InvalidSigner.selector);
        exact.settle(permit, payer, ExactWitness(stranger, 0), signature);
        permit.permitted.amount = 6e6;
        vm.expectRevert(IPermit2.InvalidSigner.selector);
        exact.settle(permit, payer, toReceiver, signature);
        assertEq(usdc.balanceOf(payer), 10e6);
    }

    function test_a_deposit_is_no_payment() public {
        bytes32 digest = Permits.permitWitness(
            permit2, address(usdc), 5e6, address(exact), 7, block.timestamp, keccak256(abi.encode(toReceiver))
        );
        vm.expectRevert(IPermit2.InvalidSigner.selector);
        exact.settle(permitted(5e6), payer, toReceiver, signed(payerKey, digest));
    }

    function test_a_payment_has_its_time() public {
        IPermit2.PermitTransferFrom memory permit = permitted(5e6);
        permit.deadline += 10;
        ExactWitness memory witness = ExactWitness(receiver, block.timestamp + 10);
        bytes memory signature = signedExact(permit, witness);
        vm.expectRevert(IPermit2Proxy.PaymentTooEarly.selector);
        exact.settle(permit, payer, witness, signature);
        skip(11);
        vm.expectRevert(abi.encodeWithSelector(IPermit2.SignatureExpired.selector, permit.deadline));
        exact.settle(permit, payer, witness, signature);
        rewind(1);
        exact.settle(permit, payer, witness, signature);
        assertEq(usdc.balanceOf(receiver), 5e6);
    }

    function test_nothing_nobody_and_nowhere_are_refused() public {
        vm.expectRevert(IPermit2Proxy.InvalidAmount.selector);
        exact.settle(permitted(0), payer, toReceiver, "");
        vm.expectRevert(IPermit2Proxy.InvalidOwner.selector);
        exact.settle(permitted(1), address(0), toReceiver, "");
        vm.expectRevert(IPermit2Proxy.InvalidDestination.selector);
        exact.settle(permitted(1), payer, ExactWitness(address(0), 0), "");
    }

    function test_a_wallet_pays() public {
        address wallet = address(new KeyWallet(session));
        usdc.mint(wallet, 5e6);
        vm.prank(wallet);
        usdc.approve(address(permit2), 5e6);
        IPermit2.PermitTransferFrom memory permit = permitted(5e6);
        bytes32 digest = Permits.exact(permit2, address(exact), permit, toReceiver);
        exact.settle(permit, wallet, toReceiver, signed(sessionKey, digest));
        assertEq(usdc.balanceOf(receiver), 5e6);
    }

    // ------------------------------------------------------------------------------------------------------ EIP-2612

    function forget() private {
        vm.prank(payer);
        usdc.approve(address(permit2), 0);
    }

    function test_a_permit_of_the_token_approves_permit2_on_the_way() public {
        forget();
        IPermit2.PermitTransferFrom memory permit = permitted(5e6);
        bytes memory signature = signedExact(permit, toReceiver);
        Eip2612Permit memory allowance = permitted2612(5e6);
        vm.expectRevert("TRANSFER_FROM_FAILED");
        exact.settle(permit, payer, toReceiver, signature);
        vm.expectEmit(address(exact));
        emit IPermit2Proxy.SettledWithPermit();
        vm.prank(stranger);
        exact.settleWithPermit(allowance, permit, payer, toReceiver, signature);
        assertEq(usdc.balanceOf(receiver), 5e6);
        assertEq(usdc.allowance(payer, address(permit2)), 0);
    }

    function test_a_permit_that_someone_sent_before_does_not_stop_the_payment() public {
        forget();
        Eip2612Permit memory p = permitted2612(5e6);
        usdc.permit(payer, address(permit2), p.value, p.deadline, p.v, p.r, p.s);
        IPermit2.PermitTransferFrom memory permit = permitted(5e6);
        bytes memory signature = signedExact(permit, toReceiver);
        vm.expectEmit(address(exact));
        emit IPermit2Proxy.EIP2612PermitFailedWithData(
            address(usdc), payer, abi.encodeWithSelector(ERC3009.ERC3009InvalidSignature.selector)
        );
        exact.settleWithPermit(p, permit, payer, toReceiver, signature);
        assertEq(usdc.balanceOf(receiver), 5e6);
    }

    function test_a_token_says_in_each_way_why_it_refuses_a_permit() public {
        Eip2612Permit memory p = permitted2612(5e6);
        GrumpyToken token = new GrumpyToken();
        token.mint(payer, 10e6);
        vm.prank(payer);
        token.approve(address(permit2), 10e6);
        IPermit2.PermitTransferFrom memory permit = permitted(5e6);
        permit.permitted.token = address(token);
        bytes memory signature = signedExact(permit, toReceiver);
        vm.expectEmit(address(exact));
        emit IPermit2Proxy.EIP2612PermitFailedWithReason(address(token), payer, "no");
        exact.settleWithPermit(p, permit, payer, toReceiver, signature);

        token.panicFromNowOn();
        permit.nonce = 8;
        signature = signedExact(permit, toReceiver);
        vm.expectEmit(address(exact));
        emit IPermit2Proxy.EIP2612PermitFailedWithPanic(address(token), payer, 0x11);
        exact.settleWithPermit(p, permit, payer, toReceiver, signature);
        assertEq(token.balanceOf(receiver), 10e6);
    }

    function test_a_permit_of_another_amount_is_refused() public {
        IPermit2.PermitTransferFrom memory permit = permitted(5e6);
        bytes memory signature = signedExact(permit, toReceiver);
        Eip2612Permit memory p = permitted2612(6e6);
        vm.expectRevert(IPermit2Proxy.Permit2612AmountMismatch.selector);
        exact.settleWithPermit(p, permit, payer, toReceiver, signature);
    }

    function test_a_token_cannot_pay_within_a_payment() public {
        CallingToken token = new CallingToken();
        token.mint(payer, 10e6);
        vm.prank(payer);
        token.approve(address(permit2), 10e6);
        IPermit2.PermitTransferFrom memory inner = permitted(1e6);
        token.callOnTransfer(
            address(exact), abi.encodeCall(exact.settle, (inner, payer, toReceiver, signedExact(inner, toReceiver)))
        );
        IPermit2.PermitTransferFrom memory permit = permitted(5e6);
        permit.permitted.token = address(token);
        permit.nonce = 8;
        exact.settle(permit, payer, toReceiver, signedExact(permit, toReceiver));
        assertEq(token.answer(), abi.encodeWithSelector(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector));
        assertEq(token.balanceOf(receiver), 5e6);
        assertEq(usdc.balanceOf(receiver), 0);
    }

    function test_a_token_without_permits_is_paid_with_all_the_same() public {
        PlainToken token = new PlainToken();
        token.mint(payer, 5e6);
        vm.prank(payer);
        token.approve(address(permit2), 5e6);
        IPermit2.PermitTransferFrom memory permit = permitted(5e6);
        permit.permitted.token = address(token);
        exact.settleWithPermit(permitted2612(5e6), permit, payer, toReceiver, signedExact(permit, toReceiver));
        assertEq(token.balanceOf(receiver), 5e6);
    }
}
