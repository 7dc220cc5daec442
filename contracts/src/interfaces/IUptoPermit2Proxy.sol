// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IPermit2} from "./IPermit2.sol";
import {Eip2612Permit, IPermit2Proxy} from "./IPermit2Proxy.sol";

/// @notice What the payer of an `upto` payment signs beside the permit.
/// @param to Who is paid.
/// @param facilitator Who alone may submit the payment, and so choose its amount.
/// @param validAfter Unix time from which on the payment may be made.
struct UptoWitness {
    address to;
    address facilitator;
    uint256 validAfter;
}

/// @title Payments of the x402 scheme `upto` by Permit2
/// @notice As `exact`, but the facilitator that the payer named says how much is paid, up to what was permitted. Whatever the
/// amount, the permit is used up.
interface IUptoPermit2Proxy is IPermit2Proxy {
    /// @notice The caller is not the facilitator that the payer named.
    error UnauthorizedFacilitator();
    /// @notice More was asked for than was permitted.
    error AmountExceedsPermitted();

    /// @notice Pays out of the allowance that the owner gave to Permit2.
    /// @param permit What the owner permits, with this contract as spender.
    /// @param amount What is paid, in atomic units: at least 1, at most what is permitted.
    /// @param owner Who pays, and who signed.
    /// @param witness To whom, by whom, and from when on.
    /// @param signature The owner's over permit and witness (EOA or ERC-1271).
    function settle(
        IPermit2.PermitTransferFrom calldata permit,
        uint256 amount,
        address owner,
        UptoWitness calldata witness,
        bytes calldata signature
    ) external;

    /// @notice As `settle`, after a permit of the token itself gave Permit2 the allowance. If the token refuses that, the
    /// payment is made all the same where the allowance is there.
    /// @param permit2612 The owner's permit of the token, with Permit2 as spender, over all that `permit` allows.
    /// @param permit As in `settle`.
    /// @param amount As in `settle`.
    /// @param owner As in `settle`.
    /// @param witness As in `settle`.
    /// @param signature As in `settle`.
    function settleWithPermit(
        Eip2612Permit calldata permit2612,
        IPermit2.PermitTransferFrom calldata permit,
        uint256 amount,
        address owner,
        UptoWitness calldata witness,
        bytes calldata signature
    ) external;
}
