/** The conversation as it stands on this page: what was said, who is there, and what can be done. */

import type { Choice, Contact, ConversationState, Exchange, Handoff, Message, Role, ServerEvent } from "./contracts.js";
import { Follower } from "./following.js";
import { markOf } from "./identity.js";
import type { Memory, Queued } from "./memory.js";
import { type Opened, Opening } from "./opening.js";
import { Opinions } from "./opinions.js";
import { Outbox } from "./outbox.js";
import {
  countUnread,
  type Entry,
  entryOfQueued,
  lastingName,
  withExchange,
  withHistory,
  withKept,
  withMessage,
  withPiece,
  withStatus,
} from "./transcript.js";
import { type Credentials, newKey, Refused, type Transport, Unreachable } from "./transport.js";

/** Who shows the conversation. */
export interface Audience {
  changed(): void;
  said(role: Role, text: string, id: string): void;
  stateChanged(state: ConversationState): void;
  /** The conversation is gone, and so may be who led it. */
  vanished(): void;
  troubled(what: string, detail: string): void;
  language(): string;
  /** Whether the visitor can see what arrives. */
  looking(): boolean;
}

export class Conversation {
  entries: Entry[] = [];
  handoff: Handoff | null = null;
  greeting: string | null = null;
  suggestions: string[] = [];
  /** Whether events arrive, or the connection is being looked for. */
  connected = true;
  readonly opinions: Opinions;
  private readonly opening: Opening;
  private readonly outbox: Outbox;
  private readonly follower: Follower;
  private held: Message[] = [];
  private lookAgain = false;
  /** How often another conversation has taken the place of what is shown. */
  private replacements = 0;
  private loadedId: string | undefined;
  /** The conversation whose past is shown: what comes after is news, and told. */
  private pastShownOf: string | undefined;
  private running: AbortSignal | null = null;

  constructor(
    private readonly transport: Transport,
    private readonly memory: Memory,
    private readonly audience: Audience,
  ) {
    this.opinions = new Opinions(transport, memory, () => this.credentials(), () => audience.changed());
    this.opening = new Opening(transport, () => audience.language(), (why) => audience.troubled("identity", why));
    this.outbox = new Outbox(memory, {
      deliver: (queued) => this.deliver(queued),
      told: (key, status) => this.setEntries(withStatus(this.entries, key, status)),
      settled: () => this.settled(),
    });
    this.follower = new Follower({
      connect: (lastEventId, signal) => this.transport.events(this.credentials()!, lastEventId, signal),
      look: (signal) => this.look(signal),
      heard: (event) => this.heard(event),
      connected: (yes) => this.setConnected(yes),
      gone: () => this.vanish(),
    });
  }

  get state(): ConversationState {
    return this.memory.all.state ?? "bot";
  }

  get unread(): number {
    return countUnread(this.entries, this.memory.all.seen);
  }

  /** A reply is awaited. */
  get waiting(): boolean {
    const sending = this.entries.some((entry) => entry.status === "sending");
    return sending && this.state !== "person" && !this.entries.some((entry) => entry.partial);
  }

  get begun(): boolean {
    return this.entries.length > 0;
  }

  /** Whether the site has named somebody who has no conversation here yet: theirs may be elsewhere. */
  get expected(): boolean {
    return this.opening.named && !this.exists;
  }

  get exists(): boolean {
    return this.credentials() !== null;
  }

  /** What the last reply offers, as long as nothing was said since. */
  get openChoices(): Exchange | null {
    const last = this.entries.filter((entry) => entry.role !== "system").at(-1)?.exchange;
    return last?.choices.length ? last : null;
  }

  /** Whether it is in use on a page. */
  get started(): boolean {
    return this.running !== null && !this.running.aborted;
  }

  start(signal: AbortSignal): void {
    if (this.running === signal) return;
    this.running = signal;
    signal.addEventListener("abort", () => this.follower.stop());
    const shown = new Set(this.entries.map((entry) => entry.key));
    const queued = this.memory.queue.filter(({ key, kind }) => kind !== "handoff" && !shown.has(key));
    this.entries = [...this.entries, ...queued.map(entryOfQueued)];
    this.outbox.start(signal);
    this.follow();
  }

  /** Follows events while somebody looks at them, so that many tabs do not use up the browser's connections. */
  follow(): void {
    if (this.loadedId !== undefined && this.loadedId !== this.memory.all.id) {
      this.replaced();
      this.audience.vanished();
    }
    if (this.started && this.exists && this.audience.looking()) this.follower.start();
    else this.follower.stop();
  }

