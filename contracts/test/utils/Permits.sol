// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {DevUSDC} from "../../src/DevUSDC.sol";
import {IPermit2} from "../../src/interfaces/IPermit2.sol";

/// @notice The digests that payers sign of tokens and of Permit2, written out from their standards.
library Permits {
    bytes32 internal constant RECEIVE = keccak256(
        "ReceiveWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 internal constant TRANSFER = keccak256(
        "TransferWithAuthorization(address from,address to,uint256 value,uint256 validAfter,uint256 validBefore,bytes32 nonce)"
    );
    bytes32 internal constant CANCEL = keccak256("CancelAuthorization(address authorizer,bytes32 nonce)");
    bytes32 internal constant PERMIT =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");
    bytes32 internal constant TOKEN_PERMISSIONS = keccak256("TokenPermissions(address token,uint256 amount)");
    bytes32 internal constant PERMIT_WITNESS = keccak256(
        "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,DepositWitness witness)DepositWitness(bytes32 channelId)TokenPermissions(address token,uint256 amount)"
    );
    bytes32 internal constant WITNESS = keccak256("DepositWitness(bytes32 channelId)");

    function typed(bytes32 domain, bytes32 structHash) internal pure returns (bytes32) {
        return keccak256(bytes.concat(hex"1901", domain, structHash));
    }

    function receiveWithAuthorization(
        DevUSDC token,
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce
    ) internal view returns (bytes32) {
        bytes32 structHash = keccak256(abi.encode(RECEIVE, from, to, value, validAfter, validBefore, nonce));
        return typed(token.DOMAIN_SEPARATOR(), structHash);
    }

    function transferWithAuthorization(
        DevUSDC token,
        address from,
        address to,
        uint256 value,
        uint256 validAfter,
        uint256 validBefore,
        bytes32 nonce
    ) internal view returns (bytes32) {
        bytes32 structHash = keccak256(abi.encode(TRANSFER, from, to, value, validAfter, validBefore, nonce));
        return typed(token.DOMAIN_SEPARATOR(), structHash);
    }

    function cancelAuthorization(DevUSDC token, address authorizer, bytes32 nonce) internal view returns (bytes32) {
        return typed(token.DOMAIN_SEPARATOR(), keccak256(abi.encode(CANCEL, authorizer, nonce)));
    }

    function permit(DevUSDC token, address owner, address spender, uint256 value, uint256 nonce, uint256 deadline)
        internal
        view
        returns (bytes32)
    {
        bytes32 structHash = keccak256(abi.encode(PERMIT, owner, spender, value, nonce, deadline));
        return typed(token.DOMAIN_SEPARATOR(), structHash);
    }

    function permitWitness(
        IPermit2 permit2,
        address token,
        uint256 amount,
        address spender,
        uint256 nonce,
        uint256 deadline,
        bytes32 channelId
    ) internal view returns (bytes32) {
        bytes32 permitted = keccak256(abi.encode(TOKEN_PERMISSIONS, token, amount));
        bytes32 witness = keccak256(abi.encode(WITNESS, channelId));
        bytes32 structHash = keccak256(abi.encode(PERMIT_WITNESS, permitted, spender, nonce, deadline, witness));
        return typed(permit2.DOMAIN_SEPARATOR(), structHash);
    }
}
