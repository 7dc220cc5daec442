// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ChannelConfig, IEscrow, VoucherClaim} from "../../src/interfaces/IEscrow.sol";
import {Actors} from "../utils/Actors.sol";
import {BadWallet, KeyWallet} from "../utils/Wallets.sol";

/// @notice Who signs a voucher, and in which form, on the standard path.
contract SignaturesTest is Actors {
    ChannelConfig internal c;
    bytes32 internal id;

    function setUp() public override {
        super.setUp();
        c = terms();
        id = fund(c, 10e6);
    }

    function good(bytes memory signature) private view returns (VoucherClaim memory row) {
        row = voucher(c, payerKey, 1e6, 1e6);
        row.signature = signature;
    }

    function digest() private view returns (bytes32) {
        return escrow.getVoucherDigest(escrow.getChannelId(c), 1e6);
    }

    function accepted(bytes memory signature) private {
        VoucherClaim[] memory rows = one(good(signature));
        vm.prank(cashier);
        escrow.claim(rows);
        assertEq(claimed(escrow.getChannelId(c)), 1e6);
    }

    function refused(bytes memory signature) private {
        VoucherClaim[] memory rows = one(good(signature));
        vm.expectRevert(IEscrow.InvalidSignature.selector);
        vm.prank(cashier);
        escrow.claim(rows);
    }

    function test_sixty_five_bytes_are_accepted() public {
        bytes memory signature = signed(payerKey, digest());
        assertEq(signature.length, 65);
        accepted(signature);
    }

    function test_sixty_four_bytes_are_accepted() public {
        bytes memory signature = short(signed(payerKey, digest()));
        assertEq(signature.length, 64);
        accepted(signature);
    }

    function testFuzz_both_forms_are_accepted_of_any_key(uint256 key, bool inShort) public {
        key = bound(key, 1, ORDER - 1);
        c.payerAuthorizer = vm.addr(key);
        fund(c, 10e6);
        bytes memory signature = signed(key, digest());
        accepted(inShort ? short(signature) : signature);
    }

    function test_a_high_s_is_refused() public {
        bytes memory signature = malleated(signed(payerKey, digest()));
        (bytes32 r, bytes32 s) = abi.decode(signature, (bytes32, bytes32));
        assertEq(ecrecover(digest(), uint8(signature[64]), r, s), payer);
        refused(signature);
    }

    function test_v_is_27_or_28() public {
        bytes memory signature = signed(payerKey, digest());
        signature[64] = bytes1(uint8(signature[64]) - 27);
        refused(signature);
        signature[64] = 0x1d;
        refused(signature);
    }

    function test_other_lengths_are_refused() public {
        bytes memory signature = signed(payerKey, digest());
        refused("");
        refused(abi.encodePacked(short(signature), hex"0000"));
        refused(bytes.concat(signature, hex"00"));
        assembly ("memory-safe") {
            mstore(signature, 63)
        }
        refused(signature);
    }

    function test_garbage_is_refused() public {
        refused(new bytes(65));
        refused(new bytes(64));
        refused(signed(cashierKey, digest()));
        refused(signed(payerKey, keccak256("something else")));
    }

    function test_a_session_key_signs_instead_of_the_payer() public {
        c.payerAuthorizer = session;
        fund(c, 10e6);
        refused(signed(payerKey, digest()));
        accepted(signed(sessionKey, digest()));
    }

    function test_without_an_authorizer_the_payers_key_signs() public {
        c.payerAuthorizer = address(0);
        fund(c, 10e6);
        refused(signed(sessionKey, digest()));
        refused(new bytes(65));
        refused(new bytes(64));
        accepted(signed(payerKey, digest()));
    }

    function test_without_an_authorizer_the_payers_contract_signs() public {
        KeyWallet wallet = new KeyWallet(session);
        (c.payer, c.payerAuthorizer) = (address(wallet), address(0));
        fund(c, 10e6);
        accepted(signed(sessionKey, digest()));
    }

    function test_an_authorizer_is_a_key_never_a_contract() public {
        KeyWallet wallet = new KeyWallet(session);
        (c.payer, c.payerAuthorizer) = (address(wallet), address(wallet));
        fund(c, 10e6);
        refused(signed(sessionKey, digest()));
    }

    function test_a_payer_that_delegates_its_code_still_signs_with_its_key() public {
        c.payerAuthorizer = address(0);
        fund(c, 10e6);
        vm.etch(payer, address(new BadWallet(BadWallet.Mood.Refuse, address(escrow))).code);
        accepted(signed(payerKey, digest()));
    }

    function test_wallets_that_do_not_say_yes_mean_no() public {
        c.payerAuthorizer = address(0);
        BadWallet.Mood[6] memory moods = [
            BadWallet.Mood.Refuse,
            BadWallet.Mood.Revert,
            BadWallet.Mood.ReturnBomb,
            BadWallet.Mood.ShortAnswer,
            BadWallet.Mood.DirtyAnswer,
            BadWallet.Mood.RevertWithYes
        ];
        for (uint256 i = 0; i < moods.length; ++i) {
            c.payer = address(new BadWallet(moods[i], address(escrow)));
            fund(c, 10e6);
            refused(signed(payerKey, digest()));
        }
    }

    function test_a_wallet_that_reenters_finds_the_door_locked() public {
        c.payerAuthorizer = address(0);
        c.payer = address(new BadWallet(BadWallet.Mood.Reenter, address(escrow)));
        fund(c, 10e6);
        refused(abi.encodeCall(IEscrow.settle, (receiver, address(usdc))));
        accepted(abi.encodeCall(IEscrow.refundNonce, (id)));
    }
}
