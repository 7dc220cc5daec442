// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Vm} from "forge-std/Vm.sol";

import {ICollector} from "../../src/interfaces/ICollector.sol";
import {ChannelConfig, IEscrow} from "../../src/interfaces/IEscrow.sol";
import {Actors} from "../utils/Actors.sol";
import {
    FalseToken,
    FeeToken,
    GenerousToken,
    LossToken,
    OpenToken,
    PlainToken,
    ReentrantToken
} from "../utils/Tokens.sol";

/// @notice Deposits twice while it is asked to collect once: the inner deposit's money must not count for the outer.
contract NestingCollector is ICollector {
    address public immutable escrow;
    ICollector public immutable inner;
    bytes public nested;

    constructor(address escrow_, ICollector inner_) {
        (escrow, inner) = (escrow_, inner_);
    }

    function arm(bytes calldata nested_) external {
        nested = nested_;
    }

    function collect(address, address, uint256, bytes32, bytes calldata) external {
        (bool done, bytes memory why) = escrow.call(nested);
        if (!done) {
            assembly ("memory-safe") {
                revert(add(why, 0x20), mload(why))
            }
        }
    }
}

/// @notice Collects nothing, or less than nothing: it makes the escrow pay out meanwhile.
contract IdleCollector is ICollector {
    address public escrow;

    function collect(address, address, uint256, bytes32, bytes calldata) external {}
}

