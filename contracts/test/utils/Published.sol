// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {Vm} from "forge-std/Vm.sol";
import {DeployPermit2} from "permit2/test/utils/DeployPermit2.sol";

import {IMulticall3} from "../../src/interfaces/IMulticall3.sol";
import {IPermit2} from "../../src/interfaces/IPermit2.sol";

/// @notice Contracts of others, with their published code at their own addresses.
library Published {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    function permit2() internal returns (IPermit2) {
        return IPermit2(new DeployPermit2().deployPermit2());
    }

    function multicall3() internal returns (IMulticall3 multicall) {
        bytes memory creation = VM.parseBytes(string.concat("0x", VM.trim(VM.readFile("published/Multicall3.hex"))));
        address made;
        assembly ("memory-safe") {
            made := create(0, add(creation, 0x20), mload(creation))
        }
        require(made != address(0), "Multicall3");
        multicall = IMulticall3(0xcA11bde05977b3631167028862bE2a173976CA11);
        VM.etch(address(multicall), made.code);
    }
}
