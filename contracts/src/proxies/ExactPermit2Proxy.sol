// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ExactWitness, IExactPermit2Proxy} from "../interfaces/IExactPermit2Proxy.sol";
import {IPermit2} from "../interfaces/IPermit2.sol";
import {Eip2612Permit} from "../interfaces/IPermit2Proxy.sol";
import {Permit2Proxy} from "./Permit2Proxy.sol";

/// @title Permit2 proxy of the scheme `exact`
/// @notice A stand-in with the published interface, for tests and local chains: see `Permit2Proxy`.
contract ExactPermit2Proxy is IExactPermit2Proxy, Permit2Proxy {
    bytes32 public constant WITNESS_TYPEHASH = keccak256("Witness(address to,uint256 validAfter)");

    string public constant WITNESS_TYPE_STRING =
        "Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,uint256 validAfter)";

    /// @param permit2 Which Permit2 moves the money.
    constructor(address permit2) Permit2Proxy(permit2) {}

    /// @inheritdoc IExactPermit2Proxy
    function settle(
        IPermit2.PermitTransferFrom calldata permit,
        address owner,
        ExactWitness calldata witness,
        bytes calldata signature
    ) external nonReentrant {
        _settle(permit, owner, witness, signature);
        emit Settled();
    }

    /// @inheritdoc IExactPermit2Proxy
    function settleWithPermit(
        Eip2612Permit calldata permit2612,
        IPermit2.PermitTransferFrom calldata permit,
        address owner,
        ExactWitness calldata witness,
        bytes calldata signature
    ) external nonReentrant {
        _approvePermit2(permit.permitted, owner, permit2612);
        _settle(permit, owner, witness, signature);
        emit SettledWithPermit();
    }

    function _settle(
        IPermit2.PermitTransferFrom calldata permit,
        address owner,
        ExactWitness calldata witness,
        bytes calldata signature
    ) private {
        bytes32 hash = keccak256(abi.encode(WITNESS_TYPEHASH, witness.to, witness.validAfter));
        _pay(
            permit, permit.permitted.amount, owner, witness.to, witness.validAfter, hash, WITNESS_TYPE_STRING, signature
        );
    }
}
