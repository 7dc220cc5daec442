// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ExactWitness} from "../../src/interfaces/IExactPermit2Proxy.sol";
import {IPermit2} from "../../src/interfaces/IPermit2.sol";
import {UptoWitness} from "../../src/interfaces/IUptoPermit2Proxy.sol";
import {Payments} from "../utils/Payments.sol";

/// @notice Whatever is submitted, money moves as the payer signed it or not at all.
contract Permit2ProxiesFuzzTest is Payments {
    /// @param permitted What the payer permits, in atomic units; at times more than it has.
    /// @param nonce Any.
    /// @param deadline Seconds from now.
    /// @param validAfter Seconds from now.
    /// @param amount What the facilitator asks for.
    /// @param bent Which of the signed terms is submitted in another way; most values bend none.
    /// @param by By how much.
    struct Seed {
        uint32 permitted;
        uint256 nonce;
        int16 deadline;
        int16 validAfter;
        uint32 amount;
        uint8 bent;
        uint16 by;
    }

    uint256 private constant PAYER_HAS = 10e6;

    function inTime(Seed memory seed) private pure returns (bool) {
        return seed.deadline >= 0 && seed.validAfter <= 0;
    }

    function moment(int16 offset) private view returns (uint256) {
        return uint256(int256(block.timestamp) + offset);
    }

    function permitOf(Seed memory seed) private view returns (IPermit2.PermitTransferFrom memory p) {
        p = permitted(seed.permitted);
        p.nonce = seed.nonce;
        p.deadline = moment(seed.deadline);
    }

    /// @dev Submits another amount, nonce, deadline or token than was signed; says whether it did.
    function bend(Seed memory seed, IPermit2.PermitTransferFrom memory p) private pure returns (bool) {
        if (seed.by == 0 || seed.bent > 3) return false;
        unchecked {
            if (seed.bent == 0) p.permitted.amount += seed.by;
            if (seed.bent == 1) p.nonce += seed.by;
            if (seed.bent == 2) p.deadline += seed.by;
        }
        if (seed.bent == 3) p.permitted.token = address(uint160(p.permitted.token) ^ uint160(seed.by));
        return true;
    }

    function check(Seed memory seed, bool done, bool expected, uint256 amount) private view {
        assertEq(done, expected, "whether it was paid");
        assertEq(usdc.balanceOf(receiver), done ? amount : 0, "received");
        assertEq(usdc.balanceOf(payer), PAYER_HAS - (done ? amount : 0), "left");
        assertEq(used(seed.nonce), done, "used");
    }

    function testFuzz_exact_pays_what_was_signed_or_nothing(Seed memory seed) public {
        seed.permitted %= uint32(2 * PAYER_HAS);
        IPermit2.PermitTransferFrom memory p = permitOf(seed);
        ExactWitness memory w = ExactWitness(receiver, moment(seed.validAfter));
        bytes memory signature = signedExact(p, w);
        bool bent = bend(seed, p);
        if (seed.by != 0 && seed.bent == 4) (w.to, bent) = (address(uint160(receiver) ^ seed.by), true);
        if (seed.by != 0 && seed.bent == 5) (w.validAfter, bent) = (w.validAfter - seed.by, true);
        vm.prank(stranger);
        (bool done,) = address(exact).call(abi.encodeCall(exact.settle, (p, payer, w, signature)));
        bool expected = !bent && inTime(seed) && seed.permitted != 0 && seed.permitted <= PAYER_HAS;
        check(seed, done, expected, seed.permitted);
    }

    function testFuzz_upto_pays_no_more_than_was_signed(Seed memory seed) public {
        seed.permitted %= uint32(2 * PAYER_HAS);
        seed.amount %= uint32(2 * PAYER_HAS);
        IPermit2.PermitTransferFrom memory p = permitOf(seed);
        UptoWitness memory w = UptoWitness(receiver, facilitator, moment(seed.validAfter));
        bytes memory signature = signedUpto(p, w);
        bool bent = bend(seed, p);
        if (seed.by != 0 && seed.bent == 4) (w.to, bent) = (address(uint160(receiver) ^ seed.by), true);
        if (seed.by != 0 && seed.bent == 5) (w.validAfter, bent) = (w.validAfter - seed.by, true);
        if (seed.by != 0 && seed.bent == 6) (w.facilitator, bent) = (stranger, true);
        bool wrongCaller = seed.bent == 7;
        vm.prank(seed.bent == 6 || wrongCaller ? stranger : facilitator);
        (bool done,) = address(upto).call(abi.encodeCall(upto.settle, (p, seed.amount, payer, w, signature)));
        bool affordable = seed.amount != 0 && seed.amount <= seed.permitted && seed.amount <= PAYER_HAS;
        bool expected = !bent && !wrongCaller && seed.bent != 6 && inTime(seed) && affordable;
        check(seed, done, expected, seed.amount);
    }
}