  /** Opens a conversation before anything is said, where only the server knows greeting and suggestions. */
  async greet(): Promise<void> {
    try {
      await this.opened();
    } catch (error) {
      this.audience.troubled("start", String(error));
      this.setConnected(!(error instanceof Unreachable));
      if (error instanceof Refused && !error.passing) throw error;
    }
  }

  write(text: string): void {
    this.queue({ key: newKey(), kind: "text", text });
  }

  choose(choice: Choice): void {
    this.queue({ key: newKey(), kind: "choice", text: choice.question, answerId: choice.answer_id });
  }

  askForPerson(): void {
    if (this.memory.queue.some(({ kind }) => kind === "handoff")) return;
    this.outbox.add({ key: newKey(), kind: "handoff", text: "" });
    this.audience.changed();
  }

  retry(): void {
    this.outbox.tryNow();
  }

  async leaveContact(contact: Contact, key: string): Promise<void> {
    this.handoff = await this.transport.leaveContact(await this.opened(), contact, key);
    this.handoff = { ...this.handoff, contact_wanted: false };
    this.audience.changed();
  }

  /** Deletes it here and on the server. */
  async remove(): Promise<void> {
    const at = this.credentials();
    if (at) {
      await this.transport.remove(at).catch((error) => {
        if (!(error instanceof Refused && error.gone)) throw error;
      });
    }
    this.vanish();
  }

  /** Tells who the visitor is, by a signed token. Another person than before finds nothing of who was here before. */
  identify(identity: string): void {
    const user = markOf(identity);
    if (this.exists && user !== null && this.memory.all.user === user) return;
    if (this.memory.all.user !== undefined) this.lose();
    this.opening.identify(identity);
    const at = this.credentials();
    if (at) void this.recognise(at);
  }

  /** Nobody is named any more. */
  forgetIdentity(): void {
    this.opening.identify(undefined);
  }

  private async recognise(at: Credentials): Promise<void> {
    const opened = await this.opening.recognise(at);
    if (!opened || this.memory.all.id !== at.id) return;
    this.memory.set({ token: opened.at.token, ...(opened.user ? { user: opened.user } : {}) });
    this.follower.stop(); // it follows with the token that counts no more
    this.follow();
  }

  /** Drops what is on this page; the next message opens another conversation. */
  lose(): void {
    this.memory.forgetConversation();
    this.replaced();
  }

  /** As `lose`, and with it goes what was typed: whoever is here next may be somebody else. */
  vanish(): void {
    this.lose();
    this.audience.vanished();
  }

  /** Marks all as seen. */
  see(): void {
    const seen = this.entries.map(lastingName).findLast((name) => name !== undefined);
    if (seen && seen !== this.memory.all.seen) this.memory.set({ seen });
  }

  private queue(queued: Queued): void {
    this.suggestions = [];
    this.setEntries([...this.entries, entryOfQueued(queued)]);
    this.audience.said("customer", queued.text, queued.key);
    this.outbox.add(queued);
  }

  private credentials(): Credentials | null {
    const { id, token } = this.memory.all;
    return id && token ? { id, token } : null;
  }

  private async opened(): Promise<Credentials> {
    const at = this.credentials();
    if (at) return at;
    const { replacements } = this;
    const opened = await this.opening.open();
    if (replacements !== this.replacements) throw new Unreachable("the visitor was forgotten meanwhile");
    if (!this.exists) this.begin(opened);
    return this.credentials()!;
  }

  private begin({ started, at, user }: Opened): void {
    this.memory.set({ ...at, state: "bot", ...(user ? { user } : {}) });
    this.loadedId = this.pastShownOf = at.id; // it has no past
    this.greeting = started.greeting;
    if (!this.begun) this.suggestions = started.suggestions;
    this.setConnected(true);
    this.follow();
  }

  private async deliver(queued: Queued): Promise<void> {
    const at = await this.opened();
    try {
      if (queued.kind === "handoff") await this.takeHandoff(await this.transport.askForPerson(at, queued.key));
      else this.takeExchange(queued.key, await this.sent(at, queued));
      this.setConnected(true);
    } catch (error) {
      if (error instanceof Unreachable) this.setConnected(false);
      else if (error instanceof Refused) this.audience.troubled("message", error.message);
      if (error instanceof Refused && error.gone) this.beginAnew(queued);
      throw error;
    }
  }

  private sent(at: Credentials, queued: Queued): Promise<Exchange> {
    const body = queued.kind === "choice" ? { choice: queued.answerId } : { text: queued.text };
    return this.transport.send(at, body, queued.key, (piece) => {
      this.setEntries(withPiece(this.entries, queued.key, piece));
    });
  }

