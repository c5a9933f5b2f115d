/** Opens a conversation when one is needed: once, and with the same key until it has worked. */

import type { Started } from "./contracts.js";
import { markOf } from "./identity.js";
import { type Credentials, newKey, Refused, type Transport } from "./transport.js";

/** A conversation, and the mark of who has it, if the site has named them. */
export interface Opened {
  started: Started;
  at: Credentials;
  user: string | undefined;
}

export class Opening {
  private underWay: Promise<Opened> | null = null;
  private key = newKey();
  private identity: string | undefined;

  constructor(
    private readonly transport: Transport,
    private readonly language: () => string,
    /** The identity was refused, for this reason; the visitor goes on as somebody unknown. */
    private readonly identityRefused: (detail: string) => void,
  ) {}

  /** Whether a name waits to be told. */
  get named(): boolean {
    return this.identity !== undefined;
  }

  /** The next conversation belongs to who this signed token names. */
  identify(identity: string | undefined): void {
    this.identity = identity;
    this.key = newKey();
    this.underWay = null;
  }

  /** Whoever waits for a conversation gets the same one. */
  open(): Promise<Opened> {
    if (this.underWay) return this.underWay;
    const opened = (this.underWay = this.start());
    const over = () => {
      if (this.underWay === opened) this.underWay = null;
    };
    opened.then(over, over);
    return opened;
  }

  /** Tells who the visitor of a conversation is; it becomes theirs, and is reached by another token from then on. */
  async recognise(before: Credentials): Promise<Opened | null> {
    const identity = this.identity;
    if (identity === undefined) return null;
    try {
      const started = await this.transport.start(this.language(), this.key, identity, before.token);
      return { started, at: { id: before.id, token: started.visitor_token }, user: markOf(identity) ?? undefined };
    } catch (error) {
      this.identityRefused(String(error));
      return null;
    } finally {
      this.told(identity);
    }
  }

  private async start(): Promise<Opened> {
    const identity = this.identity;
    try {
      const started = await this.transport.start(this.language(), this.key, identity);
      const opened = { started, at: await this.place(started, identity), user: (identity && markOf(identity)) || undefined };
      this.told(identity);
      return opened;
    } catch (error) {
      if (!(error instanceof Refused) || error.passing || identity === undefined) throw error;
      this.told(identity); // better to talk to somebody unknown than not at all
      this.identityRefused(error.message);
      return this.start();
    }
  }

  /** An identity counts once, and so does a key. */
  private told(identity: string | undefined): void {
    if (this.identity !== identity) return;
    this.identity = undefined;
    this.key = newKey();
  }

  /** Who is recognised goes on where they were last. */
  private async place(started: Started, identity: string | undefined): Promise<Credentials> {
    const token = started.visitor_token;
    const listed = identity ? await this.transport.conversations(token).catch(() => []) : [];
    const open = listed.find((each) => each.last_message !== null && each.state !== "closed");
    return { id: open?.id ?? started.conversation_id, token };
  }
}
