/** Opens a conversation when one is needed: once, and with the same key until it has worked. */

import type { Started } from "./contracts.js";
import { newKey, Refused, type Transport } from "./transport.js";

export class Opening {
  private underWay: Promise<Started> | null = null;
  private key = newKey();
  private identity: string | undefined;

  constructor(
    private readonly transport: Transport,
    private readonly language: () => string,
    /** The identity was refused, for this reason; the visitor goes on as somebody unknown. */
    private readonly identityRefused: (detail: string) => void,
  ) {}

  /** The next conversation belongs to who this signed token names. */
  identify(identity: string | undefined): void {
    this.identity = identity;
    this.key = newKey();
    this.underWay = null;
  }

  /** Whoever waits for a conversation gets the same one. */
  open(): Promise<Started> {
    if (this.underWay) return this.underWay;
    const opened = (this.underWay = this.start());
    const over = () => {
      if (this.underWay === opened) this.underWay = null;
    };
    opened.then(over, over);
    return opened;
  }

  private async start(): Promise<Started> {
    const identity = this.identity;
    try {
      const started = await this.transport.start(this.language(), this.key, identity);
      this.identify(undefined);
      return started;
    } catch (error) {
      if (!(error instanceof Refused) || error.passing || identity === undefined) throw error;
      this.identify(undefined); // better to talk to somebody unknown than not at all
      this.identityRefused(error.message);
      return this.start();
    }
  }
}
