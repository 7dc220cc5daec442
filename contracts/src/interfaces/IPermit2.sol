// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

/// @title The part of Permit2 that the collector, the proxies and their callers use
interface IPermit2 {
    /// @notice The permit's deadline has passed.
    /// @param signatureDeadline The deadline.
    error SignatureExpired(uint256 signatureDeadline);
    /// @notice The permit's nonce is used.
    error InvalidNonce();
    /// @notice More is requested than is permitted.
    /// @param maxAmount What is permitted.
    error InvalidAmount(uint256 maxAmount);
    /// @notice The signature is of neither 64 nor 65 bytes.
    error InvalidSignatureLength();
    /// @notice The signature is nobody's.
    error InvalidSignature();
    /// @notice The signature is somebody else's.
    error InvalidSigner();
    /// @notice The owner is a contract that refuses the signature.
    error InvalidContractSignature();

    /// @notice What the owner permits.
    /// @param token Which token.
    /// @param amount At most so much.
    struct TokenPermissions {
        address token;
        uint256 amount;
    }

    /// @notice A signed permit.
    /// @param permitted What the owner permits.
    /// @param nonce A bit of the owner's bitmap, used once.
    /// @param deadline Unix time after which the permit is void.
    struct PermitTransferFrom {
        TokenPermissions permitted;
        uint256 nonce;
        uint256 deadline;
    }

    /// @notice Where the money goes.
    /// @param to The recipient.
    /// @param requestedAmount How much.
    struct SignatureTransferDetails {
        address to;
        uint256 requestedAmount;
    }

    /// @notice Transfers with a permit that also signs a witness.
    /// @param permit The permit.
    /// @param transferDetails Where the money goes.
    /// @param owner Whose money, and who signed.
    /// @param witness Hash of the witness struct.
    /// @param witnessTypeString The witness's part of the EIP-712 type.
    /// @param signature The owner's.
    function permitWitnessTransferFrom(
        PermitTransferFrom calldata permit,
        SignatureTransferDetails calldata transferDetails,
        address owner,
        bytes32 witness,
        string calldata witnessTypeString,
        bytes calldata signature
    ) external;

    /// @notice Which nonces of an owner are used.
    /// @param owner Whose.
    /// @param word Nonces 256*word and up.
    /// @return The bits.
    function nonceBitmap(address owner, uint256 word) external view returns (uint256);

    /// @notice The EIP-712 domain of permits.
    /// @return The domain separator.
    function DOMAIN_SEPARATOR() external view returns (bytes32);
}
