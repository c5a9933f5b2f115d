/** What Kefu's HTTP API sends and takes, as far as a visitor meets it. */

export type Role = "customer" | "bot" | "agent" | "system";
export type ConversationState = "bot" | "waiting" | "person" | "closed";
export type Rating = "up" | "down";

export const REASONS = ["wrong_answer", "not_my_question", "outdated", "incomplete", "tone", "other"] as const;
export type Reason = (typeof REASONS)[number];

export interface Message {
  id: string;
  role: Role;
  text: string;
  created_at: string;
  exchange_id: string | null;
}

export interface Choice {
  answer_id: string;
  question: string;
}

/** Where a sentence of a composed reply stands. */
export interface Source {
  title: string;
  url: string | null;
  heading: string;
}

/** A whole answer, one sentence of a composed reply, or the bot's own words. */
export interface ReplyPart {
  text: string;
  answer_id: string | null;
  section_id?: string | null;
  source?: Source | null;
}

export interface Exchange {
  id: string;
  conversation_id: string;
  outcome: "answered" | "clarified" | "composed" | "handed_off";
  reply: { text: string; language: string; parts: ReplyPart[] };
  choices: Choice[];
  suggestions: string[];
  created_at: string;
}

export interface Started {
  conversation_id: string;
  visitor_token: string;
  greeting: string;
  suggestions: string[];
}

export interface Handoff {
  people_online?: boolean;
  opens_at?: string | null;
  contact_wanted?: boolean;
}

export interface ConversationOut {
  state: ConversationState;
  handoff: Handoff | null;
}

export interface ListedConversation {
  id: string;
  state: ConversationState;
  last_message: Message | null;
}

export interface SiteSettings {
  name?: string;
  greeting?: Record<string, string>;
  suggestions?: Record<string, string[]>;
  languages?: string[];
  consent_needed?: boolean;
}

export interface Contact {
  name?: string;
  email?: string;
  phone?: string;
}

export interface PageOf<Item> {
  items: Item[];
  next_cursor: string | null;
}

export interface ServerEvent {
  event: string;
  data: string;
  id: string;
}
