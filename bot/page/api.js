/** The few calls of the API that this page makes. Every POST is safe to send again: it carries its own key. */

const STORED = "kefu-conversation";

/** A random UUID. crypto.randomUUID exists on HTTPS and 127.0.0.1 only, and this page is also tried by plain HTTP. */
export function newKey() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

export class Conversation {
  constructor(id, token) {
    this.id = id;
    this.token = token;
  }

  static stored() {
    try {
      const { id, token } = JSON.parse(sessionStorage.getItem(STORED) ?? "{}");
      return id && token ? new Conversation(id, token) : null;
    } catch {
      return null;
    }
  }

  static forget() {
    sessionStorage.removeItem(STORED);
  }

  /** Opens a conversation; returns it with greeting and suggestions. */
  static async start(language) {
    const body = await request("POST", "/v1/conversations", { body: { language }, key: newKey() });
    const conversation = new Conversation(body.conversation_id, body.visitor_token);
    sessionStorage.setItem(STORED, JSON.stringify({ id: conversation.id, token: conversation.token }));
    return { conversation, greeting: body.greeting, suggestions: body.suggestions };
  }

  send(message, key) {
    return this.#call("POST", "/messages", message, key);
  }

  askForPerson(key) {
    return this.#call("POST", "/handoff", {}, key);
  }

  /** All messages, the oldest first. */
  async history() {
    const messages = [];
    for (let cursor = ""; cursor !== null; ) {
      const after = cursor && `&cursor=${encodeURIComponent(cursor)}`;
      const page = await this.#call("GET", `/messages?limit=100${after}`);
      messages.push(...page.items);
      cursor = page.next_cursor;
    }
    return messages;
  }

  rate(exchangeId, rating, key) {
    const path = `/v1/exchanges/${exchangeId}/feedback`;
    return request("POST", path, { body: { rating }, key, token: this.token });
  }

  #call(method, path, body, key) {
    return request(method, `/v1/conversations/${this.id}${path}`, { body, key, token: this.token });
  }
}

export class Refused extends Error {
  constructor(problem) {
    super(problem.detail ?? problem.title ?? "");
    this.status = problem.status;
  }
}

async function request(method, path, { body, key, token } = {}) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (key !== undefined) headers["Idempotency-Key"] = key;
  if (token !== undefined) headers.Authorization = `Bearer ${token}`;
  const response = await fetch(path, {
    method,
    headers,
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(30_000),
  });
  const content = await response.json();
  if (!response.ok) throw new Refused(content);
  return content;
}
