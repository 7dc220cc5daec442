// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ChannelConfig, IEscrow, VoucherClaim} from "../../src/interfaces/IEscrow.sol";
import {Actors} from "../utils/Actors.sol";
import {KeyWallet} from "../utils/Wallets.sol";

contract ClaimWithSignatureTest is Actors {
    ChannelConfig internal c;
    bytes32 internal id;

    function setUp() public override {
        super.setUp();
        c = terms();
        id = fund(c, 10e6);
    }

    function sign(uint256 key, VoucherClaim[] memory rows) private view returns (bytes memory) {
        return signed(key, escrow.getClaimBatchDigest(rows));
    }

    function refused(VoucherClaim[] memory rows, bytes memory signature) private {
        vm.expectRevert(IEscrow.InvalidSignature.selector);
        escrow.claimWithSignature(rows, signature);
    }

    function test_anyone_sends_what_the_receivers_authorizer_signed() public {
        VoucherClaim[] memory rows = one(voucher(c, payerKey, 4e6, 3e6));
        bytes memory signature = sign(cashierKey, rows);
        vm.expectEmit(address(escrow));
        emit IEscrow.Claimed(id, stranger, 3e6, 3e6);
        vm.prank(stranger);
        escrow.claimWithSignature(rows, signature);
        (uint128 total,) = escrow.receivers(receiver, address(usdc));
        assertEq(total, 3e6);
        assertEq(claimed(id), 3e6);
    }

    function test_rows_of_several_receivers_may_share_an_authorizer() public {
        ChannelConfig memory other = terms();
        other.receiver = stranger;
        bytes32 second = fund(other, 5e6);
        VoucherClaim[] memory rows = two(voucher(c, payerKey, 1e6, 1e6), voucher(other, payerKey, 2e6, 2e6));
        escrow.claimWithSignature(rows, sign(cashierKey, rows));
        assertEq(claimed(id), 1e6);
        assertEq(claimed(second), 2e6);
    }

    function test_a_row_of_another_authorizer_is_refused() public {
        ChannelConfig memory other = terms();
        other.receiverAuthorizer = stranger;
        fund(other, 5e6);
        VoucherClaim[] memory rows = two(voucher(c, payerKey, 1e6, 1e6), voucher(other, payerKey, 2e6, 2e6));
        bytes memory signature = sign(cashierKey, rows);
        vm.expectRevert(IEscrow.NotReceiverAuthorizer.selector);
        escrow.claimWithSignature(rows, signature);
    }

    function test_a_claim_without_rows_is_refused() public {
        vm.expectRevert(IEscrow.EmptyBatch.selector);
        escrow.claimWithSignature(new VoucherClaim[](0), "");
    }

    function test_the_receivers_own_key_is_not_its_authorizers() public {
        VoucherClaim[] memory rows = one(voucher(c, payerKey, 1e6, 1e6));
        refused(rows, sign(receiverKey, rows));
    }

    function test_the_authorizer_signs_these_rows_and_no_others() public {
        VoucherClaim[] memory rows = one(voucher(c, payerKey, 4e6, 3e6));
        bytes memory signature = sign(cashierKey, rows);
        refused(one(voucher(c, payerKey, 4e6, 4e6)), signature);
        refused(one(voucher(c, payerKey, 5e6, 3e6)), signature);
        refused(two(rows[0], rows[0]), signature);
        c.salt = bytes32(uint256(1));
        refused(one(voucher(c, payerKey, 4e6, 3e6)), signature);
    }

    function test_sending_it_twice_is_harmless() public {
        VoucherClaim[] memory rows = one(voucher(c, payerKey, 3e6, 3e6));
        bytes memory signature = sign(cashierKey, rows);
        escrow.claimWithSignature(rows, signature);
        escrow.claimWithSignature(rows, signature);
        (uint128 total,) = escrow.receivers(receiver, address(usdc));
        assertEq(total, 3e6);
    }

    function test_the_vouchers_are_checked_as_ever() public {
        VoucherClaim[] memory rows = one(voucher(c, payerKey, 1e6, 1e6 + 1));
        bytes memory signature = sign(cashierKey, rows);
        vm.expectRevert(IEscrow.ClaimExceedsCeiling.selector);
        escrow.claimWithSignature(rows, signature);
        rows = one(voucher(c, payerKey, 10e6 + 1, 10e6 + 1));
        signature = sign(cashierKey, rows);
        vm.expectRevert(IEscrow.ClaimExceedsBalance.selector);
        escrow.claimWithSignature(rows, signature);
        rows = one(voucher(c, sessionKey, 1e6, 1e6));
        refused(rows, sign(cashierKey, rows));
    }

    function test_a_contract_may_be_the_authorizer() public {
        c.receiverAuthorizer = address(new KeyWallet(cashier));
        id = fund(c, 5e6);
        VoucherClaim[] memory rows = one(voucher(c, payerKey, 1e6, 1e6));
        escrow.claimWithSignature(rows, sign(cashierKey, rows));
        assertEq(claimed(id), 1e6);
        rows = one(voucher(c, payerKey, 2e6, 2e6));
        bytes memory signature = sign(payerKey, rows);
        vm.expectRevert();
        escrow.claimWithSignature(rows, signature);
    }

    function test_nobody_signs_for_the_zero_address() public {
        c.receiverAuthorizer = address(0);
        VoucherClaim[] memory rows = one(voucher(c, payerKey, 1e6, 1e6));
        refused(rows, abi.encodePacked(bytes32(0), bytes32(0), uint8(27)));
        refused(rows, new bytes(64));
        refused(rows, "");
    }
}
