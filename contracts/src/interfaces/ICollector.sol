// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

/// @title Collector
/// @notice Pulls a payer's token into the escrow, one kind of consent a collector.
interface ICollector {
    /// @notice The caller is not the escrow.
    error OnlyEscrow();

    /// @notice The escrow for which this collector pulls, the one address that may call {collect}.
    /// @return Its address.
    function escrow() external view returns (address);

    /// @notice Pulls exactly `amount` from `payer` to the escrow, or reverts.
    /// @dev The payer's consent must name the channel: who calls `deposit` chooses the channel's terms.
    /// @param payer Whose money.
    /// @param token Which token.
    /// @param amount Atomic units.
    /// @param channelId The channel that the payer consents to fund.
    /// @param collectorData What this collector needs to prove the consent.
    function collect(address payer, address token, uint256 amount, bytes32 channelId, bytes calldata collectorData)
        external;
}
