/** <kefu-widget>: attributes, lifecycle, and what is open on it. What it shows is in the views, what is said in Conversation. */

import { LitElement, type PropertyValues, type TemplateResult } from "lit";
import type { Contact, ConversationState, Role } from "./contracts.js";
import { Conversation } from "./conversation.js";
import { focusedIn, keepFocusInside, placeFocus } from "./focus.js";
import { chosenLocale, type Locale, localeOf, offered, primary, TEXTS, type Texts } from "./locales.js";
import { Memory } from "./memory.js";
import { reveal, scrollToNewest, StayingAtEnd } from "./scrolling.js";
import { Site } from "./site.js";
import { STYLES } from "./styles.js";
import { TALK_STYLES } from "./styles-talk.js";
import { Transport } from "./transport.js";
import { rootView } from "./views.js";

const PHONE = "(max-width: 480px)";
const DARK = "(prefers-color-scheme: dark)";

export class KefuWidget extends LitElement {
  static override styles = [STYLES, TALK_STYLES];
  static override properties = {
    host: {},
    site: {},
    locale: {},
    mode: {},
    position: {},
    theme: {},
    heading: {},
    opened: {},
  };

  /** Address of the Kefu server; by default where this module comes from. */
  declare host: string;
  declare site: string;
  declare locale: string | null;
  declare mode: "floating" | "inline" | "full-screen";
  declare position: "right" | "left";
  declare theme: "auto" | "light" | "dark";
  declare heading: string | null;
  declare opened: string | null;

  /** Whether the panel is shown. */
  shown = false;
  menu = false;
  deleting = false;
  /** What was announced last, and how often something was. */
  announced = { text: "", count: 0 };
  /** One line above the composer, until the next thing is said. */
  notice = "";
  /** Exchanges whose reasons are shown, or about which the visitor is asked what was wrong. */
  explained = new Set<string>();
  thanked = new Set<string>();
  /** What is typed or chosen and not sent yet; it outlives a closed panel. */
  draft = "";
  ratingDraft = { stars: 0, comment: "" };
  contactDraft: Contact = {};
  contactTrouble = "";
  /** Names of the fields that this is about. */
  contactWrong: string[] = [];
  consentRefused = false;

  private parts: { memory: Memory; site: Site; conversation: Conversation } | null = null;
  private connected: AbortController | null = null;
  private lastSeen = "";
  private stayingAtEnd = new StayingAtEnd();

  constructor() {
    super();
    this.host = new URL(/* @vite-ignore */ "..", import.meta.url).href.replace(/\/$/, "");
    this.site = "default";
    this.locale = this.heading = this.opened = null;
    this.mode = "floating";
    this.position = "right";
    this.theme = "auto";
  }

  /** Opens the panel. */
  open(): void {
    if (this.shown) return;
    this.shown = true;
    this.begin();
    this.emit("open", {});
    this.requestUpdate();
    void this.updateComplete.then(() => placeFocus(this.renderRoot));
  }

  close(): void {
    if (!this.shown || this.mode !== "floating") return;
    const focused = focusedIn(this.renderRoot);
    this.shown = this.menu = this.deleting = false;
    if (!this.conversation.connected) this.askSite();
    this.conversation.follow();
    this.emit("close", {});
    this.requestUpdate();
    if (focused) void this.updateComplete.then(() => this.focusOn(".launcher"));
  }

  toggle(): void {
    if (this.shown) this.close();
    else this.open();
  }

  /** The visitor's own choice: kept, and stronger than what site and page say. */
  setLocale(tag: string): void {
    const locale = localeOf(tag);
    if (locale) this.memory.set({ locale });
    this.requestUpdate();
  }

  /** Tells who the visitor is, by a token that the site has signed. */
  setUser(user: { identity: string }): void {
    const before = this.memory.all.id;
    this.conversation.identify(user.identity);
    if (before && this.memory.all.id !== before) this.forgetDrafts(); // somebody else was here
    if (this.shown) this.begin();
  }

  /** Says for the visitor whether things may be stored, where the site has asked already. */
  consent(given: boolean): void {
    this.consentRefused = !given;
    if (given) {
      this.memory.keep();
      this.memory.set({ consent: true });
    } else this.memory.forgetStored();
    this.requestUpdate();
  }

