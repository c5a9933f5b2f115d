/** The calls of Kefu's API that the widget makes. Every POST carries its own key, so that it can be sent again. */

import type {
  Contact,
  ConversationOut,
  Exchange,
  Handoff,
  ListedConversation,
  Message,
  PageOf,
  Rating,
  Reason,
  SiteSettings,
  Started,
} from "./contracts.js";
import { serverEvents } from "./server-events.js";

const REPLY_WITHIN_MS = 30_000;

/** The server said no. */
export class Refused extends Error {
  constructor(
    readonly status: number,
    detail: string,
    readonly retryAfterMs: number,
    /** Which fields are wrong, such as "email". */
    readonly fields: string[] = [],
  ) {
    super(detail);
  }

  /** Whether the same request may get through later. */
  get passing(): boolean {
    return this.status === 429 || this.status === 409 || this.status >= 500;
  }

  /** Whether conversation or token are no longer known. */
  get gone(): boolean {
    return this.status === 401 || this.status === 404;
  }
}

/** Nobody answered: no network, no server, or one that is too slow. */
export class Unreachable extends Error {}

export interface Credentials {
  id: string;
  token: string;
}

interface Call {
  body?: unknown;
  key?: string;
  token?: string | undefined;
  accept?: string;
  signal?: AbortSignal | undefined;
  headers?: Record<string, string>;
}

/** A random UUID of version 4; crypto.randomUUID exists on HTTPS only. */
export function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

export class Transport {
  constructor(
    private readonly host: string,
    private readonly site: string,
  ) {}

  /** How the site wants the widget; null where the server does not tell. */
  async siteSettings(signal: AbortSignal): Promise<SiteSettings | null> {
    try {
      return await this.json("GET", `/v1/sites/${encodeURIComponent(this.site)}/widget`, { signal });
    } catch (error) {
      if (error instanceof Refused && error.status === 404) return null;
      throw error;
    }
  }

  start(language: string, key: string, identity?: string, token?: string): Promise<Started> {
    const body = { site: this.site, language, ...(identity ? { identity } : {}) };
    return this.json("POST", "/v1/conversations", { body, key, token });
  }

  /** The visitor's own, the newest first. */
  async conversations(token: string): Promise<ListedConversation[]> {
    const page: PageOf<ListedConversation> = await this.json("GET", "/v1/conversations", { token });
    return page.items;
  }

  conversation(at: Credentials): Promise<ConversationOut> {
    return this.json("GET", path(at), { token: at.token });
  }

  /** All messages, the oldest first. */
  async messages(at: Credentials, signal: AbortSignal): Promise<Message[]> {
    const all: Message[] = [];
    for (let cursor = ""; ; ) {
      const after = cursor && `&cursor=${encodeURIComponent(cursor)}`;
      const page: PageOf<Message> = await this.json("GET", `${path(at)}/messages?limit=100${after}`, {
        token: at.token,
        signal,
      });
      all.push(...page.items);
      if (page.next_cursor === null) return all;
      cursor = page.next_cursor;
    }
  }

  /** Sends a message; pieces of the reply go to `onPiece` as they come, the whole exchange is returned. */
  async send(at: Credentials, body: object, key: string, onPiece: (text: string) => void): Promise<Exchange> {
    const call = { body, key, token: at.token, accept: "text/event-stream" };
    const response = await this.fetched("POST", `${path(at)}/messages`, call);
    if (!response.headers.get("content-type")?.includes("text/event-stream")) return parsed(response);
    try {
      for await (const event of serverEvents(response.body!)) {
        if (event.event === "delta") onPiece(JSON.parse(event.data).text);
        if (event.event === "exchange") return JSON.parse(event.data);
      }
    } catch (error) {
      throw new Unreachable(String(error));
    }
    throw new Unreachable("the reply ended early");
  }

  events(at: Credentials, lastEventId: string, signal: AbortSignal): Promise<Response> {
    const headers = lastEventId ? { "Last-Event-ID": lastEventId } : undefined;
    const call: Call = { token: at.token, accept: "text/event-stream", signal, ...(headers ? { headers } : {}) };
    return this.fetched("GET", `${path(at)}/events`, call);
  }

  askForPerson(at: Credentials, key: string): Promise<Handoff> {
    return this.json("POST", `${path(at)}/handoff`, { body: {}, key, token: at.token });
  }

  leaveContact(at: Credentials, contact: Contact, key: string): Promise<Handoff> {
    return this.json("POST", `${path(at)}/handoff/contact`, { body: contact, key, token: at.token });
  }

  async vote(at: Credentials, exchangeId: string, rating: Rating, reason: Reason | null): Promise<void> {
    const body = { rating, ...(reason ? { reason } : {}) };
    await this.json("POST", `/v1/exchanges/${exchangeId}/feedback`, { body, key: newKey(), token: at.token });
  }

  async takeVoteBack(at: Credentials, exchangeId: string): Promise<void> {
    await this.fetched("DELETE", `/v1/exchanges/${exchangeId}/feedback`, { token: at.token });
  }

  async rate(at: Credentials, stars: number, comment: string): Promise<void> {
    const body = { stars, ...(comment ? { comment } : {}) };
    await this.json("POST", `${path(at)}/rating`, { body, key: newKey(), token: at.token });
  }

  async remove(at: Credentials): Promise<void> {
    await this.fetched("DELETE", path(at), { token: at.token });
  }

  private async json<Body>(method: string, path: string, call: Call): Promise<Body> {
    return parsed(await this.fetched(method, path, call));
  }

  private async fetched(method: string, path: string, call: Call): Promise<Response> {
    const headers: Record<string, string> = { Accept: call.accept ?? "application/json", ...call.headers };
    if (call.body !== undefined) headers["Content-Type"] = "application/json";
    if (call.key !== undefined) headers["Idempotency-Key"] = call.key;
    if (call.token !== undefined) headers.Authorization = `Bearer ${call.token}`;
    const response = await fetch(this.host + path, {
      method,
      headers,
      credentials: "omit",
      body: call.body === undefined ? null : JSON.stringify(call.body),
      signal: call.signal ?? AbortSignal.timeout(REPLY_WITHIN_MS),
    }).catch((error) => {
      throw new Unreachable(String(error));
    });
    if (!response.ok) throw await refusal(response);
    return response;
  }
}

function path(at: Credentials): string {
  return `/v1/conversations/${encodeURIComponent(at.id)}`;
}

async function parsed<Body>(response: Response): Promise<Body> {
  try {
    return await response.json();
  } catch (error) {
    throw new Unreachable(String(error));
  }
}

async function refusal(response: Response): Promise<Refused> {
  const problem = await response.json().catch(() => ({}));
  const seconds = Number(response.headers.get("retry-after")) || 0;
  const wrong: { where?: unknown }[] = Array.isArray(problem.errors) ? problem.errors : [];
  const fields = wrong.map(({ where }) => String(where).split(".").at(-1)!);
  return new Refused(response.status, String(problem.detail ?? response.statusText), seconds * 1000, fields);
}
