// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {IERC3009, IERC3009Cancel} from "@openzeppelin/contracts/interfaces/draft-IERC3009.sol";
import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";

import {DevUSDC} from "../../src/DevUSDC.sol";
import {Actors} from "../utils/Actors.sol";
import {Permits} from "../utils/Permits.sol";
import {KeyWallet} from "../utils/Wallets.sol";

contract DevUSDCTest is Actors {
    bytes internal constant BLACKLISTED = "Blacklistable: account is blacklisted";
    bytes32 internal constant NONCE = keccak256("nonce");

    function setUp() public override {
        super.setUp();
        usdc.mint(payer, 10e6);
    }

    function transferSignature(address from, uint256 key, uint256 validAfter, uint256 validBefore)
        private
        view
        returns (bytes memory)
    {
        bytes32 digest = Permits.transferWithAuthorization(usdc, from, receiver, 5e6, validAfter, validBefore, NONCE);
        return signed(key, digest);
    }

    function receiveSignature(address from, uint256 key) private view returns (bytes memory) {
        bytes32 digest = Permits.receiveWithAuthorization(usdc, from, receiver, 5e6, 0, type(uint256).max, NONCE);
        return signed(key, digest);
    }

    function transfer(address from, bytes memory signature) private {
        usdc.transferWithAuthorization(from, receiver, 5e6, 0, type(uint256).max, NONCE, signature);
    }

    function receiveAs(address caller, address from, bytes memory signature) private {
        vm.prank(caller);
        usdc.receiveWithAuthorization(from, receiver, 5e6, 0, type(uint256).max, NONCE, signature);
    }

    function split(bytes memory signature) private pure returns (uint8 v, bytes32 r, bytes32 s) {
        (r, s) = abi.decode(signature, (bytes32, bytes32));
        v = uint8(signature[64]);
    }

    // ----------------------------------------------------------------------------------------- token, admin, blacklist

    function test_it_presents_itself_as_usdc() public view {
        assertEq(usdc.name(), "USD Coin");
        assertEq(usdc.symbol(), "USDC");
        assertEq(usdc.version(), "2");
        assertEq(usdc.decimals(), 6);
        (, string memory name, string memory version, uint256 chainId, address verifying,,) = usdc.eip712Domain();
        bytes32 typeHash =
            keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)");
        assertEq(
            usdc.DOMAIN_SEPARATOR(),
            keccak256(abi.encode(typeHash, keccak256(bytes(name)), keccak256(bytes(version)), chainId, verifying))
        );
        assertEq(name, "USD Coin");
        assertEq(version, "2");
        assertEq(verifying, address(usdc));
    }

    function test_the_admin_alone_mints_and_blacklists() public {
        assertEq(usdc.admin(), address(this));
        bytes memory why = abi.encodeWithSelector(DevUSDC.OnlyAdmin.selector, stranger);
        vm.startPrank(stranger);
        vm.expectRevert(why);
        usdc.mint(stranger, 1);
        vm.expectRevert(why);
        usdc.blacklist(payer);
        vm.expectRevert(why);
        usdc.unBlacklist(payer);
        vm.stopPrank();
        usdc.mint(stranger, 1);
        assertEq(usdc.balanceOf(stranger), 1);
        assertEq(usdc.totalSupply(), 10e6 + 1);
    }

    function test_the_blacklist_is_told() public {
        vm.expectEmit(address(usdc));
        emit DevUSDC.Blacklisted(payer);
        usdc.blacklist(payer);
        assertTrue(usdc.isBlacklisted(payer));
        vm.expectEmit(address(usdc));
        emit DevUSDC.UnBlacklisted(payer);
        usdc.unBlacklist(payer);
        assertFalse(usdc.isBlacklisted(payer));
    }

    function test_transfers_and_allowances_move_money() public {
        vm.startPrank(payer);
        assertTrue(usdc.transfer(receiver, 1e6));
        assertTrue(usdc.approve(stranger, 2e6));
        vm.stopPrank();
        vm.prank(stranger);
        assertTrue(usdc.transferFrom(payer, stranger, 2e6));
        assertEq(usdc.balanceOf(receiver), 1e6);
        assertEq(usdc.balanceOf(stranger), 2e6);
        assertEq(usdc.balanceOf(payer), 7e6);
    }

    function test_a_blacklisted_account_neither_sends_nor_receives_nor_is_minted_to() public {
        usdc.blacklist(payer);
        vm.expectRevert(BLACKLISTED);
        vm.prank(payer);
        usdc.transfer(receiver, 1);
        vm.expectRevert(BLACKLISTED);
        usdc.mint(payer, 1);
        usdc.mint(receiver, 1);
        vm.expectRevert(BLACKLISTED);
        vm.prank(receiver);
        usdc.transfer(payer, 1);
        vm.expectRevert(BLACKLISTED);
        vm.prank(payer);
        usdc.transfer(receiver, 0);
    }

    function test_a_blacklisted_account_neither_approves_nor_is_approved_nor_spends() public {
        vm.prank(payer);
        usdc.approve(stranger, 5);
        usdc.blacklist(stranger);
        vm.expectRevert(BLACKLISTED);
        vm.prank(stranger);
        usdc.transferFrom(payer, receiver, 1);
        vm.expectRevert(BLACKLISTED);
        vm.prank(payer);
        usdc.approve(stranger, 5);
        vm.expectRevert(BLACKLISTED);
        vm.prank(stranger);
        usdc.approve(payer, 5);
    }

    // ------------------------------------------------------------------------------------------------------ EIP-3009

    function test_a_signed_transfer_in_one_piece() public {
        bytes memory signature = transferSignature(payer, payerKey, 0, type(uint256).max);
        vm.expectEmit(address(usdc));
        emit IERC3009.AuthorizationUsed(payer, NONCE);
        transfer(payer, signature);
        assertEq(usdc.balanceOf(receiver), 5e6);
        assertTrue(usdc.authorizationState(payer, NONCE));
        vm.expectRevert(abi.encodeWithSelector(ERC3009.ERC3009UsedAuthorization.selector, payer, NONCE));
        transfer(payer, signature);
    }

    function test_a_signed_transfer_in_three_parts() public {
        (uint8 v, bytes32 r, bytes32 s) = split(transferSignature(payer, payerKey, 0, type(uint256).max));
        usdc.transferWithAuthorization(payer, receiver, 5e6, 0, type(uint256).max, NONCE, v, r, s);
        assertEq(usdc.balanceOf(receiver), 5e6);
    }

    function test_a_wallet_signs_transfers() public {
        address wallet = address(new KeyWallet(session));
        usdc.mint(wallet, 5e6);
        transfer(wallet, transferSignature(wallet, sessionKey, 0, type(uint256).max));
        assertEq(usdc.balanceOf(receiver), 5e6);
    }

    function test_a_transfer_of_another_signer_is_refused() public {
        bytes memory signature = transferSignature(payer, sessionKey, 0, type(uint256).max);
        vm.expectRevert(ERC3009.ERC3009InvalidSignature.selector);
        transfer(payer, signature);
        signature = malleated(transferSignature(payer, payerKey, 0, type(uint256).max));
        vm.expectRevert(ERC3009.ERC3009InvalidSignature.selector);
        transfer(payer, signature);
    }

    function test_a_signed_transfer_has_its_time() public {
        uint256 now_ = block.timestamp;
        uint256[2][2] memory spans = [[now_, now_ + 1], [now_ - 1, now_]];
        for (uint256 i = 0; i < 2; ++i) {
            (uint256 from, uint256 until) = (spans[i][0], spans[i][1]);
            bytes memory signature = transferSignature(payer, payerKey, from, until);
            vm.expectRevert(abi.encodeWithSelector(ERC3009.ERC3009InvalidAuthorizationTime.selector, from, until));
            usdc.transferWithAuthorization(payer, receiver, 5e6, from, until, NONCE, signature);
        }
        bytes memory good = transferSignature(payer, payerKey, now_ - 1, now_ + 1);
        usdc.transferWithAuthorization(payer, receiver, 5e6, now_ - 1, now_ + 1, NONCE, good);
        assertEq(usdc.balanceOf(receiver), 5e6);
    }

    function test_what_is_to_be_received_only_the_recipient_takes() public {
        bytes memory signature = receiveSignature(payer, payerKey);
        vm.expectRevert(abi.encodeWithSelector(IERC20Errors.ERC20InvalidReceiver.selector, receiver));
        receiveAs(stranger, payer, signature);
        receiveAs(receiver, payer, signature);
        assertEq(usdc.balanceOf(receiver), 5e6);
    }

    function test_what_is_to_be_received_in_three_parts() public {
        (uint8 v, bytes32 r, bytes32 s) = split(receiveSignature(payer, payerKey));
        vm.prank(receiver);
        usdc.receiveWithAuthorization(payer, receiver, 5e6, 0, type(uint256).max, NONCE, v, r, s);
        assertEq(usdc.balanceOf(receiver), 5e6);
    }

    function test_transfers_and_receipts_are_signed_apart() public {
        bytes memory signature = receiveSignature(payer, payerKey);
        vm.expectRevert(ERC3009.ERC3009InvalidSignature.selector);
        transfer(payer, signature);
        signature = transferSignature(payer, payerKey, 0, type(uint256).max);
        vm.expectRevert(ERC3009.ERC3009InvalidSignature.selector);
        receiveAs(receiver, payer, signature);
    }

    function test_an_authorization_is_cancelled_in_either_form() public {
        bytes memory signature = signed(payerKey, Permits.cancelAuthorization(usdc, payer, NONCE));
        uint256 start = vm.snapshotState();
        vm.expectEmit(address(usdc));
        emit IERC3009Cancel.AuthorizationCanceled(payer, NONCE);
        usdc.cancelAuthorization(payer, NONCE, signature);
        assertTrue(usdc.authorizationState(payer, NONCE));
        vm.revertToState(start);
        (uint8 v, bytes32 r, bytes32 s) = split(signature);
        usdc.cancelAuthorization(payer, NONCE, v, r, s);
        bytes memory late = transferSignature(payer, payerKey, 0, type(uint256).max);
        vm.expectRevert(abi.encodeWithSelector(ERC3009.ERC3009UsedAuthorization.selector, payer, NONCE));
        transfer(payer, late);
    }

    function test_only_the_owner_cancels() public {
        bytes memory signature = signed(sessionKey, Permits.cancelAuthorization(usdc, payer, NONCE));
        vm.expectRevert(ERC3009.ERC3009InvalidSignature.selector);
        usdc.cancelAuthorization(payer, NONCE, signature);
    }

    function test_a_blacklisted_account_moves_nothing_by_signature() public {
        usdc.blacklist(payer);
        bytes memory signature = transferSignature(payer, payerKey, 0, type(uint256).max);
        vm.expectRevert(BLACKLISTED);
        transfer(payer, signature);
    }

    // ------------------------------------------------------------------------------------------------------ EIP-2612

    function permitSignature(address owner, uint256 key, uint256 nonce, uint256 deadline)
        private
        view
        returns (bytes memory)
    {
        return signed(key, Permits.permit(usdc, owner, stranger, 5e6, nonce, deadline));
    }

    function test_a_permit_in_one_piece_works_once() public {
        bytes memory signature = permitSignature(payer, payerKey, 0, block.timestamp);
        usdc.permit(payer, stranger, 5e6, block.timestamp, signature);
        assertEq(usdc.allowance(payer, stranger), 5e6);
        assertEq(usdc.nonces(payer), 1);
        vm.expectRevert(ERC3009.ERC3009InvalidSignature.selector);
        usdc.permit(payer, stranger, 5e6, block.timestamp, signature);
    }

    function test_a_permit_in_three_parts() public {
        (uint8 v, bytes32 r, bytes32 s) = split(permitSignature(payer, payerKey, 0, block.timestamp));
        usdc.permit(payer, stranger, 5e6, block.timestamp, v, r, s);
        assertEq(usdc.allowance(payer, stranger), 5e6);
    }

    function test_a_wallet_permits() public {
        address wallet = address(new KeyWallet(session));
        usdc.permit(wallet, stranger, 5e6, block.timestamp, permitSignature(wallet, sessionKey, 0, block.timestamp));
        assertEq(usdc.allowance(wallet, stranger), 5e6);
    }

    function test_a_permit_expires() public {
        bytes memory signature = permitSignature(payer, payerKey, 0, block.timestamp - 1);
        vm.expectRevert("FiatTokenV2: permit is expired");
        usdc.permit(payer, stranger, 5e6, block.timestamp - 1, signature);
    }

    function test_a_permit_is_by_the_owner_for_its_terms() public {
        bytes memory signature = permitSignature(payer, sessionKey, 0, block.timestamp);
        vm.expectRevert(ERC3009.ERC3009InvalidSignature.selector);
        usdc.permit(payer, stranger, 5e6, block.timestamp, signature);
        signature = permitSignature(payer, payerKey, 0, block.timestamp);
        vm.expectRevert(ERC3009.ERC3009InvalidSignature.selector);
        usdc.permit(payer, stranger, 6e6, block.timestamp, signature);
    }

    function test_a_blacklisted_account_neither_permits_nor_is_permitted() public {
        address[2] memory parties = [payer, stranger];
        bytes memory signature = permitSignature(payer, payerKey, 0, block.timestamp);
        for (uint256 i = 0; i < 2; ++i) {
            usdc.blacklist(parties[i]);
            vm.expectRevert(BLACKLISTED);
            usdc.permit(payer, stranger, 5e6, block.timestamp, signature);
            usdc.unBlacklist(parties[i]);
        }
    }
}
