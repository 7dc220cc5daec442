// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IPermit2} from "../interfaces/IPermit2.sol";
import {Eip2612Permit} from "../interfaces/IPermit2Proxy.sol";
import {IUptoPermit2Proxy, UptoWitness} from "../interfaces/IUptoPermit2Proxy.sol";
import {Permit2Proxy} from "./Permit2Proxy.sol";

/// @title Permit2 proxy of the scheme `upto`
/// @notice A stand-in with the published interface, for tests and local chains: see `Permit2Proxy`.
contract UptoPermit2Proxy is IUptoPermit2Proxy, Permit2Proxy {
    bytes32 public constant WITNESS_TYPEHASH = keccak256("Witness(address to,address facilitator,uint256 validAfter)");

    string public constant WITNESS_TYPE_STRING =
        "Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,address facilitator,uint256 validAfter)";

    /// @param permit2 Which Permit2 moves the money.
    constructor(address permit2) Permit2Proxy(permit2) {}

    /// @inheritdoc IUptoPermit2Proxy
    function settle(
        IPermit2.PermitTransferFrom calldata permit,
        uint256 amount,
        address owner,
        UptoWitness calldata witness,
        bytes calldata signature
    ) external nonReentrant {
        _check(permit, amount, witness);
        _settle(permit, amount, owner, witness, signature);
        emit Settled();
    }

    /// @inheritdoc IUptoPermit2Proxy
    function settleWithPermit(
        Eip2612Permit calldata permit2612,
        IPermit2.PermitTransferFrom calldata permit,
        uint256 amount,
        address owner,
        UptoWitness calldata witness,
        bytes calldata signature
    ) external nonReentrant {
        _check(permit, amount, witness);
        _approvePermit2(permit.permitted, owner, permit2612);
        _settle(permit, amount, owner, witness, signature);
        emit SettledWithPermit();
    }

    function _check(IPermit2.PermitTransferFrom calldata permit, uint256 amount, UptoWitness calldata witness)
        private
        view
    {
        if (msg.sender != witness.facilitator) revert UnauthorizedFacilitator();
        if (amount > permit.permitted.amount) revert AmountExceedsPermitted();
    }

    function _settle(
        IPermit2.PermitTransferFrom calldata permit,
        uint256 amount,
        address owner,
        UptoWitness calldata witness,
        bytes calldata signature
    ) private {
        bytes32 hash = keccak256(abi.encode(WITNESS_TYPEHASH, witness.to, witness.facilitator, witness.validAfter));
        _pay(permit, amount, owner, witness.to, witness.validAfter, hash, WITNESS_TYPE_STRING, signature);
    }
}
