// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {Vm} from "forge-std/Vm.sol";

import {ICompactClaim} from "../../src/interfaces/ICompactClaim.sol";
import {ChannelConfig, IEscrow, VoucherClaim} from "../../src/interfaces/IEscrow.sol";
import {Actors} from "../utils/Actors.sol";
import {CompactEncoder} from "../utils/CompactEncoder.sol";
import {PlainToken} from "../utils/Tokens.sol";
import {KeyWallet} from "../utils/Wallets.sol";

/// @notice The compact path against the standard path: the same rows leave the same state, and a row is skipped for the
/// reason for which the standard path refuses it.
contract DifferentialTest is Actors {
    uint256 internal constant CHANNELS = 8;
    uint256 internal constant MOST_ROWS = 12;

    /// @param channel Which channel.
    /// @param ceiling Of this only the high bits, see `width`.
    /// @param total As `ceiling`.
    /// @param width How many bits of the amounts to keep.
    /// @param capped Whether to bring the total down to the ceiling.
    /// @param spoilt 0 to 63 spoil the signature, each in its way.
    /// @param inShort Whether the standard path gets 64 bytes.
    struct Seed {
        uint8 channel;
        uint128 ceiling;
        uint128 total;
        uint8 width;
        bool capped;
        uint8 spoilt;
        bool inShort;
    }

    ChannelConfig[] internal configs;
    bytes32[] internal ids;
    uint256[] internal keys;
    address internal token;

    function setUp() public override {
        super.setUp();
        token = address(new PlainToken());
        address wallet = address(new KeyWallet(session));
        for (uint256 i = 0; i < CHANNELS; ++i) {
            ChannelConfig memory c = terms();
            c.token = token;
            if (i % 4 == 1) c.payerAuthorizer = session;
            if (i % 4 == 2) c.payerAuthorizer = address(0);
            if (i % 4 == 3) (c.payer, c.payerAuthorizer) = (wallet, address(0));
            if (i > 1) c.salt = i > 5 ? keccak256(abi.encode(i)) : bytes32(i << (8 * i));
            configs.push(c);
            keys.push(i % 2 == 1 ? sessionKey : payerKey);
            ids.push(fund(c, i < 4 ? 1_000 : uint128(1) << uint128(10 + 14 * i)));
        }
    }

    function rowOf(Seed calldata seed) private view returns (CompactEncoder.Row memory) {
        uint256 i = seed.channel % CHANNELS;
        uint256 shift = 128 - (1 + seed.width % 128);
        (uint128 ceiling, uint128 total) = (seed.ceiling >> shift, seed.total >> shift);
        if (seed.capped && total > ceiling) total = ceiling;
        VoucherClaim memory row = voucher(configs[i], keys[i], ceiling, total);
        if (seed.spoilt < 64) row.signature[seed.spoilt] ^= 0x01;
        return CompactEncoder.Row(row, i % 4 == 3, 30_000);
    }

    /// @dev Books one row on the standard path; the reason as the compact path would call it, or 255.
    function standard(VoucherClaim memory row) private returns (uint8 reason) {
        bytes32 id = escrow.getChannelId(row.voucher.channel);
        uint128 before = claimed(id);
        VoucherClaim[] memory rows = one(row);
        vm.prank(cashier);
        try escrow.claim(rows) {
            return claimed(id) == before ? uint8(ICompactClaim.SkipReason.Stale) : 255;
        } catch (bytes memory why) {
            bytes4 selector = bytes4(why);
            if (selector == IEscrow.ClaimExceedsCeiling.selector) {
                return uint8(ICompactClaim.SkipReason.ExceedsCeiling);
            }
            if (selector == IEscrow.ClaimExceedsBalance.selector) {
                return uint8(ICompactClaim.SkipReason.ExceedsBalance);
            }
            assertEq(selector, IEscrow.InvalidSignature.selector);
            return uint8(ICompactClaim.SkipReason.InvalidSignature);
        }
    }

    function state() private view returns (bytes memory) {
        uint128[] memory amounts = new uint128[](2 * CHANNELS);
        for (uint256 i = 0; i < CHANNELS; ++i) {
            (amounts[2 * i], amounts[2 * i + 1]) = escrow.channels(ids[i]);
        }
        (uint128 earned, uint128 settled) = escrow.receivers(receiver, token);
        return abi.encode(amounts, earned, settled, PlainToken(token).balanceOf(receiver));
    }

    function testFuzz_both_paths_leave_the_same_state(Seed[] calldata seeds, bool settle, bool bySignature) public {
        uint256 n = seeds.length > MOST_ROWS ? MOST_ROWS : seeds.length;
        vm.assume(n > 0);
        CompactEncoder.Row[] memory rows = new CompactEncoder.Row[](n);
        for (uint256 i = 0; i < n; ++i) {
            rows[i] = rowOf(seeds[i]);
        }

        uint256 start = vm.snapshotState();
        uint8[] memory reasons = new uint8[](n);
        uint256 refused;
        for (uint256 i = 0; i < n; ++i) {
            VoucherClaim memory row =
                VoucherClaim(rows[i].claim.voucher, rows[i].claim.signature, rows[i].claim.totalClaimed);
            if (seeds[i].inShort && !rows[i].byContract) row.signature = short(row.signature);
            reasons[i] = standard(row);
            if (reasons[i] != 255) ++refused;
        }
        if (settle) escrow.settle(receiver, token);
        bytes memory expected = state();
        vm.revertToState(start);

        bytes memory batch = CompactEncoder.encode(rows, settle);
        bytes memory signature = signed(cashierKey, escrow.getCompactClaimDigest(batch));
        vm.recordLogs();
        if (refused == n) vm.expectRevert(ICompactClaim.NothingClaimed.selector);
        if (!bySignature) vm.prank(cashier);
        (, uint256 booked, uint256 skipped) =
            bySignature ? escrow.claimCompactWithSignature(batch, signature) : escrow.claimCompact(batch);
        assertEq(state(), expected);
        if (refused == n) return;
        assertEq(booked, n - refused);
        assertEq(skipped, refused);
        sameReasons(rows, reasons);
    }

    /// @dev The events of skipped rows are those of the refused rows, in order.
    function sameReasons(CompactEncoder.Row[] memory rows, uint8[] memory reasons) private {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        uint256 next;
        for (uint256 i = 0; i < rows.length; ++i) {
            if (reasons[i] == 255) continue;
            assertEq(logs[next].topics[0], ICompactClaim.ClaimSkipped.selector);
            assertEq(logs[next].topics[1], escrow.getChannelId(rows[i].claim.voucher.channel));
            assertEq(logs[next].data, abi.encode(i, reasons[i]));
            ++next;
        }
        assertEq(logs[next].topics[0], ICompactClaim.CompactClaimed.selector);
    }
}
