/** The transcript: who said what, how it got there, and what can be done about it. */

import { html, nothing, type TemplateResult } from "lit";
import { repeat } from "lit/directives/repeat.js";
import { ask, choose } from "./actions.js";
import type { KefuWidget } from "./element.js";
import { type Block, type Inline, tokenize } from "./tokens.js";
import type { Entry } from "./transcript.js";
import { explanationView, ratingView, votesView } from "./views-feedback.js";
import { contactView } from "./views-handoff.js";

export function logView(widget: KefuWidget): TemplateResult {
  const { conversation, texts } = widget;
  return html`<div class="log" role="log" aria-live="off" aria-label=${texts.log} tabindex="0">
    ${greetingView(widget)}
    ${repeat(
      conversation.entries,
      (entry) => entry.key,
      (entry, place) => entryView(widget, entry, conversation.entries[place - 1]),
    )}
    ${conversation.waiting
      ? html`<div class="entry bot">
          <div class="bubble typing"><i></i><i></i><i></i><span class="unseen">${texts.typing}</span></div>
        </div>`
      : nothing}
    ${contactView(widget)} ${ratingView(widget)}
  </div>`;
}

function greetingView(widget: KefuWidget): TemplateResult {
  const told = widget.siteAnswer.settings.greeting?.[widget.language] ?? widget.conversation.greeting;
  const text = told ?? widget.texts.greeting;
  return html`<div class="entry bot">
    <span class="who">${widget.texts.bot}</span>
    <div class="bubble" dir="auto">${textView(text, widget)}</div>
  </div>`;
}

function entryView(widget: KefuWidget, entry: Entry, before: Entry | undefined): TemplateResult {
  const { texts } = widget;
  const own = entry.role === "customer";
  const named = !own && entry.role !== "system" && before?.role !== entry.role;
  const name = html`<span class=${named ? "who" : "unseen"}>${texts[entry.role]}</span>`;
  const bubble = own
    ? html`<div class="bubble" dir="auto">${entry.text}</div>`
    : html`<div class="bubble" dir="auto" lang=${entry.exchange?.reply.language ?? nothing}>
        ${textView(entry.text, widget)}
      </div>`;
  return html`<div class="entry ${entry.role}">
    ${name} ${bubble} ${own ? markView(widget, entry) : entry.exchange ? belowReply(widget, entry) : nothing}
  </div>`;
}

function belowReply(widget: KefuWidget, entry: Entry): TemplateResult {
  const exchange = entry.exchange!;
  const answered = exchange.reply.parts.some((part) => part.answer_id !== null || part.source);
  return html`${exchange.choices.length ? choicesView(widget, entry) : nothing}
  ${answered ? html`${votesView(widget, exchange)} ${explanationView(widget, exchange)}` : nothing}`;
}

function choicesView(widget: KefuWidget, entry: Entry): TemplateResult {
  const open = widget.conversation.openChoices === entry.exchange;
  return html`<div class="choices" role="group" aria-label=${widget.texts.choices}>
    ${entry.exchange!.choices.map(
      (choice) => html`<button type="button" ?disabled=${!open} @click=${() => choose(widget, choice)}>
        ${choice.question}
      </button>`,
    )}
  </div>`;
}

/** Whether the message got there; said for the last one that did, and for each that did not. */
function markView(widget: KefuWidget, entry: Entry): TemplateResult | typeof nothing {
  const { texts, conversation } = widget;
  if (entry.status === "delivered") {
    const last = conversation.entries.findLast((each) => each.role === "customer");
    return entry === last ? html`<span class="mark">${texts.delivered}</span>` : nothing;
  }
  if (entry.status === "failed") {
    return html`<span class="mark trouble">
      ${texts.failed} <button type="button" @click=${() => conversation.retry()}>${texts.retry}</button>
    </span>`;
  }
  return html`<span class="mark ${entry.status === "refused" ? "trouble" : ""}">${texts[entry.status]}</span>`;
}

export function suggestionsView(widget: KefuWidget): TemplateResult | typeof nothing {
  const { conversation, texts } = widget;
  const first = widget.siteAnswer.settings.suggestions?.[widget.language] ?? conversation.suggestions;
  const suggestions = conversation.begun ? conversation.suggestions : first;
  if (!suggestions.length || conversation.state === "person" || conversation.state === "closed") return nothing;
  return html`<div class="suggestions" role="group" aria-label=${texts.suggestions}>
    ${suggestions.map(
      (text) => html`<button type="button" @click=${() => ask(widget, text)}>${text}</button>`,
    )}
  </div>`;
}

/** A text as paragraphs, lists and links: built of values, never of markup. */
export function textView(text: string, widget: KefuWidget): TemplateResult[] {
  return tokenize(text).map((block) => blockView(block, widget));
}

function blockView(block: Block, widget: KefuWidget): TemplateResult {
  if (block.kind === "paragraph") {
    return html`<p>${block.lines.map((line, n) => html`${n ? html`<br />` : nothing}${inlineViews(line, widget)}`)}</p>`;
  }
  const items = block.items.map((item) => html`<li>${inlineViews(item, widget)}</li>`);
  return block.first === null ? html`<ul>${items}</ul>` : html`<ol start=${block.first}>${items}</ol>`;
}

function inlineViews(inlines: Inline[], widget: KefuWidget): unknown[] {
  return inlines.map((inline) =>
    inline.kind === "text"
      ? inline.text
      : html`<a href=${inline.href} target="_blank" rel="noopener noreferrer nofollow"
          >${inline.text}<span class="unseen"> ${widget.texts.newTab}</span></a
        >`,
  );
}
