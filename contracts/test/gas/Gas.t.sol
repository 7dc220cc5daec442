// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ChannelConfig, VoucherClaim} from "../../src/interfaces/IEscrow.sol";
import {Actors} from "../utils/Actors.sol";

/// @notice Gas of whole transactions: execution, calldata and the base of 21,000. Run with --isolate, which makes every
/// call of a test a transaction; scripts/gas.sh does. Distinct payers, one receiver; no running total is zero before.
contract GasTest is Actors {
    function record(string memory name, uint256 rows) private {
        uint256 gas = vm.lastCallGas().gasTotalUsed;
        if (rows == 0) vm.snapshotValue("gas", name, gas);
        else vm.snapshotValue("gas", string.concat(name, ".perChannel"), (gas + rows / 2) / rows);
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

    function measure(uint256 n) private {
        VoucherClaim[] memory rows = open(n);
        bytes memory batch = compact(rows, false);
        uint256 before = vm.snapshotState();
        escrow.claim(rows);
        record(string.concat("standard.claim.", vm.toString(n)), n);
        vm.revertToState(before);
        (, uint256 booked,) = escrow.claimCompact(batch);
        record(string.concat("compact.claim.", vm.toString(n)), n);
        assertEq(booked, n);
    }

    function test_claim_1() public {
        measure(1);
    }

    function test_claim_10() public {
        measure(10);
    }

    function test_claim_100() public {
        measure(100);
    }

    function test_claim_500() public {
        measure(500);
    }

    function test_claim_1000() public {
        measure(1000);
    }
}
