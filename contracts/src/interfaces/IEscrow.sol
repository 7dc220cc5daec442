// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

/// @notice The terms of a channel. They never change: the channel's id is their EIP-712 digest.
/// @param payer Owns what is not claimed. Refunds and withdrawals go to this address and to no other.
/// @param payerAuthorizer The key that signs vouchers. Zero: the payer signs, as an EOA or by ERC-1271.
/// @param receiver Is paid what is claimed.
/// @param receiverAuthorizer The key that, next to the receiver, may claim and refund, in person or by signature.
/// @param token The ERC-20 that the channel holds.
/// @param withdrawDelay Seconds between the start and the end of a withdrawal, 15 minutes to 30 days.
/// @param salt Tells apart channels whose other terms are equal.
struct ChannelConfig {
    address payer;
    address payerAuthorizer;
    address receiver;
    address receiverAuthorizer;
    address token;
    uint40 withdrawDelay;
    bytes32 salt;
}

/// @notice What a payer signed: "of this channel, at most so much in total".
/// @param channel The terms of the channel.
/// @param maxClaimableAmount The ceiling of all claims together, in the token's atomic units.
struct Voucher {
    ChannelConfig channel;
    uint128 maxClaimableAmount;
}

/// @notice One row of a claim.
/// @param voucher The voucher.
/// @param signature By the channel's `payerAuthorizer`, or by its payer where that is zero.
/// @param totalClaimed What the receiver claims of the channel in total, not the difference to the last claim.
struct VoucherClaim {
    Voucher voucher;
    bytes signature;
    uint128 totalClaimed;
}

/// @title Escrow of the x402 `batch-settlement` scheme
/// @notice Holds the money of payment channels. A payer deposits; the receiver claims what vouchers allow, any number of
/// channels at a time; `settle` moves all that was claimed in one transfer. What is not claimed goes back to the payer:
/// at once when the receiver agrees (`refund`), after the channel's delay when he does not (`initiateWithdraw`,
/// `finalizeWithdraw`). There is no owner, no upgrade, no pause and no fee.
/// @dev Selectors, events, errors and type hashes are those of the scheme's canonical contract.
interface IEscrow {
    // ------------------------------------------------------------------------------------------------------ events

    /// @notice The first deposit of a channel that held nothing and of which nothing was claimed.
    /// @param channelId The channel.
    /// @param config Its terms.
    event ChannelCreated(bytes32 indexed channelId, ChannelConfig config);

    /// @notice A channel of which nothing was ever claimed holds nothing any more.
    /// @param channelId The channel.
    /// @param config Its terms.
    event ChannelClosed(bytes32 indexed channelId, ChannelConfig config);

    /// @notice Money came in.
    /// @param channelId The channel.
    /// @param sender Who called.
    /// @param amount What came in.
    /// @param newBalance The channel's balance with it.
    event Deposited(bytes32 indexed channelId, address indexed sender, uint128 amount, uint128 newBalance);

    /// @notice A row of `claim` or `claimWithSignature` was booked.
    /// @param channelId The channel.
    /// @param sender Who called.
    /// @param claimAmount What this claim adds.
    /// @param newTotalClaimed What is claimed of the channel in total.
    event Claimed(bytes32 indexed channelId, address indexed sender, uint128 claimAmount, uint128 newTotalClaimed);

    /// @notice Claimed money was transferred to its receiver.
    /// @param receiver Who was paid.
    /// @param token In which token.
    /// @param sender Who called.
    /// @param amount How much.
    event Settled(address indexed receiver, address indexed token, address indexed sender, uint128 amount);

    /// @notice The receiver's side gave unclaimed money back to the payer.
    /// @dev The canonical contract has no such event for a refund of 0.
    /// @param channelId The channel.
    /// @param sender Who called.
    /// @param amount What the payer got: less than asked when claims or withdrawals came first, 0 when nothing was left.
    event Refunded(bytes32 indexed channelId, address indexed sender, uint128 amount);

