// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";

import {Erc3009Collector} from "../../src/collectors/Erc3009Collector.sol";
import {ICollector} from "../../src/interfaces/ICollector.sol";
import {ChannelConfig, IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Actors} from "../utils/Actors.sol";
import {Permits} from "../utils/Permits.sol";
import {PlainToken} from "../utils/Tokens.sol";
import {KeyWallet} from "../utils/Wallets.sol";

contract Erc3009CollectorTest is Actors {
    Erc3009Collector internal eip3009;
    ChannelConfig internal c;
    bytes32 internal id;

    function setUp() public override {
        super.setUp();
        eip3009 = new Erc3009Collector(address(escrow));
        c = terms();
        id = escrow.getChannelId(c);
        usdc.mint(payer, 10e6);
    }

    /// @dev A payer's consent to fund channel `to` with `amount`, by `key`.
    function consent(uint256 key, bytes32 to, uint256 amount, uint256 salt, uint256 until)
        private
        view
        returns (bytes memory)
    {
        bytes32 nonce = keccak256(abi.encode(to, salt));
        bytes32 digest = Permits.receiveWithAuthorization(usdc, c.payer, address(eip3009), amount, 0, until, nonce);
        return abi.encode(0, until, salt, signed(key, digest));
    }

    function consent(uint128 amount) private view returns (bytes memory) {
        return consent(payerKey, id, amount, 1, block.timestamp + 1);
    }

    function deposit(uint128 amount, bytes memory data) private {
        vm.prank(stranger);
        escrow.deposit(c, amount, address(eip3009), data);
    }

    function test_the_payer_signs_and_anyone_submits() public {
        bytes memory data = consent(5e6);
        vm.expectEmit(address(escrow));
        emit IEscrow.Deposited(id, stranger, 5e6, 5e6);
        deposit(5e6, data);
        assertEq(balance(id), 5e6);
        assertEq(usdc.balanceOf(payer), 5e6);
        assertEq(usdc.balanceOf(address(escrow)), 5e6);
        assertEq(usdc.balanceOf(address(eip3009)), 0);
        assertTrue(usdc.authorizationState(payer, keccak256(abi.encode(id, uint256(1)))));
    }

    function test_a_consent_works_once() public {
        bytes memory data = consent(5e6);
        deposit(5e6, data);
        bytes32 nonce = keccak256(abi.encode(id, uint256(1)));
        vm.expectRevert(abi.encodeWithSelector(ERC3009.ERC3009UsedAuthorization.selector, payer, nonce));
        deposit(5e6, data);
    }

    function test_two_salts_are_two_deposits() public {
        deposit(5e6, consent(5e6));
        deposit(2e6, consent(payerKey, id, 2e6, 2, block.timestamp + 1));
        assertEq(balance(id), 7e6);
    }

    function test_a_consent_is_good_for_its_amount_alone() public {
        bytes memory data = consent(5e6);
        vm.expectRevert(ERC3009.ERC3009InvalidSignature.selector);
        deposit(4e6, data);
    }

    function test_a_consent_is_good_for_its_channel_alone() public {
        bytes memory data = consent(5e6);
        (c.receiver, c.receiverAuthorizer) = (stranger, stranger);
        vm.expectRevert(ERC3009.ERC3009InvalidSignature.selector);
        deposit(5e6, data);
    }

    function test_nobody_consents_for_the_payer() public {
        bytes memory data = consent(sessionKey, id, 5e6, 1, block.timestamp + 1);
        vm.expectRevert(ERC3009.ERC3009InvalidSignature.selector);
        deposit(5e6, data);
    }

    function test_a_consent_expires() public {
        bytes memory data = consent(payerKey, id, 5e6, 1, block.timestamp);
        vm.expectRevert(abi.encodeWithSelector(ERC3009.ERC3009InvalidAuthorizationTime.selector, 0, block.timestamp));
        deposit(5e6, data);
    }

    function test_a_wallet_consents_by_erc1271() public {
        c.payer = address(new KeyWallet(session));
        id = escrow.getChannelId(c);
        usdc.mint(c.payer, 5e6);
        deposit(5e6, consent(sessionKey, id, 5e6, 1, block.timestamp + 1));
        assertEq(balance(id), 5e6);
    }

    function test_a_token_without_eip3009_is_refused() public {
        c.token = address(new PlainToken());
        bytes memory data = consent(5e6);
        vm.expectRevert();
        deposit(5e6, data);
    }

    function test_it_listens_to_its_escrow_alone() public {
        assertEq(eip3009.escrow(), address(escrow));
        bytes memory data = consent(5e6);
        vm.expectRevert(ICollector.OnlyEscrow.selector);
        eip3009.collect(payer, address(usdc), 5e6, id, data);
    }

    function test_data_that_does_not_decode_is_refused() public {
        vm.expectRevert();
        deposit(5e6, "");
        vm.expectRevert();
        deposit(5e6, new bytes(96));
    }

    function testFuzz_any_amount_and_salt(uint128 amount, uint256 salt) public {
        amount = uint128(bound(amount, 1, type(uint128).max));
        usdc.mint(payer, amount);
        deposit(amount, consent(payerKey, id, amount, salt, type(uint256).max));
        assertEq(balance(id), amount);
    }
}
