/** Follows GET …/events: connects again after breaks, with growing pauses, from the last event that arrived. */

import type { ServerEvent } from "./contracts.js";
import { paused } from "./pausing.js";
import { serverEvents } from "./server-events.js";
import { Refused } from "./transport.js";

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;
const SILENCE_MS = 45_000;
/** The server says the state at once; a proxy that holds even this back will not deliver the rest in time either. */
const FIRST_EVENT_MS = 8_000;
const LOOK_EVERY_MS = 5_000;

export interface Followed {
  connect(lastEventId: string, signal: AbortSignal): Promise<Response>;
  /** Catches up by an ordinary request. */
  look(signal: AbortSignal): Promise<void>;
  heard(event: ServerEvent): void;
  connected(yes: boolean): void;
  gone(): void;
}

export class Follower {
  private running: AbortController | null = null;
  private lastEventId = "";

  constructor(private readonly followed: Followed) {}

  start(): void {
    if (this.running) return;
    this.running = new AbortController();
    void this.follow(this.running.signal);
  }

  stop(): void {
    this.running?.abort();
    this.running = null;
  }

  /** As `stop`; another conversation has other events. */
  forget(): void {
    this.stop();
    this.lastEventId = "";
  }

  private async follow(signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted; ) {
      const heardBefore = this.lastEventId;
      try {
        await this.once(signal);
        failures = 0;
      } catch (error) {
        if (signal.aborted) return;
        if (error instanceof Refused && error.gone) {
          this.stop();
          this.followed.gone();
          return;
        }
        failures = this.lastEventId === heardBefore ? failures + 1 : 1;
        this.followed.connected(false);
      }
      const pause = Math.min(FIRST_PAUSE_MS * 2 ** Math.max(failures - 1, 0), LONGEST_PAUSE_MS);
      await paused(pause * (0.75 + Math.random() / 2), signal);
    }
  }

  /** One connection, until it ends. */
  private async once(signal: AbortSignal): Promise<void> {
    const connection = new AbortController();
    const stop = () => connection.abort();
    signal.addEventListener("abort", stop, { once: true });
    let watchdog = setTimeout(stop, SILENCE_MS);
    try {
      const response = await this.followed.connect(this.lastEventId, connection.signal);
      await this.followed.look(connection.signal);
      this.followed.connected(true);
      const looking = this.lookMeanwhile(connection.signal);
      for await (const event of serverEvents(response.body!)) {
        looking.stop();
        clearTimeout(watchdog);
        watchdog = setTimeout(stop, SILENCE_MS);
        if (event.id) this.lastEventId = event.id;
        if (event.event) this.followed.heard(event);
      }
    } finally {
      clearTimeout(watchdog);
      signal.removeEventListener("abort", stop);
      connection.abort();
    }
  }

  /** Until the first event arrives, asks every few seconds. */
  private lookMeanwhile(signal: AbortSignal): { stop(): void } {
    let timer = setTimeout(function again(this: void, follower: Follower) {
      follower.followed.look(signal).catch(() => {});
      timer = setTimeout(again, LOOK_EVERY_MS, follower);
    }, FIRST_EVENT_MS, this);
    const stop = () => clearTimeout(timer);
    signal.addEventListener("abort", stop, { once: true });
    return { stop };
  }
}
