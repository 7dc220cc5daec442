// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {DeployPermit2} from "permit2/test/utils/DeployPermit2.sol";

import {Erc3009Collector} from "../../src/collectors/Erc3009Collector.sol";
import {Permit2Collector} from "../../src/collectors/Permit2Collector.sol";
import {TransferCollector} from "../../src/collectors/TransferCollector.sol";
import {ChannelConfig, VoucherClaim} from "../../src/interfaces/IEscrow.sol";
import {IPermit2} from "../../src/interfaces/IPermit2.sol";
import {Actors} from "../utils/Actors.sol";
import {Permits} from "../utils/Permits.sol";

/// @notice Gas of whole transactions other than claims, and of what they replace: one transfer for every call.
/// forge-config: default.isolate = true
contract PaymentGasTest is Actors {
    ChannelConfig internal c;
    bytes32 internal id;

    /// @dev The escrow and the payer hold tokens, as they do at any time but the first.
    function setUp() public override {
        super.setUp();
        c = terms();
        c.salt = keccak256("another channel");
        fund(c, 1);
        c = terms();
        id = escrow.getChannelId(c);
        usdc.mint(payer, 100e6);
        usdc.mint(receiver, 1);
    }

    function record(string memory name) private {
        vm.snapshotValue("gas", name, vm.lastCallGas().gasTotalUsed);
    }

    function test_deposits_by_eip3009() public {
        address eip3009 = address(new Erc3009Collector(address(escrow)));
        for (uint256 i = 0; i < 2; ++i) {
            bytes32 nonce = keccak256(abi.encode(id, i));
            bytes32 digest = Permits.receiveWithAuthorization(usdc, payer, eip3009, 5e6, 0, type(uint64).max, nonce);
            bytes memory data = abi.encode(0, type(uint64).max, i, signed(payerKey, digest));
            escrow.deposit(c, 5e6, eip3009, data);
            record(i == 0 ? "deposit.eip3009.first" : "deposit.eip3009.topUp");
        }
        assertEq(balance(id), 10e6);
    }

    function test_deposits_by_permit2() public {
        IPermit2 permit2 = IPermit2(new DeployPermit2().deployPermit2());
        address permits = address(new Permit2Collector(address(escrow)));
        vm.prank(payer);
        usdc.approve(address(permit2), type(uint256).max);
        for (uint256 i = 0; i < 2; ++i) {
            bytes32 digest = Permits.permitWitness(permit2, address(usdc), 5e6, permits, i, type(uint64).max, id);
            bytes memory data = abi.encode(i, type(uint64).max, signed(payerKey, digest), "");
            escrow.deposit(c, 5e6, permits, data);
            record(i == 0 ? "deposit.permit2.first" : "deposit.permit2.topUp");
        }
        assertEq(balance(id), 10e6);
    }

    function test_deposits_by_transfer() public {
        TransferCollector transfers = new TransferCollector(address(escrow));
        vm.startPrank(payer);
        usdc.approve(address(transfers), type(uint256).max);
        transfers.deposit(c, 5e6);
        record("deposit.transfer.first");
        transfers.deposit(c, 5e6);
        record("deposit.transfer.topUp");
        assertEq(balance(id), 10e6);
    }

    function test_settlements() public {
        fund(c, 10e6);
        VoucherClaim[] memory first = one(voucher(c, payerKey, 1e6, 1e6));
        VoucherClaim[] memory second = one(voucher(c, payerKey, 2e6, 2e6));
        vm.startPrank(cashier);
        escrow.claim(first);
        escrow.settle(receiver, address(usdc));
        escrow.claim(second);
        escrow.settle(receiver, address(usdc));
        record("settle");
        assertEq(usdc.balanceOf(receiver), 2e6 + 1);
    }

    function test_refunds() public {
        fund(c, 10e6);
        vm.prank(receiver);
        escrow.refund(c, 1e6);
        bytes memory signature = signed(cashierKey, escrow.getRefundDigest(id, 1, 1e6));
        escrow.refundWithSignature(c, 1e6, 1, signature);
        record("refundWithSignature");
        vm.prank(receiver);
        escrow.refund(c, 1e6);
        record("refund");
        assertEq(balance(id), 7e6);
    }

    function test_withdrawals() public {
        fund(c, 10e6);
        vm.startPrank(payer);
        escrow.initiateWithdraw(c, 4e6);
        record("withdraw.initiate");
        skip(DELAY);
        escrow.finalizeWithdraw(c);
        record("withdraw.finalize");
        assertEq(balance(id), 6e6);
    }

    function test_the_baseline_is_one_transfer_for_every_call() public {
        bytes32 digest = Permits.transferWithAuthorization(usdc, payer, receiver, 1e6, 0, type(uint64).max, "nonce");
        bytes memory signature = signed(payerKey, digest);
        usdc.transferWithAuthorization(payer, receiver, 1e6, 0, type(uint64).max, "nonce", signature);
        record("baseline.transferWithAuthorization");
        assertEq(usdc.balanceOf(receiver), 1e6 + 1);
    }
}
