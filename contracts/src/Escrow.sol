// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Multicall} from "@openzeppelin/contracts/utils/Multicall.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

import {ICollector} from "./interfaces/ICollector.sol";
import {ICompactClaim} from "./interfaces/ICompactClaim.sol";
import {ChannelConfig, IEscrow, VoucherClaim} from "./interfaces/IEscrow.sol";
import {Channel} from "./libraries/Channel.sol";
import {CompactClaims} from "./libraries/CompactClaims.sol";
import {EscrowHash} from "./libraries/EscrowHash.sol";
import {Signatures} from "./libraries/Signatures.sol";

/// @title Escrow
/// @notice Payment channels of the x402 `batch-settlement` scheme. See {IEscrow}.
/// @dev Every function that changes state holds one transient lock, so no token, collector or wallet that is called on
/// the way can re-enter. There are no immutables: the runtime code is one constant for all chains.
contract Escrow is IEscrow, ICompactClaim, IERC165, Multicall, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @dev One word, read and written by nothing on the claim path.
    struct Withdrawal {
        uint128 amount;
        uint40 initiatedAt;
    }

    /// @dev One word: `settle` reads both halves and writes one.
    struct Receiver {
        uint128 totalClaimed;
        uint128 totalSettled;
    }

    /// @notice The shortest withdraw delay of a channel, in seconds.
    uint40 public constant MIN_WITHDRAW_DELAY = 15 minutes;
    /// @notice The longest withdraw delay of a channel, in seconds.
    uint40 public constant MAX_WITHDRAW_DELAY = 30 days;

    /// @notice EIP-712 type hash of `ChannelConfig`.
    bytes32 public constant CHANNEL_CONFIG_TYPEHASH = EscrowHash.CHANNEL_CONFIG_TYPEHASH;
    /// @notice EIP-712 type hash of `Voucher`.
    bytes32 public constant VOUCHER_TYPEHASH = EscrowHash.VOUCHER_TYPEHASH;
    /// @notice EIP-712 type hash of `Refund`.
    bytes32 public constant REFUND_TYPEHASH = EscrowHash.REFUND_TYPEHASH;
    /// @notice EIP-712 type hash of `ClaimEntry`.
    bytes32 public constant CLAIM_ENTRY_TYPEHASH = EscrowHash.CLAIM_ENTRY_TYPEHASH;
    /// @notice EIP-712 type hash of `ClaimBatch`.
    bytes32 public constant CLAIM_BATCH_TYPEHASH = EscrowHash.CLAIM_BATCH_TYPEHASH;
    /// @notice EIP-712 type hash of `CompactClaim`.
    bytes32 public constant COMPACT_CLAIM_TYPEHASH = EscrowHash.COMPACT_CLAIM_TYPEHASH;

    /// @inheritdoc IEscrow
    mapping(bytes32 channelId => Channel) public channels;
    /// @inheritdoc IEscrow
    mapping(bytes32 channelId => Withdrawal) public pendingWithdrawals;
    /// @inheritdoc IEscrow
    mapping(bytes32 channelId => uint256) public refundNonce;
    /// @inheritdoc IEscrow
    mapping(address receiver => mapping(address token => Receiver)) public receivers;

    // ----------------------------------------------------------------------------------------------------- deposit

    /// @inheritdoc IEscrow
    function deposit(ChannelConfig calldata config, uint128 amount, address collector, bytes calldata collectorData)
        external
        nonReentrant
    {
        _checkConfig(config);
        _now(); // where the payer could not leave, nothing comes in
        if (amount == 0) revert ZeroDeposit();
        if (collector.code.length == 0) revert InvalidCollector();
        bytes32 id = getChannelId(config);
        Channel storage channel = channels[id];
        uint128 held = channel.balance;
        if (amount > type(uint128).max - held) revert DepositOverflow();

        // Only what has arrived is credited: the effect follows the interaction, under the lock.
        uint256 before = IERC20(config.token).balanceOf(address(this));
        ICollector(collector).collect(config.payer, config.token, amount, id, collectorData);
        uint256 afterwards = IERC20(config.token).balanceOf(address(this));
        if (afterwards < before || afterwards - before != amount) revert DepositCollectionFailed();

        channel.balance = held + amount;
        if (held == 0 && channel.totalClaimed == 0) emit ChannelCreated(id, config);
        emit Deposited(id, msg.sender, amount, held + amount);
    }

    function _checkConfig(ChannelConfig calldata config) private pure {
        if (
            config.payer == address(0) || config.receiver == address(0) || config.receiverAuthorizer == address(0)
                || config.token == address(0)
        ) revert InvalidChannel();
        if (config.withdrawDelay < MIN_WITHDRAW_DELAY || config.withdrawDelay > MAX_WITHDRAW_DELAY) {
            revert WithdrawDelayOutOfRange();
        }
    }

    // ------------------------------------------------------------------------------------------------------- claim

    /// @inheritdoc IEscrow
    function claim(VoucherClaim[] calldata voucherClaims) external nonReentrant {
        if (voucherClaims.length == 0) revert EmptyBatch();
        bytes32 domain = EscrowHash.domainSeparator();
        for (uint256 i = 0; i < voucherClaims.length; ++i) {
            if (!_isReceiverSide(voucherClaims[i].voucher.channel)) revert NotAuthorizedToClaim();
            _claim(domain, voucherClaims[i]);
        }
    }

    /// @inheritdoc IEscrow
    function claimWithSignature(VoucherClaim[] calldata voucherClaims, bytes calldata authorizerSignature)
        external
        nonReentrant
    {
        if (voucherClaims.length == 0) revert EmptyBatch();
        bytes32 domain = EscrowHash.domainSeparator();
        address authorizer = voucherClaims[0].voucher.channel.receiverAuthorizer;
        bytes32 digest = EscrowHash.claimBatch(domain, voucherClaims);
        if (!Signatures.isByKeyOrContract(authorizer, digest, authorizerSignature)) revert InvalidSignature();
        for (uint256 i = 0; i < voucherClaims.length; ++i) {
            if (voucherClaims[i].voucher.channel.receiverAuthorizer != authorizer) revert NotReceiverAuthorizer();
            _claim(domain, voucherClaims[i]);
        }
    }

    function _claim(bytes32 domain, VoucherClaim calldata row) private {
        ChannelConfig calldata config = row.voucher.channel;
        bytes32 id = EscrowHash.channelId(domain, config);
        Channel storage channel = channels[id];
        (uint128 held, uint128 claimed, uint128 total) = (channel.balance, channel.totalClaimed, row.totalClaimed);
        if (total <= claimed) return;
        if (total > row.voucher.maxClaimableAmount) revert ClaimExceedsCeiling();
        if (total > held) revert ClaimExceedsBalance();
        if (!_isVoucherSigned(domain, id, row)) revert InvalidSignature();

        channel.totalClaimed = total;
        receivers[config.receiver][config.token].totalClaimed += total - claimed;
        emit Claimed(id, msg.sender, total - claimed, total);
    }

    function _isVoucherSigned(bytes32 domain, bytes32 id, VoucherClaim calldata row) private view returns (bool) {
        ChannelConfig calldata config = row.voucher.channel;
        bytes32 digest = EscrowHash.voucher(domain, id, row.voucher.maxClaimableAmount);
        return config.payerAuthorizer == address(0)
            ? Signatures.isByKeyOrContract(config.payer, digest, row.signature)
            : Signatures.isByKey(config.payerAuthorizer, digest, row.signature);
    }

    // ------------------------------------------------------------------------------------------------ compact claim

    /// @inheritdoc ICompactClaim
    function claimCompact(bytes calldata batch)
        external
        nonReentrant
        returns (uint128 amount, uint256 claimed, uint256 skipped)
    {
        CompactClaims.reserve();
        CompactClaims.Header memory header = CompactClaims.header(batch);
        if (msg.sender != header.receiver && msg.sender != header.receiverAuthorizer) revert NotAuthorizedToClaim();
        return _claimCompact(EscrowHash.domainSeparator(), header, batch);
    }

    /// @inheritdoc ICompactClaim
    function claimCompactWithSignature(bytes calldata batch, bytes calldata authorizerSignature)
        external
        nonReentrant
        returns (uint128 amount, uint256 claimed, uint256 skipped)
    {
        CompactClaims.reserve();
        CompactClaims.Header memory header = CompactClaims.header(batch);
        bytes32 domain = EscrowHash.domainSeparator();
        bytes32 digest = EscrowHash.compactClaim(domain, batch);
        if (!Signatures.isByKeyOrContract(header.receiverAuthorizer, digest, authorizerSignature)) {
            revert InvalidSignature();
        }
        return _claimCompact(domain, header, batch);
    }

    /// @dev The receiver's total is written once for all rows. What books nothing says nothing: an event costs its sender
    /// a channel's money.
    function _claimCompact(bytes32 domain, CompactClaims.Header memory header, bytes calldata batch)
        private
        returns (uint128 amount, uint256 claimed, uint256 skipped)
    {
        uint256 sum;
        (sum, claimed, skipped) = CompactClaims.book(channels, domain, header, batch);
        if (claimed == 0) {
            if (skipped == 0) revert EmptyBatch();
            revert NothingClaimed();
        }

        amount = SafeCast.toUint128(sum);
        receivers[header.receiver][header.token].totalClaimed += amount;
        emit CompactClaimed(
            header.receiver, header.receiverAuthorizer, header.token, msg.sender, amount, claimed, skipped
        );
        if (header.settle) _settle(header.receiver, header.token);
    }

    // ------------------------------------------------------------------------------------------------------- settle

    /// @inheritdoc IEscrow
    function settle(address receiver, address token) external nonReentrant {
        _settle(receiver, token);
    }

    function _settle(address receiver, address token) private {
        Receiver storage totals = receivers[receiver][token];
        uint128 amount = totals.totalClaimed - totals.totalSettled;
        if (amount == 0) return;

        totals.totalSettled = totals.totalClaimed;
        emit Settled(receiver, token, msg.sender, amount);
        IERC20(token).safeTransfer(receiver, amount);
    }

    // --------------------------------------------------------------------------------------------------- withdrawal

    /// @inheritdoc IEscrow
    function initiateWithdraw(ChannelConfig calldata config, uint128 amount) external nonReentrant {
        if (!_isPayerSide(config)) revert InvalidChannel();
        if (amount == 0) revert NothingToWithdraw();
        bytes32 id = getChannelId(config);
        Withdrawal storage pending = pendingWithdrawals[id];
        // A session key in the wrong hands could else keep its payer here, one unit after the other.
        if (pending.initiatedAt != 0 && msg.sender != config.payer) revert WithdrawalAlreadyPending();
        if (amount > _available(channels[id])) revert WithdrawAmountExceedsAvailable();

        uint40 start = _now();
        pending.amount = amount;
        pending.initiatedAt = start;
        emit WithdrawInitiated(id, amount, start + config.withdrawDelay);
    }

    /// @inheritdoc IEscrow
    function finalizeWithdraw(ChannelConfig calldata config) external nonReentrant {
        if (!_isPayerSide(config)) revert NotAuthorizedToFinalizeWithdraw();
        bytes32 id = getChannelId(config);
        Withdrawal memory pending = pendingWithdrawals[id];
        if (pending.initiatedAt == 0) revert WithdrawalNotPending();
        if (block.timestamp < uint256(pending.initiatedAt) + config.withdrawDelay) revert WithdrawDelayNotElapsed();

        delete pendingWithdrawals[id];
        ++refundNonce[id]; // a refund that was signed while this was pending would come on top of it
        uint128 amount = _release(id, pending.amount);
        emit WithdrawFinalized(id, msg.sender, amount);
        _pay(id, config, amount);
    }

    // ------------------------------------------------------------------------------------------------------- refund

    /// @inheritdoc IEscrow
    function refund(ChannelConfig calldata config, uint128 amount) external nonReentrant {
        if (!_isReceiverSide(config)) revert NotAuthorizedToRefund();
        _refund(getChannelId(config), config, amount);
    }

    /// @inheritdoc IEscrow
    function refundWithSignature(
        ChannelConfig calldata config,
        uint128 amount,
        uint256 nonce,
        bytes calldata receiverAuthorizerSignature
    ) external nonReentrant {
        bytes32 id = getChannelId(config);
        if (nonce != refundNonce[id]) revert InvalidRefundNonce();
        bytes32 digest = getRefundDigest(id, nonce, amount);
        if (!Signatures.isByKeyOrContract(config.receiverAuthorizer, digest, receiverAuthorizerSignature)) {
            revert InvalidSignature();
        }
        _refund(id, config, amount);
    }

    /// @dev The nonce is used up even where nothing is left to refund: a signed refund never works twice. The event is
    /// given then too, so that nobody takes the transaction for a payment.
    function _refund(bytes32 id, ChannelConfig calldata config, uint128 asked) private {
        if (asked == 0) revert ZeroRefund();
        ++refundNonce[id];
        uint128 amount = _release(id, asked);
        emit Refunded(id, msg.sender, amount);
        if (amount == 0) return;

        Withdrawal memory pending = pendingWithdrawals[id];
        if (pending.amount > amount) pendingWithdrawals[id].amount = pending.amount - amount;
        else if (pending.initiatedAt != 0) delete pendingWithdrawals[id];
        _pay(id, config, amount);
    }

    // ------------------------------------------------------------------------------------------------ back to payers

    /// @dev Takes up to `asked` of what is unclaimed out of a channel.
    function _release(bytes32 id, uint128 asked) private returns (uint128 amount) {
        Channel storage channel = channels[id];
        uint128 available = _available(channel);
        amount = asked < available ? asked : available;
        channel.balance -= amount;
    }

    /// @dev Transfers what was released to the payer.
    function _pay(bytes32 id, ChannelConfig calldata config, uint128 amount) private {
        if (channels[id].balance == 0 && channels[id].totalClaimed == 0) emit ChannelClosed(id, config);
        if (amount != 0) IERC20(config.token).safeTransfer(config.payer, amount);
    }

    function _available(Channel storage channel) private view returns (uint128) {
        return channel.balance - channel.totalClaimed;
    }

    /// @dev The time as withdrawals keep it, in seconds. Fails where it does not fit, as on a chain that counts
    /// milliseconds: cut to its low bits, a withdrawal might be over when it is announced.
    function _now() private view returns (uint40) {
        return SafeCast.toUint40(block.timestamp);
    }

    function _isPayerSide(ChannelConfig calldata config) private view returns (bool) {
        return msg.sender == config.payer || msg.sender == config.payerAuthorizer;
    }

    function _isReceiverSide(ChannelConfig calldata config) private view returns (bool) {
        return msg.sender == config.receiver || msg.sender == config.receiverAuthorizer;
    }

    // -------------------------------------------------------------------------------------------------------- views

    /// @inheritdoc IEscrow
    function getChannelId(ChannelConfig calldata config) public view returns (bytes32) {
        return EscrowHash.channelId(EscrowHash.domainSeparator(), config);
    }

    /// @inheritdoc IEscrow
    function getVoucherDigest(bytes32 channelId, uint128 maxClaimableAmount) external view returns (bytes32) {
        return EscrowHash.voucher(EscrowHash.domainSeparator(), channelId, maxClaimableAmount);
    }

    /// @inheritdoc IEscrow
    function getRefundDigest(bytes32 channelId, uint256 nonce, uint128 amount) public view returns (bytes32) {
        return EscrowHash.refund(EscrowHash.domainSeparator(), channelId, nonce, amount);
    }

    /// @inheritdoc IEscrow
    function getClaimBatchDigest(VoucherClaim[] calldata voucherClaims) external view returns (bytes32) {
        return EscrowHash.claimBatch(EscrowHash.domainSeparator(), voucherClaims);
    }

    /// @inheritdoc ICompactClaim
    function getCompactClaimDigest(bytes calldata batch) external view returns (bytes32) {
        return EscrowHash.compactClaim(EscrowHash.domainSeparator(), batch);
    }

    /// @notice The EIP-712 domain of all signatures, as EIP-5267 asks.
    /// @return fields 0x0f: name, version, chain id and contract are used.
    /// @return name "x402 Batch Settlement".
    /// @return version "1".
    /// @return chainId This chain.
    /// @return verifyingContract This contract.
    /// @return salt Zero.
    /// @return extensions None.
    function eip712Domain()
        external
        view
        returns (
            bytes1 fields,
            string memory name,
            string memory version,
            uint256 chainId,
            address verifyingContract,
            bytes32 salt,
            uint256[] memory extensions
        )
    {
        return (0x0f, "x402 Batch Settlement", "1", block.chainid, address(this), 0, new uint256[](0));
    }

    /// @notice Which interfaces this contract has (ERC-165).
    /// @param interfaceId Which one.
    /// @return Whether it is there.
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IERC165).interfaceId || interfaceId == type(IEscrow).interfaceId
            || interfaceId == type(ICompactClaim).interfaceId;
    }
}
