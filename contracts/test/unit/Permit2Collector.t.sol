// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ERC3009} from "@openzeppelin/contracts/token/ERC20/extensions/draft-ERC3009.sol";
import {DeployPermit2} from "permit2/test/utils/DeployPermit2.sol";

import {Permit2Collector} from "../../src/collectors/Permit2Collector.sol";
import {ICollector} from "../../src/interfaces/ICollector.sol";
import {ChannelConfig, IEscrow} from "../../src/interfaces/IEscrow.sol";
import {IPermit2} from "../../src/interfaces/IPermit2.sol";
import {Actors} from "../utils/Actors.sol";
import {Permits} from "../utils/Permits.sol";
import {FeeToken, PlainToken} from "../utils/Tokens.sol";
import {KeyWallet} from "../utils/Wallets.sol";

/// @notice Against Permit2's own code at its own address.
contract Permit2CollectorTest is Actors {
    error InvalidNonce();
    error InvalidSigner();
    error SignatureExpired(uint256 signatureDeadline);

    IPermit2 internal permit2;
    Permit2Collector internal permits;
    ChannelConfig internal c;
    bytes32 internal id;

    function setUp() public override {
        super.setUp();
        permit2 = IPermit2(new DeployPermit2().deployPermit2());
        permits = new Permit2Collector(address(escrow));
        c = terms();
        id = escrow.getChannelId(c);
        usdc.mint(payer, 10e6);
    }

    function approvePermit2() private {
        vm.prank(payer);
        usdc.approve(address(permit2), type(uint256).max);
    }

    function sign(uint256 key, bytes32 to, uint256 amount, uint256 nonce, uint256 until)
        private
        view
        returns (bytes memory)
    {
        return signed(key, Permits.permitWitness(permit2, c.token, amount, address(permits), nonce, until, to));
    }

    function consent(uint256 key, bytes32 to, uint256 amount, bytes memory tokenPermit)
        private
        view
        returns (bytes memory)
    {
        return abi.encode(7, block.timestamp, sign(key, to, amount, 7, block.timestamp), tokenPermit);
    }

    function consent(uint128 amount) private view returns (bytes memory) {
        return consent(payerKey, id, amount, "");
    }

    /// @dev A permit of the token itself for `value`, by `key`.
    function eip2612(uint256 key, uint256 value) private view returns (bytes memory) {
        bytes32 digest = Permits.permit(usdc, payer, address(permit2), value, usdc.nonces(payer), block.timestamp);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encode(value, block.timestamp, v, r, s);
    }

    function deposit(uint128 amount, bytes memory data) private {
        vm.prank(stranger);
        escrow.deposit(c, amount, address(permits), data);
    }

    function test_it_asks_permit2_at_its_address_on_every_chain() public view {
        assertEq(address(permits.PERMIT2()), 0x000000000022D473030F116dDEE9F6B43aC78BA3);
        assertEq(address(permit2), address(permits.PERMIT2()));
        assertEq(
            permits.DEPOSIT_WITNESS_TYPE_STRING(),
            "DepositWitness witness)DepositWitness(bytes32 channelId)TokenPermissions(address token,uint256 amount)"
        );
    }

    function test_the_payer_signs_and_anyone_submits() public {
        approvePermit2();
        bytes memory data = consent(5e6);
        vm.expectEmit(address(escrow));
        emit IEscrow.Deposited(id, stranger, 5e6, 5e6);
        deposit(5e6, data);
        assertEq(balance(id), 5e6);
        assertEq(usdc.balanceOf(payer), 5e6);
        assertEq(usdc.balanceOf(address(escrow)), 5e6);
        assertEq(permit2.nonceBitmap(payer, 0), 1 << 7);
    }

    function test_short_signatures_are_accepted() public {
        approvePermit2();
        bytes memory signature = short(sign(payerKey, id, 5e6, 7, block.timestamp));
        deposit(5e6, abi.encode(7, block.timestamp, signature, ""));
        assertEq(balance(id), 5e6);
    }

    function test_a_consent_works_once() public {
        approvePermit2();
        bytes memory data = consent(5e6);
        deposit(5e6, data);
        vm.expectRevert(InvalidNonce.selector);
        deposit(5e6, data);
    }

    function test_a_consent_is_good_for_its_amount_alone() public {
        approvePermit2();
        bytes memory data = consent(5e6);
        vm.expectRevert(InvalidSigner.selector);
        deposit(4e6, data);
    }

    function test_a_consent_is_good_for_its_channel_alone() public {
        approvePermit2();
        bytes memory data = consent(5e6);
        (c.receiver, c.receiverAuthorizer) = (stranger, stranger);
        vm.expectRevert(InvalidSigner.selector);
        deposit(5e6, data);
    }

    function test_nobody_consents_for_the_payer() public {
        approvePermit2();
        bytes memory data = consent(sessionKey, id, 5e6, "");
        vm.expectRevert(InvalidSigner.selector);
        deposit(5e6, data);
    }

    function test_a_consent_expires() public {
        approvePermit2();
        bytes memory data = consent(5e6);
        skip(1);
        vm.expectRevert(abi.encodeWithSelector(SignatureExpired.selector, block.timestamp - 1));
        deposit(5e6, data);
    }

    function test_a_wallet_consents_by_erc1271() public {
        KeyWallet wallet = new KeyWallet(session);
        c.payer = address(wallet);
        id = escrow.getChannelId(c);
        usdc.mint(c.payer, 5e6);
        wallet.run(address(usdc), abi.encodeCall(usdc.approve, (address(permit2), 5e6)));
        deposit(5e6, consent(sessionKey, id, 5e6, ""));
        assertEq(balance(id), 5e6);
    }

    function test_any_token_will_do() public {
        PlainToken token = new PlainToken();
        token.mint(payer, 5e6);
        c.token = address(token);
        id = escrow.getChannelId(c);
        vm.prank(payer);
        token.approve(address(permit2), 5e6);
        deposit(5e6, consent(5e6));
        assertEq(balance(id), 5e6);
    }

    function test_a_token_that_takes_a_fee_is_refused() public {
        FeeToken token = new FeeToken();
        token.mint(payer, 5e6);
        c.token = address(token);
        id = escrow.getChannelId(c);
        vm.prank(payer);
        token.approve(address(permit2), 5e6);
        bytes memory data = consent(5e6);
        vm.expectRevert(IEscrow.DepositCollectionFailed.selector);
        deposit(5e6, data);
    }

    function test_without_an_allowance_there_is_no_deposit() public {
        bytes memory data = consent(5e6);
        vm.expectRevert("TRANSFER_FROM_FAILED");
        deposit(5e6, data);
    }

    function test_a_permit_of_the_token_approves_permit2_on_the_way() public {
        deposit(5e6, consent(payerKey, id, 5e6, eip2612(payerKey, 5e6)));
        assertEq(balance(id), 5e6);
        assertEq(usdc.allowance(payer, address(permit2)), 0);
        assertEq(usdc.nonces(payer), 1);
    }

    function test_a_permit_that_someone_sent_before_does_not_stop_the_deposit() public {
        bytes memory permitted = eip2612(payerKey, 5e6);
        (uint256 value, uint256 until, uint8 v, bytes32 r, bytes32 s) =
            abi.decode(permitted, (uint256, uint256, uint8, bytes32, bytes32));
        usdc.permit(payer, address(permit2), value, until, v, r, s);
        bytes memory data = consent(payerKey, id, 5e6, permitted);
        vm.expectEmit(address(permits));
        emit Permit2Collector.Eip2612PermitFailed(
            address(usdc), payer, abi.encodeWithSelector(ERC3009.ERC3009InvalidSignature.selector)
        );
        deposit(5e6, data);
        assertEq(balance(id), 5e6);
    }

    function test_a_bad_permit_without_an_allowance_is_no_consent() public {
        bytes memory data = consent(payerKey, id, 5e6, eip2612(sessionKey, 5e6));
        vm.expectRevert("TRANSFER_FROM_FAILED");
        deposit(5e6, data);
    }

    function test_a_permit_of_another_amount_is_refused() public {
        bytes memory data = consent(payerKey, id, 5e6, eip2612(payerKey, 6e6));
        vm.expectRevert(Permit2Collector.Permit2612AmountMismatch.selector);
        deposit(5e6, data);
    }

    function test_it_listens_to_its_escrow_alone() public {
        assertEq(permits.escrow(), address(escrow));
        approvePermit2();
        bytes memory data = consent(5e6);
        vm.expectRevert(ICollector.OnlyEscrow.selector);
        permits.collect(payer, address(usdc), 5e6, id, data);
    }
}
