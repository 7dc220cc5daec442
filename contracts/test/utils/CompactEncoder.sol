// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ChannelConfig, VoucherClaim} from "../../src/interfaces/IEscrow.sol";

/// @notice Writes the batches that {ICompactClaim} describes, plainly. Terms shared by the rows are those of the first.
library CompactEncoder {
    /// @param claim The row as the standard path takes it; a key's signature has 65 or 64 bytes.
    /// @param byContract The payer signs by ERC-1271.
    /// @param gasLimit The gas for that.
    struct Row {
        VoucherClaim claim;
        bool byContract;
        uint24 gasLimit;
    }

    function encode(Row[] memory rows, bool settle) internal pure returns (bytes memory) {
        ChannelConfig memory shared = rows[0].claim.voucher.channel;
        bytes[] memory parts = new bytes[](rows.length + 1);
        parts[0] =
            abi.encodePacked(settle, shared.receiver, shared.receiverAuthorizer, shared.token, shared.withdrawDelay);
        address previous;
        for (uint256 i = 0; i < rows.length; ++i) {
            parts[i + 1] = row(rows[i], previous);
            previous = rows[i].claim.voucher.channel.payer;
        }
        return join(parts);
    }

    function join(bytes[] memory parts) internal pure returns (bytes memory out) {
        uint256 length;
        for (uint256 i = 0; i < parts.length; ++i) {
            length += parts[i].length;
        }
        out = new bytes(length);
        uint256 done;
        for (uint256 i = 0; i < parts.length; ++i) {
            bytes memory part = parts[i];
            assembly ("memory-safe") {
                mcopy(add(add(out, 0x20), done), add(part, 0x20), mload(part))
            }
            done += part.length;
        }
    }

    function row(Row memory r, address previous) internal pure returns (bytes memory out) {
        ChannelConfig memory c = r.claim.voucher.channel;
        uint128 ceiling = r.claim.voucher.maxClaimableAmount;
        uint128 total = r.claim.totalClaimed;
        (uint8 code, uint256 width) = widthOf(ceiling > total ? ceiling : total);
        uint8 flags = code;
        bytes memory body;
        if (c.payer == previous && previous != address(0)) flags |= 0x80;
        else body = abi.encodePacked(c.payer);
        if (c.payerAuthorizer == address(0)) {
            flags |= r.byContract ? 0x30 : 0x20;
        } else if (c.payerAuthorizer != c.payer) {
            flags |= 0x10;
            body = abi.encodePacked(body, c.payerAuthorizer);
        }
        if (c.salt != 0) {
            flags |= 0x40;
            uint256 n = bytesOf(uint256(c.salt));
            body = abi.encodePacked(body, uint8(n), tail(uint256(c.salt), n));
        }
        body = abi.encodePacked(body, tail(ceiling, width));
        if (total != ceiling) {
            flags |= 0x08;
            body = abi.encodePacked(body, tail(total, width));
        }
        bytes memory signature = r.byContract
            ? abi.encodePacked(r.gasLimit, uint16(r.claim.signature.length), r.claim.signature)
            : compactSignature(r.claim.signature);
        return abi.encodePacked(flags, body, signature);
    }

    function widthOf(uint128 amount) internal pure returns (uint8 code, uint256 width) {
        uint256 n = bytesOf(amount);
        uint8[8] memory widths = [1, 2, 3, 4, 5, 6, 8, 16];
        while (widths[code] < n) ++code;
        return (code, widths[code]);
    }

    function bytesOf(uint256 value) internal pure returns (uint256 n) {
        n = 1;
        while (value > 0xff) {
            value >>= 8;
            ++n;
        }
    }

    /// @dev The low `n` bytes of `value`.
    function tail(uint256 value, uint256 n) internal pure returns (bytes memory out) {
        out = new bytes(n);
        for (uint256 i = n; i > 0; --i) {
            out[i - 1] = bytes1(uint8(value));
            value >>= 8;
        }
    }

    /// @dev EIP-2098 of a 65-byte signature; anything else is cut or padded to 64 bytes as it is.
    function compactSignature(bytes memory signature) internal pure returns (bytes memory) {
        (bytes32 r, bytes32 s) = (word(signature, 0), word(signature, 32));
        if (signature.length == 65 && signature[64] == 0x1c) s |= bytes32(uint256(1) << 255);
        return abi.encodePacked(r, s);
    }

    function word(bytes memory data, uint256 from) private pure returns (bytes32 out) {
        for (uint256 i = 0; i < 32 && from + i < data.length; ++i) {
            out |= bytes32(data[from + i]) >> (8 * i);
        }
    }
}
