// SPDX-License-Identifier: MIT
pragma solidity ^0.8.35;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";

/// @notice Tokens that behave badly, or did once.
abstract contract OpenToken is ERC20("Token", "T") {
    function mint(address to, uint256 amount) external {
        _mint(to, amount);
    }
}

/// @notice An honest token that anyone mints.
contract PlainToken is OpenToken {}

/// @notice Keeps a hundredth of every transfer.
contract FeeToken is OpenToken {
    function _update(address from, address to, uint256 value) internal override {
        uint256 fee = from == address(0) || to == address(0) ? 0 : value / 100 + 1;
        if (fee != 0) super._update(from, address(0), fee);
        super._update(from, to, value - fee);
    }
}

/// @notice Gives more than was asked for.
contract GenerousToken is OpenToken {
    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (from != address(0)) super._update(address(0), to, 1);
    }
}

/// @notice Burns twice what arrives.
contract LossToken is OpenToken {
    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (from != address(0) && to != address(0)) super._update(to, address(0), 2 * value);
    }
}

/// @notice Answers false, and moves nothing, when it is told to.
contract FalseToken is OpenToken {
    bool public silent;

    function setSilent(bool silent_) external {
        silent = silent_;
    }

    function transfer(address to, uint256 value) public override returns (bool) {
        return silent ? false : super.transfer(to, value);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        return silent ? false : super.transferFrom(from, to, value);
    }
}

/// @notice Returns nothing from transfers, as the oldest tokens do.
contract VoidToken is OpenToken {
    function transfer(address to, uint256 value) public override returns (bool) {
        super.transfer(to, value);
        assembly ("memory-safe") {
            return(0, 0)
        }
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        super.transferFrom(from, to, value);
        assembly ("memory-safe") {
            return(0, 0)
        }
    }
}

/// @notice Makes one call of anyone's choice in the middle of each transfer, and remembers how it ended.
contract ReentrantToken is OpenToken {
    address public target;
    bytes public data;
    bool public called;
    bool public succeeded;
    bytes public answer;

    function arm(address target_, bytes calldata data_) external {
        (target, data, called, succeeded) = (target_, data_, false, false);
    }

    function _update(address from, address to, uint256 value) internal override {
        super._update(from, to, value);
        if (target == address(0) || from == address(0)) return;
        address callee = target;
        target = address(0);
        called = true;
        (succeeded, answer) = callee.call(data);
    }
}

/// @notice Tries one call in the middle of every transfer, and takes a fee when it is told to.
contract HostileToken is OpenToken {
    bool public greedy;
    bool public reentered;
    address private target;
    bytes private data;

    function setGreedy(bool greedy_) external {
        greedy = greedy_;
    }

    function arm(address target_, bytes calldata data_) external {
        (target, data) = (target_, data_);
    }

    function _update(address from, address to, uint256 value) internal override {
        bool isTransfer = from != address(0) && to != address(0);
        uint256 fee = greedy && isTransfer ? value / 100 + 1 : 0;
        if (fee != 0) super._update(from, address(0), fee);
        super._update(from, to, value - fee);
        if (!isTransfer || target == address(0)) return;
        (bool done,) = target.call(data);
        if (done) reentered = true;
    }
}

/// @notice Refuses every permit, in words or by a panic.
contract GrumpyToken is OpenToken {
    bool private panics;

    function panicFromNowOn() external {
        panics = true;
    }

    function permit(address, address, uint256, uint256 deadline, uint8, bytes32, bytes32) external view {
        if (panics) deadline += type(uint256).max;
        revert("no");
    }
}

/// @notice Calls someone during a transfer by allowance, and keeps what came of it.
contract CallingToken is OpenToken {
    address private target;
    bytes private data;
    bytes public answer;

    function callOnTransfer(address target_, bytes calldata data_) external {
        (target, data) = (target_, data_);
    }

    function transferFrom(address from, address to, uint256 value) public override returns (bool) {
        (, answer) = target.call(data);
        return super.transferFrom(from, to, value);
    }
}
