/** Sends what was written, in order, each piece with its one key; keeps it while nobody answers. */

import type { Memory, Queued } from "./memory.js";
import { Refused } from "./transport.js";

const FIRST_PAUSE_MS = 1_000;
const TRIES = 4;

export interface Deliveries {
  /** Throws Refused or Unreachable. */
  deliver(queued: Queued): Promise<void>;
  /** Says what has become of a piece that was not delivered, or that it is on its way. */
  told(key: string, status: "sending" | "queued" | "failed" | "refused"): void;
  /** Called when a delivery has ended, well or badly. */
  settled(): void;
}

export class Outbox {
  /** Something is on its way. */
  sending = false;
  private tries = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private running = false;

  constructor(
    private readonly memory: Memory,
    private readonly deliveries: Deliveries,
  ) {}

  start(signal: AbortSignal): void {
    this.running = true;
    window.addEventListener("online", () => this.tryNow(), { signal });
    signal.addEventListener("abort", () => {
      this.running = false;
      clearTimeout(this.timer);
    });
    this.tryNow();
  }

  add(queued: Queued): void {
    this.memory.setQueue([...this.memory.queue, queued]);
    this.tryNow();
  }

  /** Tries again at once, and as often as at first. */
  tryNow(): void {
    this.tries = 0;
    void this.pump();
  }

  private async pump(): Promise<void> {
    clearTimeout(this.timer);
    while (this.running && !this.sending && this.memory.queue.length) {
      if (!(await this.sendFirst())) return;
    }
  }

  /** Returns whether the next one may be sent. */
  private async sendFirst(): Promise<boolean> {
    const first = this.memory.queue[0]!;
    this.sending = true;
    this.tell("sending");
    try {
      await this.deliveries.deliver(first);
      this.take(first);
      return true;
    } catch (error) {
      if (error instanceof Refused && !error.passing && !error.gone) {
        this.take(first);
        this.deliveries.told(first.key, "refused");
        return true;
      }
      this.wait(error instanceof Refused ? error.retryAfterMs : 0);
      return false;
    } finally {
      this.sending = false;
      this.deliveries.settled();
    }
  }

  private take(sent: Queued): void {
    this.tries = 0;
    this.memory.setQueue(this.memory.queue.filter((queued) => queued.key !== sent.key));
  }

  private wait(atLeastMs: number): void {
    this.tries += 1;
    const given = this.tries >= TRIES && navigator.onLine;
    this.tell(given ? "failed" : "queued");
    if (given || !this.running) return;
    const pause = Math.max(atLeastMs, FIRST_PAUSE_MS * 2 ** Math.min(this.tries - 1, 5));
    this.timer = setTimeout(() => void this.pump(), pause);
  }

  private tell(status: "sending" | "queued" | "failed"): void {
    for (const { key } of this.memory.queue) this.deliveries.told(key, status);
  }
}
