// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";

import {DevUSDC} from "../../src/DevUSDC.sol";
import {ExactWitness} from "../../src/interfaces/IExactPermit2Proxy.sol";
import {IMulticall3} from "../../src/interfaces/IMulticall3.sol";
import {IPermit2} from "../../src/interfaces/IPermit2.sol";
import {UptoWitness} from "../../src/interfaces/IUptoPermit2Proxy.sol";
import {Payments} from "../utils/Payments.sol";
import {Permits} from "../utils/Permits.sol";
import {Published} from "../utils/Published.sol";

/// @notice Gas of payments that move tokens straight to the payee: one in a transaction, and each of 50 in one `aggregate3`.
/// Distinct payers, one receiver who has tokens already, nonces as wallets choose them: at random. The lines `behindProxy` are
/// of the same token behind an ERC-1967 proxy, since USDC is behind a proxy of that kind.
/// forge-config: default.isolate = true
contract TransferGasTest is Payments {
    uint256 internal constant BATCH = 50;
    uint256 internal constant AMOUNT = 1e6;
    uint256 internal constant UNTIL = type(uint64).max;

    IMulticall3 internal multicall;
    address[BATCH] internal payers;
    uint256[BATCH] internal keys;

    function setUp() public override {
        super.setUp();
        multicall = Published.multicall3();
        for (uint256 i = 0; i < BATCH; ++i) {
            (payers[i], keys[i]) = makeAddrAndKey(string.concat("payer ", vm.toString(i)));
        }
        give(usdc);
    }

    function give(DevUSDC token) private {
        token.mint(receiver, 1);
        for (uint256 i = 0; i < BATCH; ++i) {
            token.mint(payers[i], 10 * AMOUNT);
            vm.prank(payers[i]);
            token.approve(address(permit2), type(uint256).max);
        }
    }

    function record(string memory name, uint256 payments) private returns (uint256 each) {
        each = (vm.lastCallGas().gasTotalUsed + payments / 2) / payments;
        vm.snapshotValue("gas", name, each);
    }

    function random(uint256 i) private pure returns (bytes32) {
        return keccak256(abi.encode("nonce", i));
    }

    /// @dev Sends the first payment alone, then all in a batch; every one must move its tokens.
    function measure(string memory name, DevUSDC token, address target, bytes[] memory payments)
        private
        returns (uint256 each)
    {
        uint256 start = vm.snapshotState();
        vm.startPrank(facilitator);
        (bool done,) = target.call(payments[0]);
        record(string.concat(name, ".alone"), 1);
        assertTrue(done);
        assertEq(token.balanceOf(receiver), AMOUNT + 1);
        vm.revertToState(start);

        IMulticall3.Call3[] memory calls = new IMulticall3.Call3[](payments.length);
        for (uint256 i = 0; i < payments.length; ++i) {
            calls[i] = IMulticall3.Call3(target, true, payments[i]);
        }
        multicall.aggregate3(calls);
        each = record(string.concat(name, ".of50"), payments.length);
        assertEq(token.balanceOf(receiver), payments.length * AMOUNT + 1);
        vm.stopPrank();
    }

    function transfers(DevUSDC token, bool split) private view returns (bytes[] memory payments) {
        payments = new bytes[](BATCH);
        for (uint256 i = 0; i < BATCH; ++i) {
            bytes32 digest = Permits.transferWithAuthorization(token, payers[i], receiver, AMOUNT, 0, UNTIL, random(i));
            (uint8 v, bytes32 r, bytes32 s) = vm.sign(keys[i], digest);
            payments[i] = split
                ? abi.encodeWithSignature(
                    "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,uint8,bytes32,bytes32)",
                    payers[i],
                    receiver,
                    AMOUNT,
                    0,
                    UNTIL,
                    random(i),
                    v,
                    r,
                    s
                )
                : abi.encodeWithSignature(
                    "transferWithAuthorization(address,address,uint256,uint256,uint256,bytes32,bytes)",
                    payers[i],
                    receiver,
                    AMOUNT,
                    0,
                    UNTIL,
                    random(i),
                    abi.encodePacked(r, s, v)
                );
        }
    }

    function permits(uint256 i) private view returns (IPermit2.PermitTransferFrom memory) {
        return IPermit2.PermitTransferFrom(
            IPermit2.TokenPermissions(address(usdc), AMOUNT), uint256(random(i)), block.timestamp + 1 hours
        );
    }

    function test_eip3009_costs_at_most_55000_each() public {
        uint256 whole = measure("exact.eip3009.bytes", usdc, address(usdc), transfers(usdc, false));
        assertLe(whole, 55_000);
    }

    function test_eip3009_in_three_parts_costs_at_most_55000_each() public {
        uint256 split = measure("exact.eip3009.vrs", usdc, address(usdc), transfers(usdc, true));
        assertLe(split, 55_000);
    }

    function test_eip3009_behind_a_proxy() public {
        DevUSDC token = DevUSDC(address(new ERC1967Proxy(address(usdc), abi.encodeCall(usdc.decimals, ()))));
        give(token);
        measure("exact.eip3009.bytes.behindProxy", token, address(token), transfers(token, false));
    }

    function test_eip3009_in_three_parts_behind_a_proxy() public {
        DevUSDC token = DevUSDC(address(new ERC1967Proxy(address(usdc), abi.encodeCall(usdc.decimals, ()))));
        give(token);
        measure("exact.eip3009.vrs.behindProxy", token, address(token), transfers(token, true));
    }

    function test_exact_by_permit2() public {
        bytes[] memory payments = new bytes[](BATCH);
        ExactWitness memory witness = ExactWitness(receiver, 0);
        for (uint256 i = 0; i < BATCH; ++i) {
            bytes32 digest = Permits.exact(permit2, address(exact), permits(i), witness);
            payments[i] = abi.encodeCall(exact.settle, (permits(i), payers[i], witness, signed(keys[i], digest)));
        }
        measure("exact.permit2", usdc, address(exact), payments);
    }

    function test_upto_by_permit2() public {
        UptoWitness memory witness = UptoWitness(receiver, facilitator, 0);
        bytes32 digest = Permits.upto(permit2, address(upto), permits(0), witness);
        bytes memory signature = signed(keys[0], digest);
        vm.prank(facilitator);
        upto.settle(permits(0), AMOUNT, payers[0], witness, signature);
        record("upto.permit2.alone", 1);
        assertEq(usdc.balanceOf(receiver), AMOUNT + 1);
    }
}
