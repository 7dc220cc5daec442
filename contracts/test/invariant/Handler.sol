// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Test} from "forge-std/Test.sol";

import {DevUSDC} from "../../src/DevUSDC.sol";
import {Escrow} from "../../src/Escrow.sol";
import {ICompactClaim} from "../../src/interfaces/ICompactClaim.sol";
import {ChannelConfig, IEscrow, Voucher, VoucherClaim} from "../../src/interfaces/IEscrow.sol";
import {OpenCollector} from "../utils/Actors.sol";
import {CompactEncoder} from "../utils/CompactEncoder.sol";
import {HostileToken, OpenToken, PlainToken} from "../utils/Tokens.sol";
import {KeyWallet} from "../utils/Wallets.sol";

/// @notice Payers, receivers and thieves at work on one escrow. Twelve channels: each kind of payer in each token, two
/// receivers. What honest people do must succeed; what thieves try must fail; the ghosts remember what was agreed.
contract Handler is Test {
    uint256 public constant CHANNELS = 12;
    uint40 public constant DELAY = 1 days;

    /// @param key Who signs vouchers.
    /// @param byContract Whether the payer is a wallet that checks them.
    /// @param ceiling The highest voucher in the receiver's hands.
    /// @param claimed The highest total booked with a good voucher.
    /// @param deposited What came in.
    /// @param returned What went back to the payer.
    /// @param refunds How often anything might have.
    struct Ghost {
        uint256 key;
        bool byContract;
        uint128 ceiling;
        uint128 claimed;
        uint256 deposited;
        uint256 returned;
        uint256 refunds;
    }

    /// @param amount What the receiver's side agreed to give back.
    /// @param nonce The refund nonce that it signed.
    /// @param refunds Those of the channel then.
    /// @param signature The authorizer's.
    struct Agreed {
        uint128 amount;
        uint256 nonce;
        uint256 refunds;
        bytes signature;
    }

    Escrow public immutable escrow = Escrow(deployCode("Escrow.sol:Escrow"));
    OpenCollector private immutable collector = new OpenCollector(address(escrow));
    DevUSDC public immutable usdc = DevUSDC(deployCode("DevUSDC.sol:DevUSDC", abi.encode(address(this))));
    PlainToken private immutable plain = new PlainToken();
    HostileToken public immutable hostile = new HostileToken();

    address[3] public tokens = [address(usdc), address(plain), address(hostile)];
    address[2] public receivers;
    address[2] private cashiers;
    uint256[2] private cashierKeys;
    ChannelConfig[] private configs;
    bytes32[] public ids;
    Ghost[] private ghosts;
    mapping(uint256 channel => Agreed) private agreed;

    /// @notice Money that came to the escrow from outside any channel, by token.
    mapping(address token => uint256) public donated;
    /// @notice Whether anything succeeded that must fail.
    bool public breached;

    constructor() {
        for (uint256 i = 0; i < 2; ++i) {
            receivers[i] = makeAddr(string.concat("receiver ", vm.toString(i)));
            (cashiers[i], cashierKeys[i]) = makeAddrAndKey(string.concat("cashier ", vm.toString(i)));
        }
        for (uint256 i = 0; i < CHANNELS; ++i) {
            open(i);
        }
    }

    function open(uint256 i) private {
        (address payer, uint256 key) = makeAddrAndKey(string.concat("payer ", vm.toString(i)));
        address authorizer = payer;
        uint256 kind = i % 4;
        if (kind == 1) (authorizer, key) = makeAddrAndKey(string.concat("session ", vm.toString(i)));
        if (kind == 2) authorizer = address(0);
        if (kind == 3) (payer, authorizer) = (address(new KeyWallet(payer)), address(0));
        uint256 to = i / 6;
        configs.push(
            ChannelConfig(payer, authorizer, receivers[to], cashiers[to], tokens[i % 3], DELAY, bytes32(i << (8 * i)))
        );
        ids.push(escrow.getChannelId(configs[i]));
        ghosts.push(Ghost(key, kind == 3, 0, 0, 0, 0, 0));
        vm.prank(payer);
        IERC20(tokens[i % 3]).approve(address(collector), type(uint256).max);
    }

    function config(uint256 i) external view returns (ChannelConfig memory) {
        return configs[i];
    }

    function ghost(uint256 i) external view returns (Ghost memory) {
        return ghosts[i];
    }

    // ---------------------------------------------------------------------------------------------------- the honest

    function deposit(uint256 i, uint128 amount) external {
        i %= CHANNELS;
        amount = uint128(bound(amount, 1, 1e12));
        ChannelConfig memory c = configs[i];
        if (isBlacklisted(c.token, c.payer)) return;
        OpenToken(c.token).mint(c.payer, amount);
        if (c.token == address(hostile) && hostile.greedy()) {
            return mustFail(abi.encodeCall(IEscrow.deposit, (c, amount, address(collector), "")));
        }
        escrow.deposit(c, amount, address(collector), "");
        ghosts[i].deposited += amount;
    }

    function claim(uint256 i, uint128 ceiling, uint128 total, bool bySignature) external {
        i %= CHANNELS;
        VoucherClaim[] memory rows = new VoucherClaim[](1);
        rows[0] = honestRow(i, ceiling, total);
        uint256 to = i / 6;
        if (bySignature) {
            escrow.claimWithSignature(rows, sign(cashierKeys[to], escrow.getClaimBatchDigest(rows)));
        } else {
            vm.prank(cashiers[to]);
            escrow.claim(rows);
        }
        booked(i, rows[0]);
    }

    /// @dev Both channels that share receiver and token, and between them a row that nobody signed, or above its ceiling.
    function claimCompact(uint256 i, uint128[2] calldata ceilings, uint128[2] calldata totals, bool pay, bool signed)
        external
    {
        i %= CHANNELS;
        (uint256 a, uint256 b) = pair(i);
        VoucherClaim[3] memory claims = [
            honestRow(a, ceilings[0], totals[0]),
            dishonestRow(a, ceilings[0] % 2 == 0),
            honestRow(b, ceilings[1], totals[1])
        ];
        if (isBlacklisted(configs[i].token, receivers[i / 6])) pay = false;
        bool books = claims[0].totalClaimed > ghosts[a].claimed || claims[2].totalClaimed > ghosts[b].claimed;
        sendCompact(i / 6, encode(claims, [a, a, b], pay), signed, books);
        booked(a, claims[0]);
        booked(b, claims[2]);
    }

    function encode(VoucherClaim[3] memory claims, uint256[3] memory which, bool pay)
        private
        view
        returns (bytes memory)
    {
        CompactEncoder.Row[] memory rows = new CompactEncoder.Row[](3);
        for (uint256 i = 0; i < 3; ++i) {
            rows[i] = CompactEncoder.Row(claims[i], ghosts[which[i]].byContract, 30_000);
        }
        return CompactEncoder.encode(rows, pay);
    }

    function sendCompact(uint256 to, bytes memory batch, bool signed, bool books) private {
        if (!books) {
            vm.prank(cashiers[to]);
            mustFail(abi.encodeCall(ICompactClaim.claimCompact, (batch)));
        } else if (signed) {
            escrow.claimCompactWithSignature(batch, sign(cashierKeys[to], escrow.getCompactClaimDigest(batch)));
        } else {
            vm.prank(cashiers[to]);
            escrow.claimCompact(batch);
        }
    }

    function settle(uint256 who, uint256 which) external {
        (address receiver, address token) = (receivers[who % 2], tokens[which % 3]);
        if (isBlacklisted(token, receiver)) return;
        escrow.settle(receiver, token);
    }

    /// @dev The payer announces at any time, the session key where nothing is pending.
    function initiateWithdraw(uint256 i, uint128 amount, bool bySession) external {
        i %= CHANNELS;
        uint128 available = availableOf(i);
        if (available == 0) return;
        amount = uint128(bound(amount, 1, available));
        (, uint40 since) = escrow.pendingWithdrawals(ids[i]);
        ChannelConfig memory c = configs[i];
        bySession = bySession && c.payerAuthorizer != address(0) && c.payerAuthorizer != c.payer;
        vm.prank(bySession ? c.payerAuthorizer : c.payer);
        if (bySession && since != 0) return mustFail(abi.encodeCall(IEscrow.initiateWithdraw, (c, amount)));
        escrow.initiateWithdraw(c, amount);
    }

    function finalizeWithdraw(uint256 i) external {
        i %= CHANNELS;
        ChannelConfig memory c = configs[i];
        (uint128 amount, uint40 since) = escrow.pendingWithdrawals(ids[i]);
        if (since == 0 || block.timestamp < since + DELAY || isBlacklisted(c.token, c.payer)) return;
        uint128 available = availableOf(i);
        vm.prank(c.payer);
        escrow.finalizeWithdraw(c);
        returned(i, amount < available ? amount : available);
    }

    function refund(uint256 i, uint128 amount, bool bySignature) external {
        i %= CHANNELS;
        ChannelConfig memory c = configs[i];
        uint128 available = availableOf(i);
        if (isBlacklisted(c.token, c.payer)) return;
        amount = uint128(bound(amount, 1, uint256(available) * 2 + 1));
        if (bySignature) {
            uint256 nonce = escrow.refundNonce(ids[i]);
            bytes32 digest = escrow.getRefundDigest(ids[i], nonce, amount);
            escrow.refundWithSignature(c, amount, nonce, sign(cashierKeys[i / 6], digest));
        } else {
            vm.prank(c.receiver);
            escrow.refund(c, amount);
        }
        returned(i, amount < available ? amount : available);
    }

    /// @dev The receiver's side signs a refund and keeps it, as it does while the payer's client is on its way.
    function agree(uint256 i, uint128 amount) external {
        i %= CHANNELS;
        amount = uint128(bound(amount, 1, uint256(availableOf(i)) * 2 + 1));
        bytes32 digest = escrow.getRefundDigest(ids[i], escrow.refundNonce(ids[i]), amount);
        agreed[i] = Agreed(amount, escrow.refundNonce(ids[i]), ghosts[i].refunds, sign(cashierKeys[i / 6], digest));
    }

    /// @dev What was agreed on works once, and only as long as nothing else went back.
    function redeem(uint256 i) external {
        i %= CHANNELS;
        ChannelConfig memory c = configs[i];
        Agreed memory kept = agreed[i];
        if (kept.amount == 0 || isBlacklisted(c.token, c.payer)) return;
        bytes memory data = abi.encodeCall(IEscrow.refundWithSignature, (c, kept.amount, kept.nonce, kept.signature));
        if (kept.refunds != ghosts[i].refunds) return mustFail(data);
        uint128 available = availableOf(i);
        escrow.refundWithSignature(c, kept.amount, kept.nonce, kept.signature);
        returned(i, kept.amount < available ? kept.amount : available);
    }

    // ----------------------------------------------------------------------------------------------- the rest of life

    function pass(uint256 time) external {
        skip(bound(time, 1, 2 days));
    }

    function blacklist(uint256 who, bool listed) external {
        who %= CHANNELS + 2;
        address account = who < CHANNELS ? configs[who].payer : receivers[who - CHANNELS];
        listed ? usdc.blacklist(account) : usdc.unBlacklist(account);
    }

    function donate(uint256 which, uint128 amount) external {
        address token = tokens[which % 3];
        amount = uint128(bound(amount, 1, 1e6));
        OpenToken(token).mint(address(escrow), amount);
        donated[token] += amount;
    }

    function setGreedy(bool greedy) external {
        hostile.setGreedy(greedy);
    }

    /// @dev From now on every transfer of the hostile token tries to take more.
    function arm(uint256 i, uint256 what) external {
        i = (i % 4) * 3 + 2;
        what %= 3;
        if (what == 0) {
            hostile.arm(address(escrow), abi.encodeCall(IEscrow.settle, (receivers[i / 6], address(hostile))));
        }
        if (what == 1) {
            hostile.arm(address(escrow), abi.encodeCall(IEscrow.refundWithSignature, (configs[i], 1, 0, "")));
        }
        if (what == 2) {
            hostile.arm(address(escrow), abi.encodeCall(IEscrow.deposit, (configs[i], 1, address(collector), "")));
        }
    }

    // --------------------------------------------------------------------------------------------------- the thieves

    function steal(uint256 i, uint128 total, uint256 how) external {
        i %= CHANNELS;
        how %= 8;
        ChannelConfig memory c = configs[i];
        VoucherClaim[] memory rows = new VoucherClaim[](1);
        address thief = how < 3 ? c.receiverAuthorizer : makeAddr("thief");
        (uint128 held, uint128 claimed) = escrow.channels(ids[i]);
        total = uint128(bound(total, claimed + 1, held > claimed ? held : claimed + 1));
        rows[0] = how == 0 ? forged(i, total) : row(i, total - 1, total);
        if (how == 2) rows[0] = row(i, type(uint128).max, held + 1);
        if (how == 3) rows[0] = row(i, total, total);
        vm.startPrank(thief);
        if (how < 4) mustFail(abi.encodeCall(IEscrow.claim, (rows)));
        if (how == 4) mustFail(abi.encodeCall(IEscrow.refund, (c, 1)));
        if (how == 5) mustFail(abi.encodeCall(IEscrow.initiateWithdraw, (c, 1)));
        if (how == 6) mustFail(abi.encodeCall(IEscrow.finalizeWithdraw, (c)));
        if (how == 7) {
            mustFail(abi.encodeCall(IEscrow.refundWithSignature, (c, 1, escrow.refundNonce(ids[i]), "")));
        }
        vm.stopPrank();
    }

    /// @dev A payer who wants his money before the delay, or more than is his.
    function overdraw(uint256 i, bool early) external {
        i %= CHANNELS;
        (, uint40 since) = escrow.pendingWithdrawals(ids[i]);
        vm.startPrank(configs[i].payer);
        if (!early) {
            mustFail(abi.encodeCall(IEscrow.initiateWithdraw, (configs[i], availableOf(i) + 1)));
        } else if (since == 0 || block.timestamp < since + DELAY) {
            mustFail(abi.encodeCall(IEscrow.finalizeWithdraw, (configs[i])));
        }
        vm.stopPrank();
    }

    function mustFail(bytes memory data) private {
        (bool done,) = address(escrow).call(data);
        if (done) breached = true;
    }

    // ------------------------------------------------------------------------------------------------------- helpers

    function honestRow(uint256 i, uint128 ceiling, uint128 total) private view returns (VoucherClaim memory) {
        uint128 held = balanceOf(i);
        total = uint128(bound(total, 0, held));
        ceiling = uint128(bound(ceiling, total, uint256(held) * 2 + 1));
        return row(i, ceiling, total);
    }

    function row(uint256 i, uint128 ceiling, uint128 total) private view returns (VoucherClaim memory) {
        bytes32 digest = escrow.getVoucherDigest(ids[i], ceiling);
        return VoucherClaim(Voucher(configs[i], ceiling), sign(ghosts[i].key, digest), total);
    }

    function dishonestRow(uint256 i, bool signed) private view returns (VoucherClaim memory) {
        uint128 held = balanceOf(i);
        return signed && held != 0 ? row(i, held - 1, held) : forged(i, held);
    }

    /// @dev By the receiver's own key.
    function forged(uint256 i, uint128 total) private view returns (VoucherClaim memory) {
        bytes32 digest = escrow.getVoucherDigest(ids[i], total);
        return VoucherClaim(Voucher(configs[i], total), sign(cashierKeys[i / 6], digest), total);
    }

    function booked(uint256 i, VoucherClaim memory claimed) private {
        Ghost storage g = ghosts[i];
        if (claimed.voucher.maxClaimableAmount > g.ceiling) g.ceiling = claimed.voucher.maxClaimableAmount;
        if (claimed.totalClaimed > g.claimed) g.claimed = claimed.totalClaimed;
    }

    function returned(uint256 i, uint128 amount) private {
        ghosts[i].returned += amount;
        ++ghosts[i].refunds;
    }

    /// @dev The two channels of the receiver and token of channel `i`.
    function pair(uint256 i) private pure returns (uint256 a, uint256 b) {
        a = (i / 6) * 6 + i % 3;
        b = a + 3;
    }

    function isBlacklisted(address token, address account) private view returns (bool) {
        return token == address(usdc) && usdc.isBlacklisted(account);
    }

    function balanceOf(uint256 i) private view returns (uint128 held) {
        (held,) = escrow.channels(ids[i]);
    }

    function availableOf(uint256 i) private view returns (uint128) {
        (uint128 held, uint128 total) = escrow.channels(ids[i]);
        return held - total;
    }

    function sign(uint256 key, bytes32 digest) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(key, digest);
        return abi.encodePacked(r, s, v);
    }
}
