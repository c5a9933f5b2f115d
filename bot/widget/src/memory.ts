/**
 * What the widget remembers of a visitor: in localStorage, where all tabs and later visits find it, or, before a consent
 * that the site asks for, in this object only. No cookies. The queue of messages belongs to one tab (sessionStorage).
 */

import type { ConversationState, Exchange, Rating, Reason } from "./contracts.js";
import type { Locale } from "./locales.js";

const EXCHANGES_KEPT = 20;

export interface Vote {
  rating: Rating;
  reason: Reason | null;
}

export interface Remembered {
  id?: string;
  token?: string;
  state?: ConversationState;
  /** The exchange or, outside of exchanges, the message that was seen last. */
  seen?: string;
  /** The visitor's own choice. */
  locale?: Locale;
  /** The last exchanges, since the list of messages tells neither choices nor votes. */
  exchanges?: Exchange[];
  votes?: Record<string, Vote>;
  rated?: boolean;
  /** A mark of whom the site has named as the visitor. */
  user?: string;
  /** The visitor has agreed to being remembered. */
  consent?: boolean;
}

export interface Queued {
  key: string;
  kind: "text" | "choice" | "handoff";
  /** What was written, or the question of the choice. */
  text: string;
  answerId?: string;
}

export class Memory {
  private readonly name: string;
  private values: Remembered = {};
  private waiting: Queued[] = [];
  private kept = false;

  constructor(site: string) {
    this.name = `kefu:${site}`;
    const stored = read<Remembered>(() => localStorage, this.name);
    if (stored) this.keep(stored);
  }

  get all(): Readonly<Remembered> {
    return this.values;
  }

  get queue(): readonly Queued[] {
    return this.waiting;
  }

  /** Whether things outlive this page. */
  get isKept(): boolean {
    return this.kept;
  }

  /** From now on things are stored, together with what was before. */
  keep(stored: Remembered = {}): void {
    if (this.kept) return;
    this.kept = true;
    this.values = { ...stored, ...this.values };
    this.waiting = [...(read<Queued[]>(() => sessionStorage, this.name) ?? []), ...this.waiting];
    this.write();
  }

  set(changes: Remembered): void {
    this.values = { ...this.values, ...changes };
    this.write();
  }

  keepExchange(exchange: Exchange): void {
    const before = (this.values.exchanges ?? []).filter(({ id }) => id !== exchange.id);
    this.set({ exchanges: [...before, exchange].slice(-EXCHANGES_KEPT) });
  }

  setQueue(queue: readonly Queued[]): void {
    this.waiting = [...queue];
    this.write();
  }

  /** Forgets conversation, queue and votes; the visitor's language stays. */
  forgetConversation(): void {
    const { locale, consent } = this.values;
    this.values = { ...(locale ? { locale } : {}), ...(consent ? { consent } : {}) };
    this.waiting = [];
    this.write();
  }

  /** Forgets the visitor with all that was stored, the consent included. */
  forgetAll(): void {
    this.values = {};
    this.waiting = [];
    this.forgetStored();
  }

  /** What is known is known to this page only from now on. */
  forgetStored(): void {
    this.kept = false;
    remove(() => localStorage, this.name);
    remove(() => sessionStorage, this.name);
  }

  /** Calls back when another tab has changed or removed what is stored. */
  watch(changed: () => void, signal: AbortSignal): void {
    const onStorage = (event: StorageEvent) => {
      if (event.key !== this.name || event.storageArea !== localStorage) return;
      const stored = read<Remembered>(() => localStorage, this.name);
      this.values = stored ?? {};
      this.kept = stored !== null || this.kept;
      changed();
    };
    window.addEventListener("storage", onStorage, { signal });
  }

  private write(): void {
    if (!this.kept) return;
    write(() => localStorage, this.name, this.values, Object.keys(this.values).length);
    write(() => sessionStorage, this.name, this.waiting, this.waiting.length);
  }
}

type Area = () => Storage;

/** Where storage is blocked, even naming it throws; then nothing is found and nothing is kept. */
function read<Value>(area: Area, name: string): Value | null {
  try {
    return JSON.parse(area().getItem(name) ?? "null");
  } catch {
    return null;
  }
}

/** Leaves nothing behind when there is nothing. */
function write(area: Area, name: string, value: unknown, size: number): void {
  if (size === 0) return remove(area, name);
  try {
    area().setItem(name, JSON.stringify(value));
  } catch {
    // Full or blocked: things last as long as this page.
  }
}

function remove(area: Area, name: string): void {
  try {
    area().removeItem(name);
  } catch {
    // There was nothing.
  }
}