    /// @notice The payer's side announced a withdrawal, in the place of a pending one if there was one.
    /// @param channelId The channel.
    /// @param amount How much, at most.
    /// @param finalizeAfter The first second (Unix time) at which it can be finalized.
    event WithdrawInitiated(bytes32 indexed channelId, uint128 amount, uint40 finalizeAfter);

    /// @notice A withdrawal ended.
    /// @param channelId The channel.
    /// @param sender Who called.
    /// @param amount What the payer got: less than announced when claims or refunds came first.
    event WithdrawFinalized(bytes32 indexed channelId, address indexed sender, uint128 amount);

    // ------------------------------------------------------------------------------------------------------ errors
    // As the canonical contract has them, without arguments: facilitators match them by selector.

    /// @notice The terms lack a payer, receiver, receiver authorizer or token; or the caller of `initiateWithdraw` is
    /// neither the payer nor its authorizer.
    error InvalidChannel();
    /// @notice The withdraw delay is outside 15 minutes to 30 days.
    error WithdrawDelayOutOfRange();
    /// @notice A deposit of nothing.
    error ZeroDeposit();
    /// @notice The channel's balance would not fit 128 bits.
    error DepositOverflow();
    /// @notice There is no contract at the collector's address.
    error InvalidCollector();
    /// @notice The escrow's token balance did not grow by exactly the amount.
    error DepositCollectionFailed();
    /// @notice A claim without rows.
    error EmptyBatch();
    /// @notice The caller is neither the receiver nor the receiver authorizer of a row.
    error NotAuthorizedToClaim();
    /// @notice A row of a signed claim names another receiver authorizer than the first.
    error NotReceiverAuthorizer();
    /// @notice A row claims more than its voucher allows.
    error ClaimExceedsCeiling();
    /// @notice A row claims more than the channel's balance.
    error ClaimExceedsBalance();
    /// @notice A signature is not by who must sign, is malformed, or has a high s.
    error InvalidSignature();
    /// @notice A withdrawal of this channel is pending, and the caller is not the payer, who alone may replace it.
    error WithdrawalAlreadyPending();
    /// @notice No withdrawal of this channel is pending.
    error WithdrawalNotPending();
    /// @notice The caller is neither the payer nor its authorizer.
    error NotAuthorizedToFinalizeWithdraw();
    /// @notice The withdraw delay has not passed.
    error WithdrawDelayNotElapsed();
    /// @notice A withdrawal of nothing.
    error NothingToWithdraw();
    /// @notice A withdrawal of more than the channel's unclaimed balance.
    error WithdrawAmountExceedsAvailable();
    /// @notice The caller is neither the receiver nor the receiver authorizer.
    error NotAuthorizedToRefund();
    /// @notice The nonce is not the channel's current refund nonce.
    error InvalidRefundNonce();
    /// @notice A refund of nothing.
    error ZeroRefund();

    // --------------------------------------------------------------------------------------------------- functions

    /// @notice Adds `amount` to a channel. Anyone may call; the collector sees to the payer's consent.
    /// @param config The channel's terms.
    /// @param amount Atomic units; exactly so much must arrive.
    /// @param collector The contract that pulls the token, see {ICollector}.
    /// @param collectorData What the collector needs: signatures, nonces, deadlines.
    function deposit(ChannelConfig calldata config, uint128 amount, address collector, bytes calldata collectorData)
        external;

    /// @notice Books vouchers. The caller is receiver or receiver authorizer of every row. One bad row reverts all.
    /// @dev A row whose `totalClaimed` is not above what is claimed already does nothing, so a replay is harmless.
    /// @param voucherClaims The rows.
    function claim(VoucherClaim[] calldata voucherClaims) external;

    /// @notice As {claim}, by anyone, with a signature of the one receiver authorizer that all rows share.
    /// @param voucherClaims The rows.
    /// @param authorizerSignature Over {getClaimBatchDigest}.
    function claimWithSignature(VoucherClaim[] calldata voucherClaims, bytes calldata authorizerSignature) external;

    /// @notice Transfers to a receiver all that was claimed for him and not yet paid. Anyone may call.
    /// @param receiver Who is paid.
    /// @param token In which token.
    function settle(address receiver, address token) external;

