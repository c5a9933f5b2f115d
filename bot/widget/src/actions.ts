/** What the visitor does with the panel's buttons and forms. */

import type { Choice, Contact, Rating, Reason } from "./contracts.js";
import type { KefuWidget } from "./element.js";
import { newKey, Refused } from "./transport.js";

const CONTACT_FIELDS = ["email", "phone"] as const;

export function sendWritten(widget: KefuWidget, event: SubmitEvent): void {
  event.preventDefault();
  const text = widget.draft.trim();
  if (!text) return;
  widget.draft = "";
  widget.notice = "";
  widget.requestUpdate();
  widget.conversation.write(text);
}

export function ask(widget: KefuWidget, text: string): void {
  widget.conversation.write(text);
  widget.focusAfterPress("#message");
}

export function choose(widget: KefuWidget, choice: Choice): void {
  widget.conversation.choose(choice);
  widget.focusAfterPress("#message");
}

export function askForPerson(widget: KefuWidget): void {
  widget.notice = "";
  widget.conversation.askForPerson();
}

export function vote(widget: KefuWidget, exchangeId: string, rating: Rating, reason: Reason | null): Promise<void> {
  return tried(widget, async () => {
    await widget.conversation.opinions.vote(exchangeId, rating, reason);
    widget.thanked.add(exchangeId);
    widget.emit("feedback", { exchangeId, rating, reason });
    widget.announce(rating === "down" && !reason ? widget.texts.whatWasWrong : widget.texts.thanks);
    widget.revealAfterPress(`#wrong-${exchangeId}, #thanks-${exchangeId}`);
    if (reason) widget.focusAfterPress(`[data-vote="${exchangeId}"] [aria-pressed="true"]`); // its chip is gone
  });
}

export function takeVoteBack(widget: KefuWidget, exchangeId: string): Promise<void> {
  return tried(widget, async () => {
    await widget.conversation.opinions.takeBack(exchangeId);
    widget.thanked.delete(exchangeId);
    widget.emit("feedback", { exchangeId, rating: null, reason: null });
    widget.announce(widget.texts.undone);
    widget.focusAfterPress(`[data-vote="${exchangeId}"] button`);
  });
}

export function explain(widget: KefuWidget, exchangeId: string): void {
  if (!widget.explained.delete(exchangeId)) widget.explained.add(exchangeId);
  widget.revealAfterPress(`#why-${exchangeId}`);
}

export function askForRating(widget: KefuWidget): void {
  widget.conversation.opinions.ask(true);
  widget.menu = false;
  widget.revealAfterPress("#rating");
  widget.focusAfterPress(".stars input");
}

export function setStars(widget: KefuWidget, stars: number): void {
  widget.ratingDraft.stars = stars;
  widget.requestUpdate();
}

export function skipRating(widget: KefuWidget): void {
  widget.conversation.opinions.ask(false);
  widget.focusAfterPress("#message");
}

export function sendRating(widget: KefuWidget, event: SubmitEvent): Promise<void> {
  event.preventDefault();
  const { stars, comment } = widget.ratingDraft;
  return tried(widget, async () => {
    await widget.conversation.opinions.rate(stars, comment.trim());
    widget.ratingDraft = { stars: 0, comment: "" };
    widget.tell(widget.texts.rated);
    widget.focusAfterPress("#message");
  });
}

export function sendContact(widget: KefuWidget, event: SubmitEvent): Promise<void> {
  event.preventDefault();
  const contact: Contact = filled(event);
  if (!contact.email && !contact.phone) {
    sayContactWrong(widget, widget.texts.contactNeeded, ["email", "phone"]);
    return Promise.resolve();
  }
  widget.contactTrouble = "";
  widget.contactWrong = [];
  return tried(widget, async () => {
    try {
      await widget.conversation.leaveContact(contact, newKey());
    } catch (error) {
      if (!(error instanceof Refused) || error.status !== 422) throw error;
      const given = CONTACT_FIELDS.filter((name) => contact[name]);
      const wrong = given.filter((name) => error.fields.includes(name));
      return sayContactWrong(widget, widget.texts.contactInvalid, wrong.length ? wrong : given);
    }
    widget.contactDraft = {};
    widget.tell(widget.texts.contactThanks);
    widget.focusAfterPress("#message");
  });
}

/** Beside the form, to who listens, and with the focus on what is to be put right. */
function sayContactWrong(widget: KefuWidget, text: string, wrong: string[]): void {
  widget.contactTrouble = text;
  widget.contactWrong = wrong;
  widget.announce(text);
  widget.focusOn(`input[name=${wrong[0]}]`);
  widget.revealAfterPress("#contact-trouble");
}

export function deleteConversation(widget: KefuWidget): Promise<void> {
  widget.deleting = false;
  widget.focusAfterPress("#message");
  return tried(widget, async () => {
    await widget.conversation.remove();
    widget.tell(widget.texts.deleted);
  });
}

export function startAgain(widget: KefuWidget): void {
  widget.conversation.lose();
  widget.forgetOpen();
  widget.focusAfterPress("#message");
}

/** Does it; where it does not work, says so. */
async function tried(widget: KefuWidget, action: () => Promise<void>): Promise<void> {
  try {
    await action();
  } catch (error) {
    widget.tell(widget.texts.failedAction);
    widget.emit("error", { what: "action", detail: String(error) });
  }
}

/** What was filled in, without what was left empty. */
function filled(event: SubmitEvent): Record<string, string> {
  const entries = [...new FormData(event.target as HTMLFormElement)].map(([name, value]) => [name, String(value).trim()]);
  return Object.fromEntries(entries.filter(([, value]) => value !== ""));
}
