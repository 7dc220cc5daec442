// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ExactWitness} from "../../src/interfaces/IExactPermit2Proxy.sol";
import {IPermit2} from "../../src/interfaces/IPermit2.sol";
import {Eip2612Permit} from "../../src/interfaces/IPermit2Proxy.sol";
import {UptoWitness} from "../../src/interfaces/IUptoPermit2Proxy.sol";
import {ExactPermit2Proxy} from "../../src/proxies/ExactPermit2Proxy.sol";
import {UptoPermit2Proxy} from "../../src/proxies/UptoPermit2Proxy.sol";
import {Actors} from "./Actors.sol";
import {Permits} from "./Permits.sol";
import {Published} from "./Published.sol";

/// @notice Permit2 with its own code, the proxies of `exact` and `upto`, and a payer who approved Permit2 and signs payments.
abstract contract Payments is Actors {
    IPermit2 internal permit2;
    ExactPermit2Proxy internal exact;
    UptoPermit2Proxy internal upto;
    address internal facilitator = makeAddr("facilitator");

    function setUp() public virtual override {
        super.setUp();
        permit2 = Published.permit2();
        exact = new ExactPermit2Proxy(address(permit2));
        upto = new UptoPermit2Proxy(address(permit2));
        usdc.mint(payer, 10e6);
        vm.prank(payer);
        usdc.approve(address(permit2), type(uint256).max);
    }

    /// @dev A permit over `amount` with nonce 7, good for this block.
    function permitted(uint256 amount) internal view returns (IPermit2.PermitTransferFrom memory) {
        return IPermit2.PermitTransferFrom(IPermit2.TokenPermissions(address(usdc), amount), 7, block.timestamp);
    }

    function signedExact(IPermit2.PermitTransferFrom memory permit, ExactWitness memory witness)
        internal
        view
        returns (bytes memory)
    {
        return signed(payerKey, Permits.exact(permit2, address(exact), permit, witness));
    }

    function signedUpto(IPermit2.PermitTransferFrom memory permit, UptoWitness memory witness)
        internal
        view
        returns (bytes memory)
    {
        return signed(payerKey, Permits.upto(permit2, address(upto), permit, witness));
    }

    /// @dev The payer's permit of USDC over `amount`, with Permit2 as spender.
    function permitted2612(uint256 amount) internal view returns (Eip2612Permit memory) {
        bytes32 digest =
            Permits.permit(usdc, payer, address(permit2), amount, usdc.nonces(payer), block.timestamp + 1 hours);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(payerKey, digest);
        return Eip2612Permit(amount, block.timestamp + 1 hours, r, s, v);
    }

    function used(uint256 nonce) internal view returns (bool) {
        return permit2.nonceBitmap(payer, nonce >> 8) >> (nonce & 0xff) & 1 == 1;
    }
}
