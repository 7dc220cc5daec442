// A channel of a stock client, with what it should hold by now. After every step that is compared with the receipts, the
// client's own book, the chain, and what the seller delivered.
import assert from "node:assert/strict";
import { computeChannelId } from "@x402/evm/batch-settlement/client";
import { newPayer } from "./payer.mjs";

export class Channel {
  charged = 0n;
  balance = 0n;
  claimed = 0n;
  bought = 0;

  // `terms` are those of a payer; `chain` answers what a channel and an address hold.
  constructor({ shop, terms, chain, funds }) {
    Object.assign(this, { shop, terms, chain, funds });
    this.forget();
  }

  // The client starts again without memory.
  forget() {
    this.payer = newPayer(this.terms);
  }

  get book() {
    return this.payer.storage.get(this.id);
  }

  // Buys so many times, and returns the types of the payments: one a call, unless more are said to be needed.
  async buy(times, payments = times) {
    const { sent, receipts } = this.payer;
    const [sentBefore, receivedBefore] = [sent.length, receipts.length];
    for (let i = 0; i < times; i++) {
      await this.shop.buy(this.payer, ++this.bought);
      this.enter(sent.at(-1), receipts.at(-1));
      assert.equal((await this.book).chargedCumulativeAmount, `${this.charged}`);
    }
    assert.deepEqual([sent.length - sentBefore, receipts.length - receivedBefore], [payments, times]);
    await this.check();
    return sent.slice(sentBefore).map(({ type }) => type);
  }

  // Takes a payment and its receipt into account.
  enter(payment, { success, extra, amount, transaction }) {
    this.id ??= computeChannelId(payment.channelConfig, this.terms.network);
    this.charged += this.shop.price;
    assert.ok(success);
    assert.equal(extra.chargedAmount, `${this.shop.price}`);
    assert.equal(extra.channelState.chargedCumulativeAmount, `${this.charged}`);
    if (payment.type !== "deposit") return;
    this.balance += BigInt(payment.deposit.amount);
    assert.equal(amount, payment.deposit.amount);
    assert.match(transaction, /^0x[0-9a-f]{64}$/);
  }

  // Sends the last payment once more, as if its answer had not arrived.
  async buyAgain() {
    const before = await this.book;
    await this.buy(1);
    await this.payer.storage.set(this.id, before);
    await this.shop.buy(this.payer, this.bought);
    await this.check();
  }

  // Pays for something that goes wrong, which costs nothing.
  async fail() {
    await this.shop.fail(this.payer);
    assert.equal(this.payer.receipts.at(-1).extra.chargedAmount, "0");
    await this.check();
  }

  // Asks for an amount back, or for all that is left. A part leaves the newest voucher, and the price of the last call, unclaimed.
  async refund(amount) {
    const answer = await this.shop.refund(this.payer, amount);
    assert.ok(answer.success);
    this.claimed = amount ? this.charged - this.shop.price : this.charged;
    this.balance -= BigInt(answer.amount);
    await this.check();
    return answer;
  }

  async check() {
    const book = await this.book;
    if (book) assert.deepEqual([book.chargedCumulativeAmount, book.balance], [`${this.charged}`, `${this.balance}`]);
    assert.deepEqual(await this.chain.channel(this.id), [this.balance, this.claimed]);
    assert.equal(await this.chain.holds(this.terms.account.address), this.funds - this.balance);
    if (this.shop.delivered) assert.equal(this.shop.delivered(), this.bought);
  }
}