  /** Forgets the visitor, their conversation and what was stored; as when they log out. */
  reset(): void {
    this.memory.forgetAll();
    this.conversation.forgetIdentity();
    this.conversation.vanish();
    if (!this.consentNeeded) this.memory.keep();
    if (this.shown) this.begin();
  }

  destroy(): void {
    this.remove();
  }

  /** Listens to an event; returns what ends that. */
  on(name: string, listener: (detail: unknown) => void): () => void {
    const heard = (event: Event) => listener((event as CustomEvent).detail);
    this.addEventListener(name, heard);
    return () => this.removeEventListener(name, heard);
  }

  get memory(): Memory {
    return this.made.memory;
  }

  get conversation(): Conversation {
    return this.made.conversation;
  }

  get siteAnswer(): Site {
    return this.made.site;
  }

  get texts(): Texts {
    return TEXTS[this.spoken];
  }

  get spoken(): Locale {
    const { documentElement } = document;
    const wishes = [this.memory.all.locale, this.locale, ...navigator.languages, documentElement.lang];
    return chosenLocale(wishes, this.locales);
  }

  /** The language of the API: en or zh. */
  get language(): string {
    return primary(this.spoken);
  }

  get locales(): Locale[] {
    return offered(this.siteAnswer.settings.languages);
  }

  get consentNeeded(): boolean {
    return this.getAttribute("consent") === "required" || this.siteAnswer.settings.consent_needed === true;
  }

  get dark(): boolean {
    return this.theme === "dark" || (this.theme !== "light" && matchMedia(DARK).matches);
  }

  /** Whether the panel covers the page. */
  get covering(): boolean {
    return this.mode === "full-screen" || (this.mode === "floating" && matchMedia(PHONE).matches);
  }

  get name(): string {
    return this.heading || this.siteAnswer.settings.name || this.texts.title;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const { signal } = (this.connected = new AbortController());
    this.memory.watch(() => this.storedElsewhere(), signal);
    document.addEventListener("visibilitychange", () => this.conversation.follow(), { signal });
    for (const query of [PHONE, DARK]) matchMedia(query).addEventListener("change", () => this.requestUpdate(), { signal });
    this.followViewport(signal);
    this.toTopLayer();
    if (this.siteAnswer.available) this.conversation.start(signal);
    else this.askSite();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.connected?.abort();
    this.connected = null;
  }

  protected override render(): TemplateResult | null {
    return this.siteAnswer.available ? rootView(this) : null;
  }

  protected override updated(changed: PropertyValues): void {
    super.updated(changed);
    const newest = this.conversation.entries.at(-1);
    const seen = this.shown ? `${newest?.key} ${newest?.text.length}` : "";
    if (seen !== this.lastSeen) scrollToNewest(this.renderRoot);
    this.lastSeen = seen;
    this.stayingAtEnd.watch(this.renderRoot);
    if (changed.has("mode")) this.toTopLayer();
  }

  /** What is pressed while the panel is open. */
  pressed(event: KeyboardEvent): void {
    if (event.key === "Tab" && this.covering) keepFocusInside(this.renderRoot, event);
    if (event.key !== "Escape" || event.isComposing) return;
    event.stopPropagation();
    if (this.deleting) this.askToDelete(false);
    else if (this.menu) this.showMenu(false);
    else this.close();
  }

  showMenu(yes: boolean): void {
    this.menu = yes;
    this.requestUpdate();
    if (!yes) void this.updateComplete.then(() => this.focusOn("#more"));
  }

  askToDelete(yes: boolean): void {
    this.deleting = yes;
    this.menu = false;
    this.requestUpdate();
    void this.updateComplete.then(() => this.focusOn(yes ? "#keep" : "#more"));
  }

  /** Shows a line and says it to who does not see it. */
  tell(text: string): void {
    this.notice = text;
    this.announce(text);
  }

  announce(text: string): void {
    this.announced = { text, count: this.announced.count + 1 };
    this.requestUpdate();
  }

  emit(name: string, detail: object): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  /** When what was pressed is gone. On a touch screen the field stays alone: it would open the keyboard over the reply. */
  focusAfterPress(selector: string): void {
    this.requestUpdate();
    const field = selector === "#message" && matchMedia("(pointer: coarse)").matches;
    void this.updateComplete.then(() => this.focusOn(field ? ".log" : selector));
  }

  /** When something has opened in the transcript. */
  revealAfterPress(selector: string): void {
    this.requestUpdate();
    void this.updateComplete.then(() => reveal(this.renderRoot, selector));
  }