contract DepositTest is Actors {
    function test_a_first_deposit_creates_the_channel() public {
        ChannelConfig memory c = terms();
        bytes32 id = escrow.getChannelId(c);
        usdc.mint(payer, 5e6);
        vm.prank(payer);
        usdc.approve(address(collector), 5e6);
        vm.expectEmit(address(escrow));
        emit IEscrow.ChannelCreated(id, c);
        vm.expectEmit(address(escrow));
        emit IEscrow.Deposited(id, stranger, 5e6, 5e6);
        vm.prank(stranger);
        escrow.deposit(c, 5e6, address(collector), "");
        assertEq(balance(id), 5e6);
        assertEq(claimed(id), 0);
        assertEq(usdc.balanceOf(address(escrow)), 5e6);
    }

    function test_a_second_deposit_adds_and_creates_nothing() public {
        ChannelConfig memory c = terms();
        bytes32 id = fund(c, 5e6);
        vm.recordLogs();
        fund(c, 2e6);
        assertEq(balance(id), 7e6);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            assertNotEq(logs[i].topics[0], IEscrow.ChannelCreated.selector);
        }
    }

    function test_a_channel_that_was_claimed_empty_is_not_created_again() public {
        ChannelConfig memory c = terms();
        fund(c, 5e6);
        vm.startPrank(cashier);
        escrow.claim(one(voucher(c, payerKey, 1e6, 1e6)));
        escrow.refund(c, 5e6);
        vm.stopPrank();
        usdc.mint(payer, 1);
        vm.prank(payer);
        usdc.approve(address(collector), 1);
        vm.recordLogs();
        escrow.deposit(c, 1, address(collector), "");
        assertEq(vm.getRecordedLogs().length, 2, "Transfer and Deposited");
    }

    function test_terms_that_lack_an_address_are_refused() public {
        for (uint256 i = 0; i < 4; ++i) {
            ChannelConfig memory c = terms();
            if (i == 0) c.payer = address(0);
            if (i == 1) c.receiver = address(0);
            if (i == 2) c.receiverAuthorizer = address(0);
            if (i == 3) c.token = address(0);
            vm.expectRevert(IEscrow.InvalidChannel.selector);
            escrow.deposit(c, 1, address(collector), "");
        }
    }

    function testFuzz_the_delay_is_between_15_minutes_and_30_days(uint40 delay) public {
        ChannelConfig memory c = terms();
        c.withdrawDelay = delay;
        usdc.mint(payer, 1);
        vm.prank(payer);
        usdc.approve(address(collector), 1);
        if (delay < 15 minutes || delay > 30 days) vm.expectRevert(IEscrow.WithdrawDelayOutOfRange.selector);
        escrow.deposit(c, 1, address(collector), "");
    }

    function test_the_delay_may_be_its_limits() public {
        testFuzz_the_delay_is_between_15_minutes_and_30_days(15 minutes);
        testFuzz_the_delay_is_between_15_minutes_and_30_days(30 days);
        testFuzz_the_delay_is_between_15_minutes_and_30_days(15 minutes - 1);
        testFuzz_the_delay_is_between_15_minutes_and_30_days(30 days + 1);
    }

    function test_nothing_is_no_deposit() public {
        vm.expectRevert(IEscrow.ZeroDeposit.selector);
        escrow.deposit(terms(), 0, address(collector), "");
    }

    function test_a_collector_must_be_a_contract() public {
        vm.expectRevert(IEscrow.InvalidCollector.selector);
        escrow.deposit(terms(), 1, address(0), "");
        vm.expectRevert(IEscrow.InvalidCollector.selector);
        escrow.deposit(terms(), 1, stranger, "");
    }

    function test_a_balance_never_overflows() public {
        ChannelConfig memory c = terms();
        c.token = address(new PlainToken());
        bytes32 id = fund(c, type(uint128).max);
        assertEq(balance(id), type(uint128).max);
        vm.expectRevert(IEscrow.DepositOverflow.selector);
        escrow.deposit(c, 1, address(collector), "");
    }

    function test_what_does_not_arrive_is_not_credited() public {
        ChannelConfig memory c = terms();
        address idle = address(new IdleCollector());
        vm.expectRevert(IEscrow.DepositCollectionFailed.selector);
        escrow.deposit(c, 1, idle, "");
    }

    function test_what_arrived_before_is_not_credited() public {
        usdc.mint(address(escrow), 1);
        test_what_does_not_arrive_is_not_credited();
    }

    /// @dev Prepares a deposit of a token that misbehaves and expects its refusal.
    function refused(OpenToken token) private {
        ChannelConfig memory c = terms();
        c.token = address(token);
        token.mint(payer, 10_000);
        vm.prank(payer);
        token.approve(address(collector), 10_000);
        vm.expectRevert(IEscrow.DepositCollectionFailed.selector);
        escrow.deposit(c, 1_000, address(collector), "");
    }

    function test_a_token_that_takes_a_fee_is_refused() public {
        refused(new FeeToken());
    }

    function test_a_token_that_gives_too_much_is_refused() public {
        refused(new GenerousToken());
    }

    function test_a_token_that_makes_the_escrow_poorer_is_refused() public {
        LossToken token = new LossToken();
        token.mint(address(escrow), 10_000);
        refused(token);
    }

    function test_a_token_that_answers_false_is_refused() public {
        FalseToken token = new FalseToken();
        token.setSilent(true);
        refused(token);
    }

    function test_a_token_must_be_a_contract() public {
        ChannelConfig memory c = terms();
        c.token = stranger;
        vm.expectRevert();
        escrow.deposit(c, 1, address(collector), "");
    }

    function test_a_deposit_within_a_deposit_is_refused() public {
        NestingCollector nesting = new NestingCollector(address(escrow), collector);
        ChannelConfig memory c = terms();
        usdc.mint(payer, 1e6);
        vm.prank(payer);
        usdc.approve(address(collector), 1e6);
        nesting.arm(abi.encodeCall(IEscrow.deposit, (c, 1e6, address(collector), "")));
        vm.expectRevert(ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
        escrow.deposit(c, 1e6, address(nesting), "");
    }

    function test_a_token_cannot_reenter_while_it_is_collected() public {
        ReentrantToken token = new ReentrantToken();
        ChannelConfig memory c = terms();
        c.token = address(token);
        token.mint(payer, 2_000);
        vm.prank(payer);
        token.approve(address(collector), 2_000);
        token.arm(address(escrow), abi.encodeCall(IEscrow.deposit, (c, 1_000, address(collector), "")));
        escrow.deposit(c, 1_000, address(collector), "");
        assertTrue(token.called());
        assertFalse(token.succeeded());
        assertEq(bytes4(token.answer()), ReentrancyGuardTransient.ReentrancyGuardReentrantCall.selector);
    }

    function testFuzz_channels_do_not_mix(uint128 a, uint128 b) public {
        a = uint128(bound(a, 1, type(uint128).max / 2));
        b = uint128(bound(b, 1, type(uint128).max / 2));
        ChannelConfig memory c = terms();
        bytes32 first = fund(c, a);
        c.salt = bytes32(uint256(1));
        bytes32 second = fund(c, b);
        assertEq(balance(first), a);
        assertEq(balance(second), b);
        assertEq(usdc.balanceOf(address(escrow)), uint256(a) + b);
    }
}
