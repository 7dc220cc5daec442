// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IPermit2} from "../../src/interfaces/IPermit2.sol";
import {Eip2612Permit, IPermit2Proxy} from "../../src/interfaces/IPermit2Proxy.sol";
import {IUptoPermit2Proxy, UptoWitness} from "../../src/interfaces/IUptoPermit2Proxy.sol";
import {UptoPermit2Proxy} from "../../src/proxies/UptoPermit2Proxy.sol";
import {Payments} from "../utils/Payments.sol";

/// @notice What differs from `exact`; what both have in common is tried there.
contract UptoPermit2ProxyTest is Payments {
    UptoWitness internal terms_;

    function setUp() public override {
        super.setUp();
        terms_ = UptoWitness(receiver, facilitator, 0);
    }

    function settleAs(address caller, IPermit2.PermitTransferFrom memory permit, uint256 amount, bytes memory signature)
        private
    {
        vm.prank(caller);
        upto.settle(permit, amount, payer, terms_, signature);
    }

    function test_it_has_the_published_interface() public view {
        assertEq(
            IUptoPermit2Proxy.settle.selector,
            bytes4(
                keccak256("settle(((address,uint256),uint256,uint256),uint256,address,(address,address,uint256),bytes)")
            )
        );
        assertEq(
            IUptoPermit2Proxy.settleWithPermit.selector,
            bytes4(
                keccak256(
                    "settleWithPermit((uint256,uint256,bytes32,bytes32,uint8),((address,uint256),uint256,uint256),uint256,address,(address,address,uint256),bytes)"
                )
            )
        );
        assertEq(address(upto.PERMIT2()), address(permit2));
        assertEq(upto.WITNESS_TYPEHASH(), keccak256("Witness(address to,address facilitator,uint256 validAfter)"));
        assertEq(
            upto.WITNESS_TYPE_STRING(),
            "Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,address facilitator,uint256 validAfter)"
        );
    }

    function test_it_needs_a_permit2() public {
        vm.expectRevert(IPermit2Proxy.InvalidPermit2Address.selector);
        new UptoPermit2Proxy(address(0));
    }

    function test_the_facilitator_says_how_much_is_paid_once() public {
        IPermit2.PermitTransferFrom memory permit = permitted(5e6);
        bytes memory signature = signedUpto(permit, terms_);
        vm.expectEmit(address(upto));
        emit IPermit2Proxy.Settled();
        settleAs(facilitator, permit, 2e6, signature);
        assertEq(usdc.balanceOf(receiver), 2e6);
        assertEq(usdc.balanceOf(payer), 8e6);
        vm.expectRevert(IPermit2.InvalidNonce.selector);
        settleAs(facilitator, permit, 3e6, signature);
    }

    function test_all_that_is_permitted_and_no_more() public {
        IPermit2.PermitTransferFrom memory permit = permitted(5e6);
        bytes memory signature = signedUpto(permit, terms_);
        vm.expectRevert(IUptoPermit2Proxy.AmountExceedsPermitted.selector);
        settleAs(facilitator, permit, 5e6 + 1, signature);
        vm.expectRevert(IPermit2Proxy.InvalidAmount.selector);
        settleAs(facilitator, permit, 0, signature);
        settleAs(facilitator, permit, 5e6, signature);
        assertEq(usdc.balanceOf(receiver), 5e6);
    }

    function test_only_the_facilitator_whom_the_payer_named_submits() public {
        IPermit2.PermitTransferFrom memory permit = permitted(5e6);
        bytes memory signature = signedUpto(permit, terms_);
        Eip2612Permit memory p = permitted2612(5e6);
        vm.expectRevert(IUptoPermit2Proxy.UnauthorizedFacilitator.selector);
        settleAs(stranger, permit, 5e6, signature);
        vm.expectRevert(IUptoPermit2Proxy.UnauthorizedFacilitator.selector);
        vm.prank(stranger);
        upto.settleWithPermit(p, permit, 5e6, payer, terms_, signature);
        terms_.facilitator = stranger;
        vm.expectRevert(IPermit2.InvalidSigner.selector);
        settleAs(stranger, permit, 5e6, signature);
        assertEq(usdc.nonces(payer), 0);
    }

    function test_a_payment_has_its_time() public {
        terms_.validAfter = block.timestamp + 1;
        IPermit2.PermitTransferFrom memory permit = permitted(5e6);
        permit.deadline += 1;
        bytes memory signature = signedUpto(permit, terms_);
        vm.expectRevert(IPermit2Proxy.PaymentTooEarly.selector);
        settleAs(facilitator, permit, 5e6, signature);
        skip(1);
        settleAs(facilitator, permit, 5e6, signature);
        assertEq(usdc.balanceOf(receiver), 5e6);
    }

    function test_a_permit_of_the_token_is_over_all_that_is_permitted() public {
        vm.prank(payer);
        usdc.approve(address(permit2), 0);
        IPermit2.PermitTransferFrom memory permit = permitted(5e6);
        bytes memory signature = signedUpto(permit, terms_);
        Eip2612Permit memory less = permitted2612(2e6);
        Eip2612Permit memory all = permitted2612(5e6);
        vm.startPrank(facilitator);
        vm.expectRevert(IPermit2Proxy.Permit2612AmountMismatch.selector);
        upto.settleWithPermit(less, permit, 2e6, payer, terms_, signature);
        vm.expectEmit(address(upto));
        emit IPermit2Proxy.SettledWithPermit();
        upto.settleWithPermit(all, permit, 2e6, payer, terms_, signature);
        assertEq(usdc.balanceOf(receiver), 2e6);
        assertEq(usdc.allowance(payer, address(permit2)), 3e6);
    }
}
