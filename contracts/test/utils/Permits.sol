// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {DevUSDC} from "../../src/DevUSDC.sol";
import {ExactWitness} from "../../src/interfaces/IExactPermit2Proxy.sol";
import {IPermit2} from "../../src/interfaces/IPermit2.sol";
import {UptoWitness} from "../../src/interfaces/IUptoPermit2Proxy.sol";

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
    bytes32 internal constant PERMIT_EXACT = keccak256(
        "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,uint256 validAfter)"
    );
    bytes32 internal constant EXACT_WITNESS = keccak256("Witness(address to,uint256 validAfter)");
    bytes32 internal constant PERMIT_UPTO = keccak256(
        "PermitWitnessTransferFrom(TokenPermissions permitted,address spender,uint256 nonce,uint256 deadline,Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,address facilitator,uint256 validAfter)"
    );
    bytes32 internal constant UPTO_WITNESS = keccak256("Witness(address to,address facilitator,uint256 validAfter)");

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

    /// @dev What the payer of an `exact` payment signs, for the proxy `spender`.
    function exact(
        IPermit2 permit2,
        address spender,
        IPermit2.PermitTransferFrom memory permitted,
        ExactWitness memory witness
    ) internal view returns (bytes32) {
        bytes32 hash = keccak256(abi.encode(EXACT_WITNESS, witness.to, witness.validAfter));
        return witnessed(permit2, PERMIT_EXACT, spender, permitted, hash);
    }

    /// @dev What the payer of an `upto` payment signs, for the proxy `spender`.
    function upto(
        IPermit2 permit2,
        address spender,
        IPermit2.PermitTransferFrom memory permitted,
        UptoWitness memory witness
    ) internal view returns (bytes32) {
        bytes32 hash = keccak256(abi.encode(UPTO_WITNESS, witness.to, witness.facilitator, witness.validAfter));
        return witnessed(permit2, PERMIT_UPTO, spender, permitted, hash);
    }

    function witnessed(
        IPermit2 permit2,
        bytes32 typeHash,
        address spender,
        IPermit2.PermitTransferFrom memory p,
        bytes32 witness
    ) private view returns (bytes32) {
        bytes32 permitted = keccak256(abi.encode(TOKEN_PERMISSIONS, p.permitted.token, p.permitted.amount));
        bytes32 structHash = keccak256(abi.encode(typeHash, permitted, spender, p.nonce, p.deadline, witness));
        return typed(permit2.DOMAIN_SEPARATOR(), structHash);
    }
}
