/** What the visitor thinks: votes on replies, which can be taken back, and stars for the whole. */

import type { Rating, Reason } from "./contracts.js";
import type { Memory, Vote } from "./memory.js";
import type { Credentials, Transport } from "./transport.js";

export class Opinions {
  /** Whether the visitor is to be asked how it went. */
  asked = false;

  constructor(
    private readonly transport: Transport,
    private readonly memory: Memory,
    private readonly credentials: () => Credentials | null,
    private readonly changed: () => void,
  ) {}

  voteOn(exchangeId: string): Vote | undefined {
    return this.memory.all.votes?.[exchangeId];
  }

  async vote(exchangeId: string, rating: Rating, reason: Reason | null): Promise<void> {
    await this.transport.vote(this.credentials()!, exchangeId, rating, reason);
    this.keep(exchangeId, { rating, reason });
  }

  async takeBack(exchangeId: string): Promise<void> {
    await this.transport.takeVoteBack(this.credentials()!, exchangeId);
    this.keep(exchangeId, null);
  }

  async rate(stars: number, comment: string): Promise<void> {
    await this.transport.rate(this.credentials()!, stars, comment);
    this.memory.set({ rated: true });
    this.ask(false);
  }

  /** Asks how it went, or no longer. */
  ask(yes: boolean): void {
    this.asked = yes;
    this.changed();
  }

  private keep(exchangeId: string, vote: Vote | null): void {
    const { [exchangeId]: _, ...others } = this.memory.all.votes ?? {};
    this.memory.set({ votes: vote ? { ...others, [exchangeId]: vote } : others });
    this.changed();
  }
}
