// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IPermit2} from "./IPermit2.sol";
import {Eip2612Permit, IPermit2Proxy} from "./IPermit2Proxy.sol";

/// @notice What the payer of an `exact` payment signs beside the permit.
/// @param to Who is paid.
/// @param validAfter Unix time from which on the payment may be made.
struct ExactWitness {
    address to;
    uint256 validAfter;
}

/// @title Payments of the x402 scheme `exact` by Permit2
/// @notice The payer signs a permit with this contract as spender and the payee as witness; anyone submits it. It moves what
/// was permitted, no more and no less.
interface IExactPermit2Proxy is IPermit2Proxy {
    /// @notice Pays out of the allowance that the owner gave to Permit2.
    /// @param permit What the owner permits, with this contract as spender; all of it is paid.
    /// @param owner Who pays, and who signed.
    /// @param witness To whom, and from when on.
    /// @param signature The owner's over permit and witness (EOA or ERC-1271).
    function settle(
        IPermit2.PermitTransferFrom calldata permit,
        address owner,
        ExactWitness calldata witness,
        bytes calldata signature
    ) external;

    /// @notice As `settle`, after a permit of the token itself gave Permit2 the allowance. If the token refuses that, the
    /// payment is made all the same where the allowance is there.
    /// @param permit2612 The owner's permit of the token, with Permit2 as spender.
    /// @param permit As in `settle`.
    /// @param owner As in `settle`.
    /// @param witness As in `settle`.
    /// @param signature As in `settle`.
    function settleWithPermit(
        Eip2612Permit calldata permit2612,
        IPermit2.PermitTransferFrom calldata permit,
        address owner,
        ExactWitness calldata witness,
        bytes calldata signature
    ) external;
}
