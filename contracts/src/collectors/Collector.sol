// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ICollector} from "../interfaces/ICollector.sol";

/// @title Collector base
/// @notice Knows its escrow and listens to it alone.
abstract contract Collector is ICollector {
    /// @inheritdoc ICollector
    address public immutable escrow;

    /// @param escrow_ The escrow for which to pull.
    constructor(address escrow_) {
        escrow = escrow_;
    }

    modifier onlyEscrow() {
        if (msg.sender != escrow) revert OnlyEscrow();
        _;
    }
}
