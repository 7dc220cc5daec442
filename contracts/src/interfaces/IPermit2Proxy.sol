// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IPermit2} from "./IPermit2.sol";

/// @notice A permit of the token itself that approves Permit2 (EIP-2612).
/// @param value The allowance in atomic units; must be what the Permit2 permit allows.
/// @param deadline Unix time after which the permit is void.
/// @param r Of the owner's signature.
/// @param s Of the owner's signature.
/// @param v Of the owner's signature.
struct Eip2612Permit {
    uint256 value;
    uint256 deadline;
    bytes32 r;
    bytes32 s;
    uint8 v;
}

/// @title What the Permit2 proxies of the x402 schemes `exact` and `upto` have in common
interface IPermit2Proxy {
    /// @notice A payment without an EIP-2612 permit was made.
    event Settled();
    /// @notice A payment that came with an EIP-2612 permit was made.
    event SettledWithPermit();
    /// @notice The EIP-2612 permit was refused with words, for instance because someone sent it before; the payment went on.
    /// @param token Which token.
    /// @param owner Whose permit.
    /// @param reason What the token said.
    event EIP2612PermitFailedWithReason(address indexed token, address indexed owner, string reason);
    /// @notice As `EIP2612PermitFailedWithReason`, by a panic of the token.
    /// @param token Which token.
    /// @param owner Whose permit.
    /// @param errorCode Solidity's panic code.
    event EIP2612PermitFailedWithPanic(address indexed token, address indexed owner, uint256 errorCode);
    /// @notice As `EIP2612PermitFailedWithReason`, by an error of the token's own or none.
    /// @param token Which token.
    /// @param owner Whose permit.
    /// @param data What the token returned.
    event EIP2612PermitFailedWithData(address indexed token, address indexed owner, bytes data);

    /// @notice The constructor was given the zero address.
    error InvalidPermit2Address();
    /// @notice The payee is the zero address.
    error InvalidDestination();
    /// @notice The payer is the zero address.
    error InvalidOwner();
    /// @notice Nothing would be paid.
    error InvalidAmount();
    /// @notice The witness's `validAfter` is in the future.
    error PaymentTooEarly();
    /// @notice The EIP-2612 permit is not over what the Permit2 permit allows.
    error Permit2612AmountMismatch();

    /// @notice Which Permit2 moves the money.
    /// @return The contract.
    function PERMIT2() external view returns (IPermit2);

    /// @notice EIP-712 type hash of the witness.
    /// @return The hash.
    function WITNESS_TYPEHASH() external view returns (bytes32);

    /// @notice What Permit2 appends to its own type to name the witness.
    /// @return The end of the EIP-712 type.
    function WITNESS_TYPE_STRING() external view returns (string memory);
}
