/** The entries of the transcript, and how what the server tells is put among what was written here. Pure. */

import type { Exchange, Message, Role } from "./contracts.js";
import type { Queued } from "./memory.js";

export interface Entry {
  /** Names the entry on this page; a customer's message has the key it is sent with. */
  key: string;
  role: Role;
  text: string;
  at: string;
  status: "sending" | "queued" | "failed" | "refused" | "delivered";
  messageId?: string;
  exchangeId?: string;
  exchange?: Exchange;
  /** Pieces of a reply that is still coming. */
  partial?: boolean;
}

export function entryOfMessage(message: Message): Entry {
  return {
    key: message.id,
    role: message.role,
    text: message.text,
    at: message.created_at,
    status: "delivered",
    messageId: message.id,
    ...(message.exchange_id ? { exchangeId: message.exchange_id } : {}),
  };
}

export function entryOfQueued(queued: Queued): Entry {
  return { key: queued.key, role: "customer", text: queued.text, at: new Date().toISOString(), status: "sending" };
}

/** The entry that is this message already, if there is one. */
function known(entries: readonly Entry[], message: Message): Entry | undefined {
  return entries.find(
    (entry) =>
      entry.messageId === message.id ||
      (message.exchange_id !== null && entry.exchangeId === message.exchange_id && entry.role === message.role),
  );
}

/** All that the server has, in its order, then what has not arrived there. Empty replies are not shown. */
export function withHistory(entries: readonly Entry[], messages: readonly Message[]): Entry[] {
  const shown = messages.filter((message) => message.text !== "");
  const history = shown.map((message) => {
    const entry = known(entries, message);
    return entry ? { ...entry, messageId: message.id } : entryOfMessage(message);
  });
  const there = new Set(history.map((entry) => entry.key));
  return [...history, ...entries.filter((entry) => !there.has(entry.key) && !entry.messageId)];
}

/** Replies with what the list of messages does not tell of them, as far as it was kept. */
export function withKept(entries: readonly Entry[], kept: readonly Exchange[]): Entry[] {
  return entries.map((entry) => {
    const exchange = entry.role === "bot" && !entry.exchange && kept.find(({ id }) => id === entry.exchangeId);
    return exchange ? { ...entry, exchange } : entry;
  });
}

/** One more message, before what has not arrived at the server. */
export function withMessage(entries: readonly Entry[], message: Message): Entry[] {
  if (message.text === "" || known(entries, message)) {
    return entries.map((entry) => (entry === known(entries, message) ? { ...entry, messageId: message.id } : entry));
  }
  const open = entries.findIndex((entry) => entry.status !== "delivered" || entry.partial);
  const at = open < 0 ? entries.length : open;
  return [...entries.slice(0, at), entryOfMessage(message), ...entries.slice(at)];
}

/** The customer's entry is delivered and followed by the reply; copies that came another way are dropped. */
export function withExchange(entries: readonly Entry[], key: string, exchange: Exchange): Entry[] {
  const merged: Entry[] = [];
  for (const entry of entries) {
    if (entry.key === key) {
      merged.push({ ...entry, status: "delivered", exchangeId: exchange.id });
      if (exchange.reply.text) merged.push(replyOf(exchange));
    } else if (entry.exchangeId !== exchange.id && !entry.partial) merged.push(entry);
  }
  return merged;
}

function replyOf(exchange: Exchange): Entry {
  return {
    key: `reply-${exchange.id}`,
    role: "bot",
    text: exchange.reply.text,
    at: exchange.created_at,
    status: "delivered",
    exchangeId: exchange.id,
    exchange,
  };
}

/** Grows the reply that is coming. */
export function withPiece(entries: readonly Entry[], key: string, piece: string): Entry[] {
  const name = `partial-${key}`;
  const before = entries.find((entry) => entry.key === name);
  if (before) return entries.map((entry) => (entry === before ? { ...entry, text: entry.text + piece } : entry));
  const at = entries.findIndex((entry) => entry.key === key) + 1;
  const coming: Entry = {
    key: name,
    role: "bot",
    text: piece,
    at: new Date().toISOString(),
    status: "delivered",
    partial: true,
  };
  return [...entries.slice(0, at), coming, ...entries.slice(at)];
}

export function withStatus(entries: readonly Entry[], key: string, status: Entry["status"]): Entry[] {
  return entries
    .filter((entry) => entry.key !== `partial-${key}`)
    .map((entry) => (entry.key === key ? { ...entry, status } : entry));
}

/** The name by which an entry is known on every page: the exchange's, or the message's own. */
export function lastingName(entry: Entry): string | undefined {
  return entry.exchangeId ?? entry.messageId;
}

/** How many replies follow the one that was seen last. */
export function countUnread(entries: readonly Entry[], seen: string | undefined): number {
  const last = seen ? entries.findLastIndex((entry) => lastingName(entry) === seen) : -1;
  return entries.slice(last + 1).filter((entry) => entry.role !== "customer" && !entry.partial).length;
}