    /// @notice Announces a withdrawal. By the payer or its authorizer. One at a time.
    /// @dev The payer may announce another in the place of a pending one, whoever announced that: the delay starts again.
    /// Reverts, as `deposit` does, on a chain whose time does not fit 40 bits: seconds are meant.
    /// @param config The channel's terms.
    /// @param amount Atomic units, at most balance less claims.
    function initiateWithdraw(ChannelConfig calldata config, uint128 amount) external;

    /// @notice Ends a withdrawal after the delay. By the payer or its authorizer; the payer gets the money.
    /// @dev Pays at most what is unclaimed by now, and uses up the refund nonce: a refund that was signed while the
    /// withdrawal was pending, and counted on it, is void.
    /// @param config The channel's terms.
    function finalizeWithdraw(ChannelConfig calldata config) external;

    /// @notice Gives unclaimed money back at once. By the receiver or the receiver authorizer.
    /// @dev Pays at most what is unclaimed, takes it off a pending withdrawal, and uses up the refund nonce.
    /// @param config The channel's terms.
    /// @param amount Atomic units.
    function refund(ChannelConfig calldata config, uint128 amount) external;

    /// @notice As {refund}, by anyone, with a signature of the receiver authorizer.
    /// @param config The channel's terms.
    /// @param amount Atomic units.
    /// @param nonce The channel's {refundNonce}.
    /// @param receiverAuthorizerSignature Over {getRefundDigest}.
    function refundWithSignature(
        ChannelConfig calldata config,
        uint128 amount,
        uint256 nonce,
        bytes calldata receiverAuthorizerSignature
    ) external;

    // ------------------------------------------------------------------------------------------------------- views

    /// @notice A channel's money.
    /// @param channelId The channel.
    /// @return balance Deposits less refunds and withdrawals. Claims do not lower it.
    /// @return totalClaimed What was claimed in total; at most `balance`; never falls.
    function channels(bytes32 channelId) external view returns (uint128 balance, uint128 totalClaimed);

    /// @notice A channel's pending withdrawal.
    /// @param channelId The channel.
    /// @return amount At most so much.
    /// @return initiatedAt Unix time of its start, 0 when none is pending.
    function pendingWithdrawals(bytes32 channelId) external view returns (uint128 amount, uint40 initiatedAt);

    /// @notice A receiver's totals in a token.
    /// @param receiver Who.
    /// @param token Which token.
    /// @return totalClaimed Claimed for him.
    /// @return totalSettled Of that, transferred.
    function receivers(address receiver, address token)
        external
        view
        returns (uint128 totalClaimed, uint128 totalSettled);

    /// @notice How many refunds and ended withdrawals a channel saw: the nonce of the next signed refund.
    /// @param channelId The channel.
    /// @return The nonce.
    function refundNonce(bytes32 channelId) external view returns (uint256);

    /// @notice The id of a channel: the EIP-712 digest of its terms under this contract's domain.
    /// @param config The terms.
    /// @return The id.
    function getChannelId(ChannelConfig calldata config) external view returns (bytes32);

    /// @notice What a payer signs.
    /// @param channelId The channel.
    /// @param maxClaimableAmount The ceiling.
    /// @return The EIP-712 digest of `Voucher`.
    function getVoucherDigest(bytes32 channelId, uint128 maxClaimableAmount) external view returns (bytes32);

    /// @notice What a receiver authorizer signs for {refundWithSignature}.
    /// @param channelId The channel.
    /// @param nonce Its refund nonce.
    /// @param amount Atomic units.
    /// @return The EIP-712 digest of `Refund`.
    function getRefundDigest(bytes32 channelId, uint256 nonce, uint128 amount) external view returns (bytes32);

    /// @notice What a receiver authorizer signs for {claimWithSignature}.
    /// @param voucherClaims The rows.
    /// @return The EIP-712 digest of `ClaimBatch`.
    function getClaimBatchDigest(VoucherClaim[] calldata voucherClaims) external view returns (bytes32);
}
