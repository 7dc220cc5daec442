// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {ICollector} from "../interfaces/ICollector.sol";
import {ChannelConfig, IEscrow} from "../interfaces/IEscrow.sol";
import {Collector} from "./Collector.sol";

/// @title Transfer collector
/// @notice Deposits any ERC-20 by plain `approve` and `transferFrom`. The payer approves this contract, then calls
/// {deposit} here, not on the escrow.
/// @dev An allowance names no channel, and anyone may call the escrow's `deposit` with terms of his own choice. So this
/// collector pulls only while its own {deposit} runs, called by the payer himself.
contract TransferCollector is Collector {
    using SafeERC20 for IERC20;

    /// @notice The caller is not the channel's payer.
    /// @param caller Who called.
    /// @param payer Who may.
    error OnlyPayer(address caller, address payer);

    /// @notice The escrow was called directly: the payer calls {deposit} of this contract instead.
    /// @param channelId The channel that was to be funded.
    error NotRequestedByPayer(bytes32 channelId);

    /// @dev What the running {deposit} consents to; zero when none runs.
    bytes32 private transient _consent;

    /// @param escrow_ The escrow for which to pull.
    constructor(address escrow_) Collector(escrow_) {}

    /// @notice Deposits the caller's tokens. He approved this contract before.
    /// @param config The channel's terms; the caller is the payer.
    /// @param amount Atomic units.
    function deposit(ChannelConfig calldata config, uint128 amount) external {
        if (msg.sender != config.payer) revert OnlyPayer(msg.sender, config.payer);
        bytes32 id = IEscrow(escrow).getChannelId(config);
        _consent = _consentTo(config.payer, config.token, amount, id);
        IEscrow(escrow).deposit(config, amount, address(this), "");
    }

    /// @inheritdoc ICollector
    function collect(address payer, address token, uint256 amount, bytes32 channelId, bytes calldata)
        external
        onlyEscrow
    {
        if (_consent != _consentTo(payer, token, amount, channelId)) revert NotRequestedByPayer(channelId);
        _consent = 0;
        IERC20(token).safeTransferFrom(payer, escrow, amount);
    }

    function _consentTo(address payer, address token, uint256 amount, bytes32 channelId)
        private
        pure
        returns (bytes32)
    {
        return keccak256(abi.encode(payer, token, amount, channelId));
    }
}
