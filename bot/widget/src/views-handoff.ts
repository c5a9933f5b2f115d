/** What is going on with the person that was asked for, and how to reach the visitor. */

import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { sendContact } from "./actions.js";
import type { KefuWidget } from "./element.js";

export function bannerText(widget: KefuWidget): string | null {
  const { texts, conversation } = widget;
  if (conversation.state === "closed") return texts.closed;
  if (conversation.state !== "waiting") return null;
  const { handoff } = conversation;
  if (handoff?.people_online !== false) return texts.waiting;
  if (!handoff.opens_at) return texts.waitingAwayUnknown;
  return texts.waitingAway.replace("{time}", spokenTime(handoff.opens_at, widget.spoken));
}

function spokenTime(moment: string, locale: string): string {
  const style: Intl.DateTimeFormatOptions = { weekday: "long", day: "numeric", month: "long", hour: "numeric", minute: "2-digit" };
  return new Intl.DateTimeFormat(locale, style).format(new Date(moment));
}

export function contactView(widget: KefuWidget): TemplateResult | typeof nothing {
  const { texts, conversation } = widget;
  const spoken = conversation.state === "person" || conversation.state === "closed";
  if (spoken || !conversation.handoff?.contact_wanted) return nothing;
  const field = (name: "name" | "email" | "phone", label: string, type: string, autocomplete: AutoFill) => html`<label>
    ${label}<input
      name=${name}
      type=${type}
      autocomplete=${autocomplete}
      maxlength="200"
      aria-invalid=${widget.contactWrong.includes(name) ? "true" : nothing}
      aria-describedby=${widget.contactWrong.includes(name) ? "contact-trouble" : nothing}
      .value=${live(widget.contactDraft[name] ?? "")}
      @input=${(event: InputEvent) => (widget.contactDraft[name] = (event.target as HTMLInputElement).value)}
    />
  </label>`;
  return html`<form class="card" novalidate @submit=${(event: SubmitEvent) => sendContact(widget, event)}>
    <h3>${texts.contactTitle}</h3>
    <p>${texts.contactWhy}</p>
    ${field("name", texts.contactName, "text", "name")} ${field("email", texts.contactEmail, "email", "email")}
    ${field("phone", texts.contactPhone, "tel", "tel")}
    ${widget.contactTrouble ? html`<p class="trouble" id="contact-trouble">${widget.contactTrouble}</p>` : nothing}
    <div class="buttons"><button type="submit" class="main">${texts.contactSend}</button></div>
  </form>`;
}
