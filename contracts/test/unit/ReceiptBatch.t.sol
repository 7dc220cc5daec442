// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";
import {Test} from "forge-std/Test.sol";

/// @notice A batch of five receipts that vouchers/receipts has signed, as a contract can check it. The
/// test of that package holds these values against what it makes.
contract ReceiptBatchTest is Test {
    address private constant SIGNER = 0x70997970C51812dc3A010C7d01b50e0d17dc79C8;
    bytes32 private constant DIGEST = 0x338d4e641e31a3ba2b4f40ced527d5513ade10856055445e44b12176056f759c;
    bytes private constant SIGNATURE =
        hex"1dc02291d0ee92b4f3f7785587536387f899115aae475c35ce37953c8fd95289313172a357bcc84a02d0a2b285f7123362a415ad6013b50d92fe9ab36291e4061c";

    bytes32[5] private receipts = [
        bytes32(0x07b3ccab1b7aed7418560f7557c5f6ddcc353878e386a720a38e51726d30d241),
        0xd4e3e1671c9ba4f22b8c4d2ee5a336217b7bdf0626764ebb7018a952aaf4e383,
        0xcb929e895b20d91e36bf89cb64161e1d3f27fa1a0a7f5245f3e4664a1ef7eaa2,
        0x50fb89e14372942ea9fc99762366229809d7313ea02a865b03c55613f615c7e8,
        0x0d9dd03978d0f3593070d9e38f2cbc6a7d0dd993b04bfc09f52f59e81dd48707
    ];
    bytes32 private constant LEAF0 = 0x1245f89fb9dd6c26661ae90a9e576cc9b4952ffdf6c0a0c7c68790a4246bdf19;
    bytes32 private constant LEAF1 = 0x9fba599a65c0662aba67367cc88734f61378ab57b04459fc0da4a2a87ed33b99;
    bytes32 private constant LEAF2 = 0xf7d125de8623e58bee98b09a49b2dd84959a17d9bd80a10e4ea8fb1d6db63e83;
    bytes32 private constant LEAF3 = 0x302a8b4773b3efd097e21cef048cf865e1c308cd1be1aa57bf197746efecb931;
    bytes32 private constant LEAF4 = 0xd039d01ff7504427d3888159b11584da1f15bf4c9c350a53bf4cd8efc5a9d0f5;
    bytes32 private constant NODE01 = 0x13de9891135d0018570d6185e3cbb980ef2b786974a306c8600211b578178ca3;
    bytes32 private constant NODE23 = 0xd40d5c10572c4420f8c2a156d440591732e6d809e3168422bd2cab7a9344b9d4;
    bytes32 private constant NODE0123 = 0x146537436c7699682e9aa4b75fa372f7d26ed486b160de1554feac35331d03d1;

    function test_EveryReceiptOfABatchIsProven() public view {
        assertTrue(_proven(0, _path(LEAF1, NODE23, LEAF4)));
        assertTrue(_proven(1, _path(LEAF0, NODE23, LEAF4)));
        assertTrue(_proven(2, _path(LEAF3, NODE01, LEAF4)));
        assertTrue(_proven(3, _path(LEAF2, NODE01, LEAF4)));
        bytes32[] memory carried = new bytes32[](1);
        carried[0] = NODE0123;
        assertTrue(_proven(4, carried));
    }

    function test_AnotherPathProvesNothing() public view {
        assertFalse(_proven(0, _path(LEAF0, NODE23, LEAF4)));
        assertFalse(_proven(4, _path(LEAF2, NODE01, LEAF4)));
    }

    /// @dev A node above leaves is no receipt, since what a leaf is made of is hashed twice.
    function test_AnInnerNodeIsNoReceipt() public view {
        bytes32[] memory above = new bytes32[](2);
        (above[0], above[1]) = (NODE23, LEAF4);
        assertTrue(_signed(MerkleProof.processProof(above, NODE01)));
        assertFalse(_signed(MerkleProof.processProof(above, _leaf(NODE01))));
    }

    function _proven(uint256 i, bytes32[] memory path) private view returns (bool) {
        return _signed(MerkleProof.processProof(path, _leaf(receipts[i])));
    }

    function _leaf(bytes32 receipt) private pure returns (bytes32) {
        return keccak256(bytes.concat(keccak256(abi.encode(receipt))));
    }

    function _signed(bytes32 root) private pure returns (bool) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version)"), keccak256("chit receipt batch"), keccak256("1")
            )
        );
        bytes32 batch = keccak256(abi.encode(keccak256("ReceiptBatch(bytes32 root)"), root));
        bytes32 digest = keccak256(abi.encodePacked(hex"1901", domain, batch));
        (address signer,,) = ECDSA.tryRecover(digest, SIGNATURE);
        return digest == DIGEST && signer == SIGNER;
    }

    function _path(bytes32 a, bytes32 b, bytes32 c) private pure returns (bytes32[] memory path) {
        path = new bytes32[](3);
        (path[0], path[1], path[2]) = (a, b, c);
    }
}
