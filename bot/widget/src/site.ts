/** Asks the server how this site wants the widget, and thereby whether there is a server at all. */

import type { SiteSettings } from "./contracts.js";
import { paused } from "./pausing.js";
import type { Transport } from "./transport.js";

const FIRST_PAUSE_MS = 15_000;
const LONGEST_PAUSE_MS = 300_000;

export class Site {
  settings: SiteSettings = {};
  /** Whether the server has answered; until then the widget is not to be seen. */
  available = false;

  constructor(
    private readonly transport: Transport,
    private readonly answered: () => void,
  ) {}

  /** Asks until there is an answer. */
  async ask(signal: AbortSignal): Promise<void> {
    for (let pause = FIRST_PAUSE_MS; !signal.aborted; pause = Math.min(pause * 2, LONGEST_PAUSE_MS)) {
      try {
        this.settings = (await this.transport.siteSettings(signal)) ?? {};
        this.available = true;
        this.answered();
        return;
      } catch {
        await paused(pause, signal);
      }
    }
  }
}
