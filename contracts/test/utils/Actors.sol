// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Test} from "forge-std/Test.sol";

import {DevUSDC} from "../../src/DevUSDC.sol";
import {Escrow} from "../../src/Escrow.sol";
import {ICollector} from "../../src/interfaces/ICollector.sol";
import {ChannelConfig, Voucher, VoucherClaim} from "../../src/interfaces/IEscrow.sol";
import {CompactEncoder} from "./CompactEncoder.sol";

/// @notice Pulls by allowance and asks nobody: for tests whose subject is not the collector.
contract OpenCollector is ICollector {
    address public immutable escrow;

    constructor(address escrow_) {
        escrow = escrow_;
    }

    function collect(address payer, address token, uint256 amount, bytes32, bytes calldata) external {
        (bool done,) = token.call(abi.encodeCall(IERC20.transferFrom, (payer, escrow, amount)));
        require(done, "transferFrom");
    }
}

/// @notice One escrow, one USDC, a payer, a receiver and their keys; helpers to open, sign and claim.
abstract contract Actors is Test {
    uint40 internal constant DELAY = 1 days;
    uint256 internal constant HALF_ORDER = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;
    uint256 internal constant ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;

    Escrow internal escrow;
    DevUSDC internal usdc;
    OpenCollector internal collector;

    address internal payer;
    uint256 internal payerKey;
    address internal session;
    uint256 internal sessionKey;
    address internal receiver;
    uint256 internal receiverKey;
    address internal cashier;
    uint256 internal cashierKey;
    address internal stranger = makeAddr("stranger");

    function setUp() public virtual {
        vm.warp(1_750_000_000);
        escrow = Escrow(deployCode("Escrow.sol:Escrow"));
        usdc = DevUSDC(deployCode("DevUSDC.sol:DevUSDC", abi.encode(address(this))));
        collector = new OpenCollector(address(escrow));
        (payer, payerKey) = makeAddrAndKey("payer");
        (session, sessionKey) = makeAddrAndKey("payer's session key");
        (receiver, receiverKey) = makeAddrAndKey("receiver");
        (cashier, cashierKey) = makeAddrAndKey("receiver's authorizer");
    }

    /// @dev The terms of a channel between `payer`, who signs himself, and `receiver`.
    function terms() internal view returns (ChannelConfig memory) {
        return ChannelConfig(payer, payer, receiver, cashier, address(usdc), DELAY, 0);
    }

    /// @dev Deposits `amount` of the channel's token, minted for the purpose.
    function fund(ChannelConfig memory c, uint128 amount) internal returns (bytes32 id) {
        DevUSDC(c.token).mint(c.payer, amount);
        vm.prank(c.payer);
        IERC20(c.token).approve(address(collector), amount);
        escrow.deposit(c, amount, address(collector), "");
        return escrow.getChannelId(c);
    }

    function signed(uint256 key, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }

    function short(bytes memory signature) internal pure returns (bytes memory) {
        return CompactEncoder.compactSignature(signature);
    }

    /// @dev The other signature of the same key over the same digest, with a high s.
    function malleated(bytes memory signature) internal pure returns (bytes memory) {
        bytes32 r;
        uint256 s;
        assembly ("memory-safe") {
            r := mload(add(signature, 0x20))
            s := mload(add(signature, 0x40))
        }
        return abi.encodePacked(r, ORDER - s, uint8(signature[64]) == 27 ? uint8(28) : uint8(27));
    }

    /// @dev A claim of `total` with a voucher over `ceiling`, signed with `key`.
    function voucher(ChannelConfig memory c, uint256 key, uint128 ceiling, uint128 total)
        internal
        view
        returns (VoucherClaim memory)
    {
        bytes32 digest = escrow.getVoucherDigest(escrow.getChannelId(c), ceiling);
        return VoucherClaim(Voucher(c, ceiling), signed(key, digest), total);
    }

    function one(VoucherClaim memory row) internal pure returns (VoucherClaim[] memory rows) {
        rows = new VoucherClaim[](1);
        rows[0] = row;
    }

    function two(VoucherClaim memory a, VoucherClaim memory b) internal pure returns (VoucherClaim[] memory rows) {
        rows = new VoucherClaim[](2);
        (rows[0], rows[1]) = (a, b);
    }

    /// @dev The batch of rows that keys signed.
    function compact(VoucherClaim[] memory claims, bool settle) internal pure returns (bytes memory) {
        CompactEncoder.Row[] memory rows = new CompactEncoder.Row[](claims.length);
        for (uint256 i = 0; i < claims.length; ++i) {
            rows[i] = CompactEncoder.Row(claims[i], false, 0);
        }
        return CompactEncoder.encode(rows, settle);
    }

    function claimed(bytes32 id) internal view returns (uint128 total) {
        (, total) = escrow.channels(id);
    }

    function balance(bytes32 id) internal view returns (uint128 held) {
        (held,) = escrow.channels(id);
    }
}
