// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";

import {IPermit2} from "../interfaces/IPermit2.sol";
import {Eip2612Permit, IPermit2Proxy} from "../interfaces/IPermit2Proxy.sol";

/// @title Permit2 proxy base
/// @notice A stand-in for tests and local chains. The standard's own proxies are at 0x402085c248EeA27D92E8b30b2C58ed07f9E20001
/// (`exact`) and 0x4020A4f3b7b90ccA423B9fabCc0CE57C6C240002 (`upto`) on public chains; their bytecode is in no package that
/// this project can pin, so this is code of our own with the interface, the checks, the errors and the events that they are
/// published with. Its gas is near theirs and not the same. Do not deploy it where the standard's are.
abstract contract Permit2Proxy is IPermit2Proxy, ReentrancyGuardTransient {
    /// @inheritdoc IPermit2Proxy
    IPermit2 public immutable PERMIT2;

    /// @param permit2 Which Permit2 moves the money.
    constructor(address permit2) {
        if (permit2 == address(0)) revert InvalidPermit2Address();
        PERMIT2 = IPermit2(permit2);
    }

    /// @dev The deadline, the nonce and the signature are Permit2's to check.
    function _pay(
        IPermit2.PermitTransferFrom calldata permit,
        uint256 amount,
        address owner,
        address to,
        uint256 validAfter,
        bytes32 witness,
        string memory witnessType,
        bytes calldata signature
    ) internal {
        if (amount == 0) revert InvalidAmount();
        if (owner == address(0)) revert InvalidOwner();
        if (to == address(0)) revert InvalidDestination();
        if (block.timestamp < validAfter) revert PaymentTooEarly();
        PERMIT2.permitWitnessTransferFrom(
            permit, IPermit2.SignatureTransferDetails(to, amount), owner, witness, witnessType, signature
        );
    }

    /// @dev A refused permit is no reason to stop: whoever sent it first gave the same allowance.
    function _approvePermit2(
        IPermit2.TokenPermissions calldata permitted,
        address owner,
        Eip2612Permit calldata permit2612
    ) internal {
        if (permit2612.value != permitted.amount) revert Permit2612AmountMismatch();
        try IERC20Permit(permitted.token)
            .permit(
                owner, address(PERMIT2), permit2612.value, permit2612.deadline, permit2612.v, permit2612.r, permit2612.s
            ) {}
        catch Error(string memory reason) {
            emit EIP2612PermitFailedWithReason(permitted.token, owner, reason);
        } catch Panic(uint256 code) {
            emit EIP2612PermitFailedWithPanic(permitted.token, owner, code);
        } catch (bytes memory data) {
            emit EIP2612PermitFailedWithData(permitted.token, owner, data);
        }
    }
}
