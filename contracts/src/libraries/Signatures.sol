// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {SignatureChecker} from "@openzeppelin/contracts/utils/cryptography/SignatureChecker.sol";

/// @title Signature checks of the escrow
/// @notice Keys sign 65 bytes (r, s, v) or 64 bytes (EIP-2098); a high s is refused. Contracts sign by ERC-1271.
library Signatures {
    /// @dev Whether the key of `signer` signed.
    function isByKey(address signer, bytes32 digest, bytes calldata signature) internal pure returns (bool) {
        address recovered;
        ECDSA.RecoverError problem;
        if (signature.length == 64) {
            (recovered, problem,) = ECDSA.tryRecover(digest, bytes32(signature[0:32]), bytes32(signature[32:64]));
        } else {
            (recovered, problem,) = ECDSA.tryRecoverCalldata(digest, signature);
        }
        return problem == ECDSA.RecoverError.NoError && recovered == signer;
    }

    /// @dev Whether the key of `signer`, or the contract at `signer`, signed. The key comes first: an EOA that delegates
    /// its code (EIP-7702) keeps signing with its key, and no contract's address has a key.
    function isByKeyOrContract(address signer, bytes32 digest, bytes calldata signature) internal view returns (bool) {
        return isByKey(signer, digest, signature)
            || SignatureChecker.isValidERC1271SignatureNowCalldata(signer, digest, signature);
    }
}
