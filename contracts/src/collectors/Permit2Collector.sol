// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";

import {ICollector} from "../interfaces/ICollector.sol";
import {IPermit2} from "../interfaces/IPermit2.sol";
import {Collector} from "./Collector.sol";

/// @title Permit2 collector
/// @notice Deposits any ERC-20 whose payer approved Permit2, by a signed permit with this contract as spender.
/// @dev The permit's witness is `DepositWitness(bytes32 channelId)`: the signature funds that channel and no other.
/// `collectorData` is `abi.encode(uint256 nonce, uint256 deadline, bytes signature, bytes eip2612)`, where `eip2612` is
/// empty or `abi.encode(uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s)`, a permit of the token itself
/// that approves Permit2.
contract Permit2Collector is Collector {
    /// @notice Permit2, at its address on every chain.
    IPermit2 public constant PERMIT2 = IPermit2(0x000000000022D473030F116dDEE9F6B43aC78BA3);

    /// @notice EIP-712 type hash of the witness.
    bytes32 public constant DEPOSIT_WITNESS_TYPEHASH = keccak256("DepositWitness(bytes32 channelId)");

    /// @notice What Permit2 appends to its own type to name the witness.
    string public constant DEPOSIT_WITNESS_TYPE_STRING =
        "DepositWitness witness)DepositWitness(bytes32 channelId)TokenPermissions(address token,uint256 amount)";

    /// @notice The EIP-2612 permit is not over the deposited amount.
    error Permit2612AmountMismatch();

    /// @notice The EIP-2612 permit was refused, for instance because someone sent it before; the deposit went on.
    /// @param token Which token.
    /// @param owner Whose permit.
    /// @param reason What the token said.
    event Eip2612PermitFailed(address indexed token, address indexed owner, bytes reason);

    /// @param escrow_ The escrow for which to pull.
    constructor(address escrow_) Collector(escrow_) {}

    /// @inheritdoc ICollector
    function collect(address payer, address token, uint256 amount, bytes32 channelId, bytes calldata collectorData)
        external
        onlyEscrow
    {
        (uint256 nonce, uint256 deadline, bytes memory signature, bytes memory eip2612) =
            abi.decode(collectorData, (uint256, uint256, bytes, bytes));
        if (eip2612.length != 0) _approvePermit2(payer, token, amount, eip2612);
        PERMIT2.permitWitnessTransferFrom(
            IPermit2.PermitTransferFrom(IPermit2.TokenPermissions(token, amount), nonce, deadline),
            IPermit2.SignatureTransferDetails(escrow, amount),
            payer,
            keccak256(abi.encode(DEPOSIT_WITNESS_TYPEHASH, channelId)),
            DEPOSIT_WITNESS_TYPE_STRING,
            signature
        );
    }

    /// @dev A refused permit is no reason to stop: whoever sent it first gave the same allowance.
    function _approvePermit2(address payer, address token, uint256 amount, bytes memory eip2612) private {
        (uint256 value, uint256 deadline, uint8 v, bytes32 r, bytes32 s) =
            abi.decode(eip2612, (uint256, uint256, uint8, bytes32, bytes32));
        if (value != amount) revert Permit2612AmountMismatch();
        try IERC20Permit(token).permit(payer, address(PERMIT2), value, deadline, v, r, s) {}
        catch (bytes memory reason) {
            emit Eip2612PermitFailed(token, payer, reason);
        }
    }
}