  /** The conversation is no longer known; what was not delivered goes into a new one. A choice has lost its question. */
  private beginAnew(unsent: Queued): void {
    const queue = this.memory.queue.map((each) => (each.kind === "choice" ? { ...each, kind: "text" as const } : each));
    this.lose();
    this.memory.setQueue(queue.length ? queue : [unsent]);
    this.entries = this.memory.queue.filter(({ kind }) => kind !== "handoff").map(entryOfQueued);
  }

  private takeExchange(key: string, exchange: Exchange): void {
    if (exchange.conversation_id !== this.memory.all.id) return; // deleted or forgotten meanwhile
    this.memory.keepExchange(exchange);
    this.suggestions = exchange.suggestions;
    this.setEntries(withExchange(this.entries, key, exchange));
    if (exchange.reply.text) this.audience.said("bot", exchange.reply.text, exchange.id);
    if (exchange.outcome === "handed_off") void this.askState("waiting");
  }

  private async takeHandoff(handoff: Handoff): Promise<void> {
    this.handoff = handoff;
    await this.askState("waiting");
    await this.look(this.running ?? AbortSignal.abort()).catch(() => {});
  }

  /** What the handoff promises; a server that does not tell is no trouble. */
  private async askState(otherwise: ConversationState): Promise<void> {
    const at = this.credentials();
    if (!at) return;
    const told = await this.transport.conversation(at).catch(() => null);
    if (this.credentials()?.id !== at.id) return;
    if (told) this.handoff = told.handoff;
    else if (otherwise === "bot" || otherwise === "closed") this.handoff = null;
    this.setState(told?.state ?? otherwise);
  }

  private async look(signal: AbortSignal): Promise<void> {
    const at = this.credentials();
    if (!at) return;
    const first = this.pastShownOf !== at.id;
    const messages = await this.transport.messages(at, signal);
    if (this.credentials()?.id !== at.id) return;
    const known = new Set(this.entries.flatMap((entry) => [entry.messageId, entry.exchangeId]));
    this.loadedId = at.id;
    if (this.outbox.sending) {
      this.lookAgain = true; // among these may be what is just being sent
      return;
    }
    this.setEntries(withHistory(this.entries, messages));
    this.pastShownOf = at.id;
    if (first) return;
    const fresh = messages.filter((message) => !known.has(message.id) && !known.has(message.exchange_id ?? message.id));
    for (const message of fresh) this.tell(message);
  }

  private heard(event: ServerEvent): void {
    const body = JSON.parse(event.data);
    if (event.event === "state") {
      const unknown = body.state === "waiting" && !this.handoff;
      if (body.state !== this.state || unknown) void this.askState(body.state);
    }
    if (event.event === "message") this.holdOrTake(body);
  }

  /** Part of an exchange may be what is just being sent: its reply says so, and until then it is held. */
  private holdOrTake(message: Message): void {
    const shown = this.entries.some((entry) => entry.exchangeId === message.exchange_id);
    if (message.exchange_id && !shown && this.outbox.sending) this.held.push(message);
    else this.takeMessage(message);
  }

  private settled(): void {
    for (const message of this.held.splice(0)) this.takeMessage(message);
    if (!this.lookAgain || !this.running) return;
    this.lookAgain = false;
    this.look(this.running).catch(() => {});
  }

  private takeMessage(message: Message): void {
    const before = this.entries.length;
    this.setEntries(withMessage(this.entries, message));
    if (this.entries.length > before) this.tell(message);
  }

  private tell(message: Message): void {
    if (message.text) this.audience.said(message.role, message.text, message.id);
  }

  private setState(state: ConversationState): void {
    const before = this.state;
    if (state === before) return this.audience.changed();
    this.memory.set({ state });
    const over = state === "closed" || (before === "person" && state === "bot");
    if (over && !this.memory.all.rated) this.opinions.ask(true);
    this.audience.stateChanged(state);
    this.audience.changed();
  }

  private setConnected(yes: boolean): void {
    this.connected = yes;
    this.audience.changed();
  }

  private setEntries(entries: Entry[]): void {
    this.entries = withKept(entries, this.memory.all.exchanges ?? []);
    this.audience.changed();
  }

  /** Another conversation, or none, takes the place of what is shown. */
  private replaced(): void {
    this.replacements += 1;
    this.follower.forget();
    this.loadedId = this.memory.all.id;
    this.pastShownOf = undefined;
    this.entries = [];
    this.held = [];
    this.handoff = null;
    this.suggestions = [];
    this.greeting = null;
    this.opinions.ask(false);
    this.audience.changed();
  }
}
