// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ChannelConfig, IEscrow, VoucherClaim} from "../../src/interfaces/IEscrow.sol";
import {Actors} from "../utils/Actors.sol";

/// @notice Gas of whole claim transactions: execution, calldata and the base of 21,000. Every call is a transaction of its
/// own, so all storage is cold. Distinct payers, one receiver; no running total is zero before.
/// forge-config: default.isolate = true
contract ClaimGasTest is Actors {
    /// @dev The most gas that a transaction may have (EIP-7825).
    uint256 internal constant TRANSACTION_CAP = 1 << 24;

    function record(string memory path, uint256 rows) private returns (uint256 gas) {
        gas = vm.lastCallGas().gasTotalUsed;
        vm.snapshotValue("gas", string.concat(path, ".", vm.toString(rows), ".perChannel"), (gas + rows / 2) / rows);
    }

    /// @dev `n` channels of which one unit was claimed, and the claim of 1.5 USDC more of each.
    function open(uint256 n) private returns (VoucherClaim[] memory rows) {
        rows = new VoucherClaim[](n);
        VoucherClaim[] memory first = new VoucherClaim[](n);
        for (uint256 i = 0; i < n; ++i) {
            (address who, uint256 key) = makeAddrAndKey(string.concat("payer ", vm.toString(i)));
            ChannelConfig memory c = ChannelConfig(who, who, receiver, cashier, address(usdc), DELAY, 0);
            fund(c, 5e6);
            first[i] = voucher(c, key, 1, 1);
            rows[i] = voucher(c, key, 1_500_001, 1_500_001);
        }
        vm.startPrank(cashier);
        escrow.claimCompact(compact(first, true));
    }

    function measure(uint256 n) private returns (uint256 standard, uint256 packed) {
        VoucherClaim[] memory rows = open(n);
        bytes memory batch = compact(rows, false);
        bytes memory settling = compact(rows, true);
        bytes[] memory calls = new bytes[](2);
        calls[0] = abi.encodeCall(IEscrow.claim, (rows));
        calls[1] = abi.encodeCall(IEscrow.settle, (receiver, address(usdc)));

        uint256 start = vm.snapshotState();
        escrow.claim(rows);
        standard = record("standard.claim", n);
        vm.revertToState(start);
        escrow.multicall(calls);
        record("standard.claimSettle", n);
        vm.revertToState(start);
        (, uint256 booked,) = escrow.claimCompact(settling);
        record("compact.claimSettle", n);
        assertEq(booked, n);
        vm.revertToState(start);
        (, booked,) = escrow.claimCompact(batch);
        packed = record("compact.claim", n);
        assertEq(booked, n);
    }

    function test_one_row() public {
        (uint256 standard, uint256 packed) = measure(1);
        assertLt(packed, standard);
    }

    function test_10_rows() public {
        (uint256 standard, uint256 packed) = measure(10);
        assertLe(packed * 100, standard * 66);
    }

    function test_100_rows_cost_at_most_11000_each() public {
        (uint256 standard, uint256 packed) = measure(100);
        assertLe(packed, 100 * 11_000);
        assertLe(packed * 10, standard * 6);
    }

    function test_500_rows_cost_at_most_10600_each() public {
        (uint256 standard, uint256 packed) = measure(500);
        assertLe(packed, 500 * 10_600);
        assertLe(packed * 10, standard * 6);
    }

    function test_1000_rows_fit_a_transaction() public {
        (uint256 standard, uint256 packed) = measure(1000);
        assertLe(packed, TRANSACTION_CAP);
        assertLe(packed * 10, standard * 6);
    }
}