  focusOn(selector: string): void {
    this.renderRoot.querySelector<HTMLElement>(selector)?.focus();
  }

  /** Shuts what was open on a conversation that is gone. */
  forgetOpen(): void {
    this.explained.clear();
    this.thanked.clear();
    this.menu = this.deleting = false;
    this.ratingDraft = { stars: 0, comment: "" };
    this.notice = this.contactTrouble = "";
    this.contactWrong = [];
    this.requestUpdate();
  }

  /** As `forgetOpen`, and all that is typed. */
  forgetDrafts(): void {
    this.draft = "";
    this.contactDraft = {};
    this.forgetOpen();
  }

  /** Made once host and site are known. */
  private get made(): { memory: Memory; site: Site; conversation: Conversation } {
    if (this.parts) return this.parts;
    const memory = new Memory(this.site);
    const transport = new Transport(this.host, this.site);
    const conversation = new Conversation(transport, memory, {
      changed: () => this.changed(),
      said: (role, text, id) => this.said(role, text, id),
      stateChanged: (state) => this.stateChanged(state),
      vanished: () => this.forgetDrafts(),
      troubled: (what, detail) => this.emit("error", { what, detail }),
      language: () => this.spoken,
      looking: () => this.looking,
    });
    this.parts = { memory, conversation, site: new Site(transport, () => this.siteAnswered()) };
    return this.parts;
  }

  private get looking(): boolean {
    const spoken = this.conversation.state === "waiting" || this.conversation.state === "person";
    return document.visibilityState === "visible" && (this.shown || spoken);
  }

  private askSite(): void {
    this.siteAnswer.available = false;
    if (this.connected) void this.siteAnswer.ask(this.connected.signal);
  }

  private siteAnswered(): void {
    if (!this.connected) return;
    if (!this.consentNeeded) this.memory.keep();
    const again = this.conversation.started;
    this.conversation.start(this.connected.signal);
    if (this.mode !== "floating") this.shown = true;
    if (this.shown) this.begin();
    else if (this.opened !== null) this.open();
    this.requestUpdate();
    if (!again) void this.updateComplete.then(() => this.emit("ready", {}));
  }

  /** The panel is looked at: events are followed, and where nobody knows a greeting yet, one is asked for. */
  private begin(): void {
    this.conversation.follow();
    if (!this.siteAnswer.available) return;
    if (this.conversation.exists || (this.siteAnswer.settings.greeting && !this.conversation.expected)) return;
    this.conversation.greet().catch(() => {
      this.shown = this.siteAnswer.available = false; // this site is not served: better no widget than one that can't help
      this.requestUpdate();
    });
  }

  private changed(): void {
    if (this.shown) this.conversation.see();
    this.requestUpdate();
  }

  private said(role: Role, text: string, id: string): void {
    this.emit("message", { role, text, id });
    if (role === "customer") return;
    this.notice = "";
    const choices = this.conversation.openChoices?.choices.map(({ question }) => question).join("; ");
    const offer = role === "bot" && choices ? ` ${this.texts.choices}: ${choices}` : "";
    this.announce(this.shown ? `${this.texts[role]}: ${text}${offer}` : this.unreadText);
  }

  get unreadText(): string {
    return this.texts.unread.replace("{n}", String(this.conversation.unread));
  }

  private stateChanged(state: ConversationState): void {
    this.emit("handoff", { state });
    this.revealAfterPress("#rating");
    this.conversation.follow();
  }

  private storedElsewhere(): void {
    this.conversation.follow();
    this.requestUpdate();
  }

  /** Above everything, whatever stacks, filters or clips the page has. */
  private toTopLayer(): void {
    if (this.mode !== "floating") this.removeAttribute("popover");
    else if (this.isConnected && "showPopover" in this) {
      this.popover = "manual";
      if (!this.matches(":popover-open")) this.showPopover();
    }
  }

  /** Phones lay the keyboard over the page; the panel ends where it begins. */
  private followViewport(signal: AbortSignal): void {
    const seen = window.visualViewport;
    const measure = () => {
      if (!seen || !this.covering) return;
      const unzoomed = Math.round(seen.height * seen.scale); // what is zoomed into stays as large as it is
      this.style.setProperty("--kefu-seen-height", `${unzoomed}px`);
    };
    seen?.addEventListener("resize", measure, { signal });
  }
}
