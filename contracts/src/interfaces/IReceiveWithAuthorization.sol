// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

/// @title The EIP-3009 function that the collector uses, in the form with `bytes` signatures
interface IReceiveWithAuthorization {
    /// @notice Moves `value` to the caller, who must be `to`.
    /// @param from Whose money, and who signed.
    /// @param to The caller.
    /// @param value Atomic units.
    /// @param validAfter Unix time after which the authorization is valid.
    /// @param validBefore Unix time before which the authorization is valid.
    /// @param nonce Unique to `from`.
    /// @param signature By an EOA (r, s, v) or a contract (ERC-1271).
    function receiveWithAuthorization(
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce,
        bytes calldata signature
    ) external;
}
