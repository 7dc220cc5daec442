// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

/// @title The part of Multicall3 that sends several payments in one transaction
/// @notice At 0xcA11bde05977b3631167028862bE2a173976CA11 on every chain.
interface IMulticall3 {
    /// @notice One call.
    /// @param target Whom to call; Multicall3 is the caller that it sees.
    /// @param allowFailure Whether the others are made all the same if this one fails.
    /// @param callData What to say.
    struct Call3 {
        address target;
        bool allowFailure;
        bytes callData;
    }

    /// @notice What came of a call.
    /// @param success Whether it did not revert.
    /// @param returnData What it returned, or the error that it reverted with.
    struct Result {
        bool success;
        bytes returnData;
    }

    /// @notice Makes calls, in order.
    /// @param calls Which.
    /// @return returnData What came of each, in the same order.
    function aggregate3(Call3[] calldata calls) external payable returns (Result[] memory returnData);
}
