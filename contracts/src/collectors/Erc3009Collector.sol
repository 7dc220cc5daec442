// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {ICollector} from "../interfaces/ICollector.sol";
import {IReceiveWithAuthorization} from "../interfaces/IReceiveWithAuthorization.sol";
import {Collector} from "./Collector.sol";

/// @title EIP-3009 collector
/// @notice Deposits without a transaction by the payer, who signs the token's `ReceiveWithAuthorization` to this contract.
/// @dev The authorization's nonce is `keccak256(abi.encode(channelId, salt))`: the signature funds that channel and no
/// other. `collectorData` is `abi.encode(uint256 validAfter, uint256 validBefore, uint256 salt, bytes signature)`.
contract Erc3009Collector is Collector {
    using SafeERC20 for IERC20;

    /// @param escrow_ The escrow for which to pull.
    constructor(address escrow_) Collector(escrow_) {}

    /// @inheritdoc ICollector
    function collect(address payer, address token, uint256 amount, bytes32 channelId, bytes calldata collectorData)
        external
        onlyEscrow
    {
        (uint256 validAfter, uint256 validBefore, uint256 salt, bytes memory signature) =
            abi.decode(collectorData, (uint256, uint256, uint256, bytes));
        bytes32 nonce = keccak256(abi.encode(channelId, salt));
        IReceiveWithAuthorization(token)
            .receiveWithAuthorization(payer, address(this), amount, validAfter, validBefore, nonce, signature);
        IERC20(token).safeTransfer(escrow, amount);
    }
}
