// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @notice A contract that signs with its owner's key, and does whatever its owner's key calls for.
contract KeyWallet is IERC1271 {
    address public immutable owner;

    constructor(address owner_) {
        owner = owner_;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view virtual returns (bytes4) {
        return ECDSA.recover(digest, signature) == owner ? IERC1271.isValidSignature.selector : bytes4(0);
    }

    function run(address target, bytes calldata data) external returns (bytes memory) {
        (bool done, bytes memory result) = target.call(data);
        require(done, string(result));
        return result;
    }
}

/// @notice Wallets that answer badly.
contract BadWallet is IERC1271 {
    enum Mood {
        Refuse,
        Revert,
        BurnGas,
        ReturnBomb,
        ShortAnswer,
        DirtyAnswer,
        RevertWithYes,
        Reenter
    }

    Mood public immutable mood;
    address public immutable escrow;

    constructor(Mood mood_, address escrow_) {
        mood = mood_;
        escrow = escrow_;
    }

    function isValidSignature(bytes32, bytes calldata data) external view returns (bytes4) {
        if (mood == Mood.Revert) revert("no");
        if (mood == Mood.BurnGas) while (true) {}
        if (mood == Mood.ReturnBomb) {
            assembly ("memory-safe") {
                return(0, 1000000)
            }
        }
        if (mood == Mood.ShortAnswer) {
            assembly ("memory-safe") {
                mstore(0, shl(224, 0x1626ba7e))
                return(0, 31)
            }
        }
        if (mood == Mood.DirtyAnswer) {
            assembly ("memory-safe") {
                mstore(0, or(shl(224, 0x1626ba7e), 1))
                return(0, 32)
            }
        }
        if (mood == Mood.RevertWithYes) {
            assembly ("memory-safe") {
                mstore(0, shl(224, 0x1626ba7e))
                revert(0, 32)
            }
        }
        if (mood == Mood.Reenter) {
            (bool done,) = escrow.staticcall(data);
            return done ? IERC1271.isValidSignature.selector : bytes4(0);
        }
        return 0xffffffff;
    }
}
