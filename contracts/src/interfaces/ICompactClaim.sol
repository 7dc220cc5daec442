// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

/// @title Claims from tightly packed calldata
/// @notice Books vouchers of any number of channels that share receiver, receiver authorizer, token and withdraw delay,
/// for a fraction of what `claim` costs. A bad row is skipped and reported, the others are paid.
/// @dev ERC-165 tells whether an escrow has this interface. A batch is a header and rows without padding, integers big
/// endian:
///
///     header   u8       flags: bit 0 settles afterwards, the others are 0
///              address  receiver
///              address  receiverAuthorizer
///              address  token
///              u40      withdrawDelay
///
///     row      u8       flags, see below
///              address  payer               unless bit 7
///              address  payerAuthorizer     if bits 4-5 are 1
///              u8 n     and n bytes of salt if bit 6; n is 1 to 32; without it the salt is 0
///              uint     maxClaimableAmount  of the width in bits 0-2
///              uint     totalClaimed        of the same width if bit 3; without it equal to maxClaimableAmount
///              bytes32  r, bytes32 vs       the EIP-2098 signature, unless bits 4-5 are 3
///              u24 gas, u16 n, n bytes      the ERC-1271 signature and the gas that checking it may use, if they are
///
///     flags    bits 0-2 width of amounts: 1, 2, 3, 4, 5, 6, 8 or 16 bytes
///              bit 3    totalClaimed is given
///              bits 4-5 who signed: 0 the payer, who is the payerAuthorizer too; 1 the given payerAuthorizer;
///                       2 the payer's key, payerAuthorizer being zero; 3 the payer's contract, payerAuthorizer being zero
///              bit 6    the salt is given
///              bit 7    the payer is that of the row before
interface ICompactClaim {
    /// @notice Why a row was skipped.
    /// @param Stale `totalClaimed` is not above what is claimed already.
    /// @param ExceedsCeiling `totalClaimed` is above `maxClaimableAmount`.
    /// @param ExceedsBalance `totalClaimed` is above the channel's balance.
    /// @param InvalidSignature The signature is not by who must sign, or has a high s.
    enum SkipReason {
        Stale,
        ExceedsCeiling,
        ExceedsBalance,
        InvalidSignature
    }

    /// @notice A batch was booked. What each channel paid is in the call data of the transaction and in `channels`.
    /// @dev Only the receiver, or who has the receiver authorizer's word, can give this event both their names, and only
    /// for channels of these two that paid. One of the names alone proves nothing: anybody may open a channel that has it.
    /// @param receiver Who earned it.
    /// @param receiverAuthorizer The other term that all rows share.
    /// @param token In which token.
    /// @param sender Who called.
    /// @param amount What the batch adds to the receiver's total.
    /// @param claimed How many rows were booked.
    /// @param skipped How many were not.
    event CompactClaimed(
        address indexed receiver,
        address indexed receiverAuthorizer,
        address indexed token,
        address sender,
        uint128 amount,
        uint256 claimed,
        uint256 skipped
    );

    /// @notice A row was skipped.
    /// @param channelId The channel that the row names.
    /// @param index The row, counted from 0.
    /// @param reason Why.
    event ClaimSkipped(bytes32 indexed channelId, uint256 index, SkipReason reason);

    /// @notice The batch is shorter than a header, or a header flag is not known.
    error MalformedHeader();

    /// @notice A row is truncated, has a salt length that is not 1 to 32, gives zero as payerAuthorizer, or refers to the
    /// row before when there is none.
    /// @param index The row, counted from 0.
    error MalformedRow(uint256 index);

    /// @notice No row of the batch was booked.
    error NothingClaimed();

    /// @notice Too little gas is left to give a contract signature what its row says it may use.
    /// @param index The row, counted from 0.
    /// @param gasLimit The gas that the row asks for.
    error SignatureGasUnavailable(uint256 index, uint256 gasLimit);

    /// @notice Books a batch. The caller is the receiver or the receiver authorizer of its header.
    /// @dev Reverts where it books nothing. The sender provides the gas that all contract rows together say they may use,
    /// each with its 63rd part and 10,000 on top, whatever an estimate says: a wallet that is cheap to ask when the gas is
    /// estimated may burn all of its share when the transaction is mined, and the rows behind it need theirs.
    /// @param batch The packed batch.
    /// @return amount What it adds to the receiver's total.
    /// @return claimed How many rows were booked.
    /// @return skipped How many were not.
    function claimCompact(bytes calldata batch) external returns (uint128 amount, uint256 claimed, uint256 skipped);

    /// @notice As {claimCompact}, by anyone, with a signature of the header's receiver authorizer.
    /// @dev Sending a batch again is harmless: its rows are stale, and it reverts.
    /// @param batch The packed batch.
    /// @param authorizerSignature Over {getCompactClaimDigest}.
    /// @return amount What it adds to the receiver's total.
    /// @return claimed How many rows were booked.
    /// @return skipped How many were not.
    function claimCompactWithSignature(bytes calldata batch, bytes calldata authorizerSignature)
        external
        returns (uint128 amount, uint256 claimed, uint256 skipped);

    /// @notice What a receiver authorizer signs for {claimCompactWithSignature}.
    /// @param batch The packed batch.
    /// @return The EIP-712 digest of `CompactClaim(bytes batch)`.
    function getCompactClaimDigest(bytes calldata batch) external view returns (bytes32);
}
