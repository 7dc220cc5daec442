// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ICompactClaim} from "../../src/interfaces/ICompactClaim.sol";
import {ChannelConfig, Voucher, VoucherClaim} from "../../src/interfaces/IEscrow.sol";
import {Actors} from "../utils/Actors.sol";
import {CompactEncoder} from "../utils/CompactEncoder.sol";
import {PlainToken} from "../utils/Tokens.sol";
import {BadWallet, KeyWallet} from "../utils/Wallets.sol";

/// @notice How a compact batch is written, byte by byte, and what is refused.
contract CompactEncodingTest is Actors {
    ChannelConfig internal c;
    bytes32 internal id;

    function setUp() public override {
        super.setUp();
        c = terms();
        id = fund(c, 10e6);
    }

    function send(bytes memory batch) private returns (uint256 booked, uint256 skipped) {
        vm.prank(cashier);
        (, booked, skipped) = escrow.claimCompact(batch);
    }

    function books(ChannelConfig memory channel, bytes memory batch, uint128 total) private {
        (uint256 booked, uint256 skipped) = send(batch);
        assertEq(booked, 1);
        assertEq(skipped, 0);
        assertEq(claimed(escrow.getChannelId(channel)), total);
    }

    function header() private view returns (bytes memory) {
        return abi.encodePacked(uint8(0), receiver, cashier, address(usdc), DELAY);
    }

    function refused(bytes memory batch, uint256 index) private {
        vm.expectRevert(abi.encodeWithSelector(ICompactClaim.MalformedRow.selector, index));
        send(batch);
    }

    function test_the_common_row_is_a_flag_a_payer_an_amount_and_a_signature() public {
        bytes memory signature = short(signed(payerKey, escrow.getVoucherDigest(id, 3e6)));
        bytes memory row = abi.encodePacked(uint8(0x02), payer, uint24(3e6), signature);
        assertEq(row.length, 88);
        books(c, bytes.concat(header(), row), 3e6);
    }

    function test_the_worked_example_of_the_documentation() public pure {
        ChannelConfig memory common = ChannelConfig({
            payer: 0x1111111111111111111111111111111111111111,
            payerAuthorizer: 0x1111111111111111111111111111111111111111,
            receiver: 0x2222222222222222222222222222222222222222,
            receiverAuthorizer: 0x3333333333333333333333333333333333333333,
            token: 0x4444444444444444444444444444444444444444,
            withdrawDelay: 86400,
            salt: 0
        });
        ChannelConfig memory other = ChannelConfig({
            payer: common.payer,
            payerAuthorizer: 0x5555555555555555555555555555555555555555,
            receiver: common.receiver,
            receiverAuthorizer: common.receiverAuthorizer,
            token: common.token,
            withdrawDelay: common.withdrawDelay,
            salt: bytes32(uint256(7))
        });
        bytes memory signature = abi.encodePacked(keccak256("r"), keccak256("s") >> 1, uint8(28));
        (bytes32 r, bytes32 s) = abi.decode(signature, (bytes32, bytes32));
        bytes memory example = bytes.concat(
            hex"01" hex"2222222222222222222222222222222222222222" hex"3333333333333333333333333333333333333333",
            hex"4444444444444444444444444444444444444444" hex"0000015180",
            hex"02" hex"1111111111111111111111111111111111111111" hex"16e360",
            abi.encodePacked(r, uint256(s) | 1 << 255),
            hex"da" hex"5555555555555555555555555555555555555555" hex"0107" hex"16e360" hex"0f4240",
            abi.encodePacked(r, uint256(s) | 1 << 255)
        );
        VoucherClaim memory first = VoucherClaim(Voucher(common, 1_500_000), signature, 1_500_000);
        VoucherClaim memory second = VoucherClaim(Voucher(other, 1_500_000), signature, 1_000_000);
        assertEq(compact(two(first, second), true), example);
        assertEq(example.length, 66 + 88 + 93);
    }

    function test_a_total_below_the_ceiling() public {
        bytes memory signature = short(signed(payerKey, escrow.getVoucherDigest(id, 3e6)));
        books(c, bytes.concat(header(), abi.encodePacked(uint8(0x0a), payer, uint24(3e6), uint24(2e6), signature)), 2e6);
    }

    function test_an_authorizer_of_its_own() public {
        c.payerAuthorizer = session;
        id = fund(c, 10e6);
        bytes memory signature = short(signed(sessionKey, escrow.getVoucherDigest(id, 3e6)));
        books(c, bytes.concat(header(), abi.encodePacked(uint8(0x12), payer, session, uint24(3e6), signature)), 3e6);
    }

    function test_no_authorizer_and_the_payers_key() public {
        c.payerAuthorizer = address(0);
        id = fund(c, 10e6);
        bytes memory signature = short(signed(payerKey, escrow.getVoucherDigest(id, 3e6)));
        books(c, bytes.concat(header(), abi.encodePacked(uint8(0x22), payer, uint24(3e6), signature)), 3e6);
    }

    function test_no_authorizer_and_the_payers_contract() public {
        (c.payer, c.payerAuthorizer) = (address(new KeyWallet(session)), address(0));
        id = fund(c, 10e6);
        bytes memory signature = signed(sessionKey, escrow.getVoucherDigest(id, 3e6));
        bytes memory row = abi.encodePacked(uint8(0x32), c.payer, uint24(3e6), uint24(30_000), uint16(65), signature);
        books(c, bytes.concat(header(), row), 3e6);
    }

    function test_a_salt_of_one_byte() public {
        c.salt = bytes32(uint256(7));
        id = fund(c, 10e6);
        bytes memory signature = short(signed(payerKey, escrow.getVoucherDigest(id, 3e6)));
        books(c, bytes.concat(header(), abi.encodePacked(uint8(0x42), payer, hex"0107", uint24(3e6), signature)), 3e6);
    }

    function test_a_salt_may_be_longer_than_it_needs() public {
        c.salt = bytes32(uint256(7));
        id = fund(c, 10e6);
        bytes memory signature = short(signed(payerKey, escrow.getVoucherDigest(id, 3e6)));
        bytes memory row = abi.encodePacked(uint8(0x42), payer, uint8(32), c.salt, uint24(3e6), signature);
        books(c, bytes.concat(header(), row), 3e6);
    }

    function test_a_payer_repeated() public {
        ChannelConfig memory other = c;
        other.salt = bytes32(uint256(7));
        bytes32 second = fund(other, 10e6);
        bytes memory first = short(signed(payerKey, escrow.getVoucherDigest(id, 3e6)));
        bytes memory then = short(signed(payerKey, escrow.getVoucherDigest(second, 4e6)));
        bytes memory rows = bytes.concat(
            abi.encodePacked(uint8(0x02), payer, uint24(3e6), first),
            abi.encodePacked(uint8(0xc2), hex"0107", uint24(4e6), then)
        );
        (uint256 booked,) = send(bytes.concat(header(), rows));
        assertEq(booked, 2);
        assertEq(claimed(second), 4e6);
    }

    function test_a_common_row_after_a_salted_one() public {
        ChannelConfig memory other = terms();
        (other.payer, other.payerAuthorizer, other.salt) = (session, session, bytes32(uint256(7)));
        fund(other, 10e6);
        (uint256 booked,) =
            send(compact(two(voucher(other, sessionKey, 4e6, 4e6), voucher(c, payerKey, 3e6, 3e6)), false));
        assertEq(booked, 2);
        assertEq(claimed(id), 3e6);
    }

    function test_every_width_of_amounts() public {
        c.token = address(new PlainToken());
        id = fund(c, type(uint128).max);
        uint8[8] memory widths = [1, 2, 3, 4, 5, 6, 8, 16];
        bytes memory start = abi.encodePacked(uint8(0), receiver, cashier, c.token, DELAY);
        for (uint8 code = 0; code < 8; ++code) {
            uint128 amount = uint128((uint256(1) << (8 * widths[code])) - 1);
            bytes memory signature = short(signed(payerKey, escrow.getVoucherDigest(id, amount)));
            bytes memory wide = CompactEncoder.tail(amount, widths[code]);
            books(c, bytes.concat(start, abi.encodePacked(code, payer, wide, signature)), amount);
        }
    }

    function test_every_kind_of_row_in_every_width_agrees_with_the_plain_encoder() public {
        c.salt = bytes32(uint256(0x0102030405060708));
        c.payerAuthorizer = session;
        c.token = address(new PlainToken());
        fund(c, type(uint128).max);
        for (uint256 bits = 8; bits <= 120; bits += 8) {
            VoucherClaim memory row = voucher(c, sessionKey, uint128(1 << bits), uint128((1 << bits) - 1));
            books(c, compact(one(row), false), uint128((1 << bits) - 1));
        }
    }

    // ---------------------------------------------------------------------------------------------------- refusals

    function test_a_batch_shorter_than_a_header_is_refused() public {
        bytes memory batch = header();
        for (uint256 n = 0; n < 66; ++n) {
            assembly ("memory-safe") {
                mstore(batch, n)
            }
            vm.expectRevert(ICompactClaim.MalformedHeader.selector);
            send(batch);
            vm.expectRevert(ICompactClaim.MalformedHeader.selector);
            escrow.claimCompactWithSignature(batch, "");
        }
    }

    function test_unknown_header_flags_are_refused() public {
        bytes memory batch = compact(one(voucher(c, payerKey, 3e6, 3e6)), false);
        for (uint256 flags = 2; flags < 256; ++flags) {
            batch[0] = bytes1(uint8(flags));
            vm.expectRevert(ICompactClaim.MalformedHeader.selector);
            send(batch);
        }
    }

    /// @dev Also the signature of the truncated row is good: only its length betrays it.
    function test_a_batch_truncated_anywhere_is_refused() public {
        ChannelConfig memory other = terms();
        (other.payerAuthorizer, other.salt) = (session, bytes32(uint256(0x0708)));
        fund(other, 10e6);
        VoucherClaim memory last = voucher(other, sessionKey, 4e6, 3e6);
        bytes memory batch = compact(two(voucher(c, payerKey, 3e6, 3e6), last), false);
        uint256 boundary = 66 + 88;
        for (uint256 n = 67; n < batch.length; ++n) {
            if (n == boundary) continue;
            bytes memory cut = new bytes(n);
            for (uint256 i = 0; i < n; ++i) {
                cut[i] = batch[i];
            }
            refused(cut, n < boundary ? 0 : 1);
        }
        assertEq(claimed(id), 0);
    }

    /// @dev The bytes that the row lacks lie right behind the batch, in the call data of the signature.
    function test_a_row_does_not_borrow_from_what_follows_the_batch() public {
        bytes memory batch = compact(one(voucher(c, payerKey, 3e6, 3e6)), false);
        bytes memory input = abi.encodeCall(escrow.claimCompact, (batch));
        assembly ("memory-safe") {
            mstore(add(input, 0x44), sub(mload(add(input, 0x44)), 1))
        }
        vm.prank(cashier);
        (bool done, bytes memory why) = address(escrow).call(input);
        assertFalse(done);
        assertEq(why, abi.encodeWithSelector(ICompactClaim.MalformedRow.selector, 0));
    }

    function test_bytes_after_the_last_row_are_refused() public {
        bytes memory batch = compact(one(voucher(c, payerKey, 3e6, 3e6)), false);
        refused(bytes.concat(batch, hex"00"), 1);
        refused(bytes.concat(batch, new bytes(84)), 1);
    }

    function test_a_salt_of_no_bytes_or_of_more_than_32_is_refused() public {
        bytes memory rest = new bytes(100);
        refused(bytes.concat(header(), abi.encodePacked(uint8(0x42), payer, uint8(0), rest)), 0);
        refused(bytes.concat(header(), abi.encodePacked(uint8(0x42), payer, uint8(33), rest)), 0);
        refused(bytes.concat(header(), abi.encodePacked(uint8(0x42), payer, uint8(255), new bytes(400))), 0);
    }

    function test_zero_given_as_authorizer_is_refused() public {
        refused(bytes.concat(header(), abi.encodePacked(uint8(0x12), payer, address(0), new bytes(67))), 0);
    }

    function test_the_first_row_repeats_nobody() public {
        refused(bytes.concat(header(), abi.encodePacked(uint8(0x82), new bytes(67))), 0);
    }

    function test_a_malformed_row_undoes_those_before() public {
        bytes memory batch = compact(one(voucher(c, payerKey, 3e6, 3e6)), true);
        refused(bytes.concat(batch, abi.encodePacked(uint8(0x42), payer, uint8(0), new bytes(100))), 1);
        assertEq(claimed(id), 0);
        assertEq(usdc.balanceOf(receiver), 0);
    }

    // ----------------------------------------------------------------------------------------------------- wallets

    function walletBatch(address wallet, uint24 gasLimit, bytes memory signature) private returns (bytes memory) {
        (c.payer, c.payerAuthorizer) = (wallet, address(0));
        id = fund(c, 10e6);
        CompactEncoder.Row[] memory rows = new CompactEncoder.Row[](2);
        rows[0] = CompactEncoder.Row(VoucherClaim(Voucher(c, 3e6), signature, 3e6), true, gasLimit);
        rows[1] = CompactEncoder.Row(voucher(terms(), payerKey, 1e6, 1e6), false, 0);
        return CompactEncoder.encode(rows, false);
    }

    function test_wallets_that_do_not_say_yes_cost_their_own_row_alone() public {
        BadWallet.Mood[7] memory moods = [
            BadWallet.Mood.Refuse,
            BadWallet.Mood.Revert,
            BadWallet.Mood.BurnGas,
            BadWallet.Mood.ReturnBomb,
            BadWallet.Mood.ShortAnswer,
            BadWallet.Mood.DirtyAnswer,
            BadWallet.Mood.RevertWithYes
        ];
        uint256 start = vm.snapshotState();
        for (uint256 i = 0; i < moods.length; ++i) {
            bytes memory batch = walletBatch(address(new BadWallet(moods[i], address(escrow))), 100_000, "");
            vm.expectEmit(address(escrow));
            emit ICompactClaim.ClaimSkipped(id, 0, ICompactClaim.SkipReason.InvalidSignature);
            uint256 gas = gasleft();
            (uint256 booked, uint256 skipped) = send(batch);
            assertLt(gas - gasleft(), 300_000);
            assertEq(booked, 1);
            assertEq(skipped, 1);
            vm.revertToState(start);
        }
    }

    /// @dev The word that a wallet answers into still holds the channel's id, whose last byte the short answer leaves.
    function test_an_answer_that_is_a_byte_short_is_no_whatever_the_id() public {
        address wallet = address(new BadWallet(BadWallet.Mood.ShortAnswer, address(escrow)));
        (c.payer, c.payerAuthorizer) = (wallet, address(0));
        while (uint8(uint256(escrow.getChannelId(c))) != 0) c.salt = bytes32(uint256(c.salt) + 1);
        (uint256 booked, uint256 skipped) = send(walletBatch(wallet, 100_000, ""));
        assertEq(booked, 1);
        assertEq(skipped, 1);
        assertEq(claimed(id), 0);
    }

    function test_a_wallet_that_reenters_finds_the_door_locked() public {
        address wallet = address(new BadWallet(BadWallet.Mood.Reenter, address(escrow)));
        bytes memory batch = walletBatch(wallet, 100_000, abi.encodeCall(escrow.settle, (receiver, address(usdc))));
        (uint256 booked,) = send(batch);
        assertEq(booked, 1);
        assertEq(claimed(id), 0);
        books(c, this.firstRow(walletBatch(wallet, 100_000, abi.encodeCall(escrow.refundNonce, (id)))), 3e6);
    }

    /// @dev The batch without its last row, which is of 88 bytes.
    function firstRow(bytes calldata batch) external pure returns (bytes calldata) {
        return batch[:batch.length - 88];
    }

    function test_a_payer_without_code_does_not_sign_by_contract() public {
        bytes memory batch = walletBatch(makeAddr("no code"), 100_000, "");
        (uint256 booked, uint256 skipped) = send(batch);
        assertEq(booked, 1);
        assertEq(skipped, 1);
    }

    function test_a_wallet_gets_no_more_gas_than_its_row_says() public {
        address wallet = address(new KeyWallet(session));
        (c.payer, c.payerAuthorizer) = (wallet, address(0));
        bytes memory signature = signed(sessionKey, escrow.getVoucherDigest(escrow.getChannelId(c), 3e6));
        (uint256 booked, uint256 skipped) = send(walletBatch(wallet, 500, signature));
        assertEq(skipped, 1);
        assertEq(claimed(id), 0);
        (booked,) = send(walletBatch(wallet, 30_000, signature));
        assertEq(claimed(id), 3e6);
    }

    function test_a_relay_cannot_starve_a_wallet() public {
        address wallet = address(new KeyWallet(session));
        (c.payer, c.payerAuthorizer) = (wallet, address(0));
        bytes memory signature = signed(sessionKey, escrow.getVoucherDigest(escrow.getChannelId(c), 3e6));
        bytes memory batch = walletBatch(wallet, 1_000_000, signature);
        for (uint256 gas = 60_000; gas < 1_020_000; gas += 20_000) {
            vm.prank(cashier);
            (bool done, bytes memory why) = address(escrow).call{gas: gas}(abi.encodeCall(escrow.claimCompact, (batch)));
            assertFalse(done);
            assertEq(why, abi.encodeWithSelector(ICompactClaim.SignatureGasUnavailable.selector, 0, 1_000_000));
        }
        (uint256 booked,) = send(batch);
        assertEq(booked, 2);
    }

    function test_the_gas_of_a_wallet_is_checked_under_its_row() public {
        (c.payer, c.payerAuthorizer) = (address(new KeyWallet(session)), address(0));
        fund(c, 10e6);
        CompactEncoder.Row[] memory rows = new CompactEncoder.Row[](2);
        rows[0] = CompactEncoder.Row(voucher(terms(), payerKey, 3e6, 3e6), false, 0);
        rows[1] = CompactEncoder.Row(voucher(c, sessionKey, 3e6, 3e6), true, type(uint24).max);
        bytes memory batch = CompactEncoder.encode(rows, false);
        vm.expectRevert(abi.encodeWithSelector(ICompactClaim.SignatureGasUnavailable.selector, 1, type(uint24).max));
        vm.prank(cashier);
        escrow.claimCompact{gas: 10_000_000}(batch);
    }
}
