// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {Escrow} from "../../src/Escrow.sol";
import {Erc3009Collector} from "../../src/collectors/Erc3009Collector.sol";
import {Permit2Collector} from "../../src/collectors/Permit2Collector.sol";
import {ICollector} from "../../src/interfaces/ICollector.sol";
import {ICompactClaim} from "../../src/interfaces/ICompactClaim.sol";
import {ChannelConfig, IEscrow, Voucher, VoucherClaim} from "../../src/interfaces/IEscrow.sol";
import {IReceiveWithAuthorization} from "../../src/interfaces/IReceiveWithAuthorization.sol";
import {Actors} from "../utils/Actors.sol";

/// @notice What the scheme fixes: selectors, topics, type hashes and digests.
contract InterfaceTest is Actors {
    address internal constant CANONICAL = 0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003;

    function test_selectors_are_those_of_the_scheme() public view {
        assertEq(IEscrow.deposit.selector, bytes4(0x140f1e75));
        assertEq(IEscrow.claim.selector, bytes4(0x29237b0c));
        assertEq(IEscrow.claimWithSignature.selector, bytes4(0xe43ce1f2));
        assertEq(IEscrow.settle.selector, bytes4(0x9db32a8f));
        assertEq(IEscrow.initiateWithdraw.selector, bytes4(0xcf5cf3dc));
        assertEq(IEscrow.finalizeWithdraw.selector, bytes4(0xe88377b1));
        assertEq(IEscrow.refund.selector, bytes4(0xdce4bfae));
        assertEq(IEscrow.refundWithSignature.selector, bytes4(0xb77433e9));
        assertEq(escrow.multicall.selector, bytes4(0xac9650d8));
        assertEq(IEscrow.getChannelId.selector, bytes4(0x5e5e0b87));
        assertEq(IEscrow.getVoucherDigest.selector, bytes4(0x862bb199));
        assertEq(IEscrow.getRefundDigest.selector, bytes4(0xe25cf189));
        assertEq(IEscrow.getClaimBatchDigest.selector, bytes4(0x488ccc3b));
        assertEq(IEscrow.channels.selector, bytes4(0x7a7ebd7b));
        assertEq(IEscrow.pendingWithdrawals.selector, bytes4(0xb7f06ebe));
        assertEq(IEscrow.receivers.selector, bytes4(0x21ff6389));
        assertEq(IEscrow.refundNonce.selector, bytes4(0xf0dc792e));
        assertEq(IReceiveWithAuthorization.receiveWithAuthorization.selector, bytes4(0x88b7ab63));
        assertEq(ICollector.collect.selector, bytes4(keccak256("collect(address,address,uint256,bytes32,bytes)")));
    }

    function test_topics_are_those_of_the_scheme() public pure {
        string memory config = "(address,address,address,address,address,uint40,bytes32)";
        assertEq(
            IEscrow.ChannelCreated.selector, keccak256(bytes(string.concat("ChannelCreated(bytes32,", config, ")")))
        );
        assertEq(bytes4(IEscrow.ChannelCreated.selector), bytes4(0x69d8248d));
        assertEq(uint24(uint256(IEscrow.ChannelCreated.selector)), 0xf808fa);
        assertEq(IEscrow.ChannelClosed.selector, keccak256(bytes(string.concat("ChannelClosed(bytes32,", config, ")"))));
        assertEq(IEscrow.Deposited.selector, keccak256("Deposited(bytes32,address,uint128,uint128)"));
        assertEq(IEscrow.Claimed.selector, keccak256("Claimed(bytes32,address,uint128,uint128)"));
        assertEq(IEscrow.Settled.selector, keccak256("Settled(address,address,address,uint128)"));
        assertEq(IEscrow.Refunded.selector, keccak256("Refunded(bytes32,address,uint128)"));
        assertEq(IEscrow.WithdrawInitiated.selector, keccak256("WithdrawInitiated(bytes32,uint128,uint40)"));
        assertEq(IEscrow.WithdrawFinalized.selector, keccak256("WithdrawFinalized(bytes32,address,uint128)"));
        assertEq(
            ICompactClaim.CompactClaimed.selector,
            keccak256("CompactClaimed(address,address,address,address,uint128,uint256,uint256)")
        );
        assertEq(ICompactClaim.ClaimSkipped.selector, keccak256("ClaimSkipped(bytes32,uint256,uint8)"));
    }

    function test_type_hashes_are_those_of_the_scheme() public {
        assertEq(escrow.CHANNEL_CONFIG_TYPEHASH(), 0x1c9a06ceab9b0ebbd3301dc56c9111bb6d9af421356dc9ccb3b7084c755db308);
        assertEq(escrow.VOUCHER_TYPEHASH(), 0x1e1bd6ff84c3e0d9029a292b212e039c0ca97ec497c55191a4a5874294609a69);
        assertEq(escrow.REFUND_TYPEHASH(), 0xbe23ad087435072cd69b49cc5b92de10ee610fce7ae0ab428307972d764bb216);
        assertEq(escrow.CLAIM_ENTRY_TYPEHASH(), 0x30b9a0367528fca13c3e8ec6134c3113f1887ebe7a1ad61de0955aac288b0cf5);
        assertEq(escrow.CLAIM_BATCH_TYPEHASH(), 0x42bd57c010b870c2e96203c66341f28a6a19b4d56a74533a8eb5f706b9fd6d57);
        assertEq(escrow.COMPACT_CLAIM_TYPEHASH(), keccak256("CompactClaim(bytes batch)"));
        assertEq(
            new Permit2Collector(address(escrow)).DEPOSIT_WITNESS_TYPEHASH(),
            keccak256("DepositWitness(bytes32 channelId)")
        );
    }

    function test_delays_are_those_of_the_scheme() public view {
        assertEq(escrow.MIN_WITHDRAW_DELAY(), 900);
        assertEq(escrow.MAX_WITHDRAW_DELAY(), 2_592_000);
    }

    function canonical() private returns (Escrow there) {
        vm.etch(CANONICAL, address(escrow).code);
        vm.chainId(84532);
        return Escrow(CANONICAL);
    }

    /// @dev The vector was made with the scheme's own client.
    function vector() private pure returns (ChannelConfig memory) {
        return ChannelConfig({
            payer: 0x857b06519E91e3A54538791bDbb0E22373e36b66,
            payerAuthorizer: 0x857b06519E91e3A54538791bDbb0E22373e36b66,
            receiver: 0x209693Bc6afc0C5328bA36FaF03C514EF312287C,
            receiverAuthorizer: 0x1111111111111111111111111111111111111111,
            token: 0x036CbD53842c5426634e7929541eC2318f3dCF7e,
            withdrawDelay: 86400,
            salt: bytes32(uint256(1))
        });
    }

    function test_at_the_canonical_address_the_id_is_the_stock_clients() public {
        assertEq(canonical().getChannelId(vector()), 0x105528f849f750512b35bc0f1cdf57016e517a71bbea2728461b588217bb2fcb);
    }

    function test_at_the_canonical_address_a_vouchers_digest_is_the_stock_clients() public {
        Escrow there = canonical();
        assertEq(
            there.getVoucherDigest(there.getChannelId(vector()), 1000),
            0x09608681533ff54066a8dc786b659d927eca2c4f7e3825186ba495e33ed3edd3
        );
    }

    function typed(bytes32 structHash) private view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("x402 Batch Settlement"),
                keccak256("1"),
                block.chainid,
                address(escrow)
            )
        );
        return keccak256(bytes.concat(hex"1901", domain, structHash));
    }

    function testFuzz_refund_digests_are_eip712(bytes32 id, uint256 nonce, uint128 amount, uint64 chain) public {
        vm.chainId(bound(chain, 1, type(uint64).max - 1));
        bytes32 typeHash = keccak256("Refund(bytes32 channelId,uint256 nonce,uint128 amount)");
        assertEq(escrow.getRefundDigest(id, nonce, amount), typed(keccak256(abi.encode(typeHash, id, nonce, amount))));
    }

    function testFuzz_claim_digests_are_eip712(uint128[4] calldata amounts, bytes32 salt) public view {
        ChannelConfig memory other = terms();
        other.salt = salt;
        VoucherClaim[] memory rows = new VoucherClaim[](2);
        rows[0] = VoucherClaim(Voucher(terms(), amounts[0]), "", amounts[1]);
        rows[1] = VoucherClaim(Voucher(other, amounts[2]), "", amounts[3]);
        bytes32 entry = keccak256("ClaimEntry(bytes32 channelId,uint128 maxClaimableAmount,uint128 totalClaimed)");
        bytes32 batch = keccak256(
            "ClaimBatch(ClaimEntry[] claims)ClaimEntry(bytes32 channelId,uint128 maxClaimableAmount,uint128 totalClaimed)"
        );
        bytes32 a = keccak256(abi.encode(entry, escrow.getChannelId(terms()), amounts[0], amounts[1]));
        bytes32 b = keccak256(abi.encode(entry, escrow.getChannelId(other), amounts[2], amounts[3]));
        assertEq(
            escrow.getClaimBatchDigest(rows), typed(keccak256(abi.encode(batch, keccak256(abi.encodePacked(a, b)))))
        );
    }

    function testFuzz_compact_digests_are_eip712(bytes calldata batch) public view {
        bytes32 typeHash = keccak256("CompactClaim(bytes batch)");
        assertEq(escrow.getCompactClaimDigest(batch), typed(keccak256(abi.encode(typeHash, keccak256(batch)))));
    }

    function test_every_term_is_part_of_the_id() public {
        bytes32 id = escrow.getChannelId(terms());
        for (uint256 i = 0; i < 7; ++i) {
            ChannelConfig memory c = terms();
            if (i == 0) c.payer = stranger;
            if (i == 1) c.payerAuthorizer = stranger;
            if (i == 2) c.receiver = stranger;
            if (i == 3) c.receiverAuthorizer = stranger;
            if (i == 4) c.token = stranger;
            if (i == 5) c.withdrawDelay += 1;
            if (i == 6) c.salt = bytes32(uint256(1));
            assertNotEq(escrow.getChannelId(c), id);
        }
        assertNotEq(new Escrow().getChannelId(terms()), id, "another escrow");
    }

    function test_the_domain_is_told_by_eip5267() public view {
        (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        ) = escrow.eip712Domain();
        assertEq(fields, bytes1(0x0f));
        assertEq(name, "x402 Batch Settlement");
        assertEq(version, "1");
        assertEq(chainId, block.chainid);
        assertEq(verifyingContract, address(escrow));
        assertEq(salt, bytes32(0));
        assertEq(extensions.length, 0);
    }

    function test_interfaces_are_told_by_erc165() public view {
        assertTrue(escrow.supportsInterface(0x01ffc9a7));
        assertTrue(escrow.supportsInterface(type(IERC165).interfaceId));
        assertTrue(escrow.supportsInterface(type(IEscrow).interfaceId));
        assertTrue(escrow.supportsInterface(type(ICompactClaim).interfaceId));
        assertFalse(escrow.supportsInterface(0xffffffff));
        assertFalse(escrow.supportsInterface(0));
    }

    function test_unknown_channels_and_receivers_are_empty() public view {
        bytes32 id = escrow.getChannelId(terms());
        assertEq(balance(id), 0);
        assertEq(claimed(id), 0);
        (uint128 amount, uint40 since) = escrow.pendingWithdrawals(id);
        assertEq(amount, 0);
        assertEq(since, 0);
        (uint128 total, uint128 settled) = escrow.receivers(receiver, address(usdc));
        assertEq(total, 0);
        assertEq(settled, 0);
        assertEq(escrow.refundNonce(id), 0);
    }

    function word(bytes32 key, uint256 slot) private view returns (uint256) {
        return uint256(vm.load(address(escrow), keccak256(abi.encode(key, slot))));
    }

    function test_the_storage_layout_is_the_documented_one() public {
        ChannelConfig memory c = terms();
        bytes32 id = fund(c, 10e6);
        VoucherClaim[] memory rows = one(voucher(c, payerKey, 4e6, 4e6));
        vm.startPrank(receiver);
        escrow.claim(rows);
        escrow.settle(receiver, address(usdc));
        escrow.refund(c, 1e6);
        vm.stopPrank();
        vm.prank(payer);
        escrow.initiateWithdraw(c, 5e6);
        assertEq(word(id, 0), uint256(4e6) << 128 | 9e6);
        assertEq(word(id, 1), block.timestamp << 128 | 5e6);
        assertEq(word(id, 2), 1);
        bytes32 inner = keccak256(abi.encode(receiver, 3));
        assertEq(word(bytes32(uint256(uint160(address(usdc)))), uint256(inner)), uint256(4e6) << 128 | 4e6);
    }

    function test_the_code_has_no_immutables() public {
        address elsewhere = address(new Escrow());
        assertEq(elsewhere.codehash, address(escrow).codehash);
        assertEq(new Erc3009Collector(address(escrow)).escrow(), address(escrow));
    }
}
