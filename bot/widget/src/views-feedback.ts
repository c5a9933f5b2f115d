/** Thumbs with reasons and undo, why an answer was given, and the rating of the whole. */

import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { explain, sendRating, setStars, skipRating, takeVoteBack, vote } from "./actions.js";
import { type Exchange, type Rating, REASONS, type Source } from "./contracts.js";
import type { KefuWidget } from "./element.js";
import { ICONS } from "./icons.js";
import { webAddress } from "./tokens.js";

const STARS = [1, 2, 3, 4, 5] as const;

export function votesView(widget: KefuWidget, exchange: Exchange): TemplateResult {
  const { texts } = widget;
  const given = widget.conversation.opinions.voteOn(exchange.id);
  const thumb = (rating: Rating, name: string) => html`<button
    type="button"
    class="round"
    aria-label=${name}
    title=${name}
    aria-pressed=${given?.rating === rating}
    @click=${() => (given?.rating === rating ? takeVoteBack(widget, exchange.id) : vote(widget, exchange.id, rating, null))}
  >
    ${ICONS[rating]}
  </button>`;
  const explained = widget.explained.has(exchange.id);
  return html`<div class="actions" data-vote=${exchange.id}>
      ${thumb("up", texts.helpful)} ${thumb("down", texts.notHelpful)}
      <button
        type="button"
        class="plain"
        aria-expanded=${explained}
        @click=${() => explain(widget, exchange.id)}
      >
        ${texts.why}
      </button>
    </div>
    ${given && widget.thanked.has(exchange.id) ? reasonsView(widget, exchange, given.rating) : nothing}`;
}

function reasonsView(widget: KefuWidget, exchange: Exchange, rating: Rating): TemplateResult {
  const { texts } = widget;
  const given = widget.conversation.opinions.voteOn(exchange.id)?.reason;
  const undo = html`<button type="button" class="plain" @click=${() => takeVoteBack(widget, exchange.id)}>
    ${texts.undo}
  </button>`;
  if (rating === "up" || given) return html`<div class="actions" id="thanks-${exchange.id}">
      <span class="mark">${texts.thanks}</span> ${undo}
    </div>`;
  return html`<div class="reasons" role="group" id="wrong-${exchange.id}" aria-label=${texts.whatWasWrong}>
    <p aria-hidden="true">${texts.whatWasWrong}</p>
    <div class="chips">
      ${REASONS.map(
        (reason) => html`<button type="button" @click=${() => vote(widget, exchange.id, "down", reason)}>
          ${texts[reason]}
        </button>`,
      )}
      ${undo}
    </div>
  </div>`;
}

export function explanationView(widget: KefuWidget, exchange: Exchange): TemplateResult | typeof nothing {
  if (!widget.explained.has(exchange.id)) return nothing;
  return html`<div class="why" id="why-${exchange.id}">
    ${exchange.outcome === "composed" ? composedView(widget, exchange) : approvedView(widget, exchange)}
  </div>`;
}

function approvedView(widget: KefuWidget, exchange: Exchange): TemplateResult {
  const { texts } = widget;
  const ids = exchange.reply.parts.filter((part) => part.answer_id !== null).map((part) => part.answer_id);
  return html`<p>${texts.whyApproved}</p>
    <p class="reference">${texts.whyReference}: ${ids.join(", ")}</p>`;
}

/** Each sentence with the document it is quoted from. */
function composedView(widget: KefuWidget, exchange: Exchange): TemplateResult {
  const quoted = exchange.reply.parts.filter((part) => part.answer_id !== null || part.source);
  return html`<p>${widget.texts.whyComposed}</p>
    <ol>
      ${quoted.map(
        (part) => html`<li>
          ${part.text}
          <span class="source">${part.source ? sourceView(widget, part.source) : part.answer_id}</span>
        </li>`,
      )}
    </ol>`;
}

function sourceView(widget: KefuWidget, source: Source): TemplateResult | string {
  const href = source.url === null ? null : webAddress(source.url);
  if (href === null) return source.heading;
  return html`<a href=${href} target="_blank" rel="noopener noreferrer nofollow"
    >${source.heading}<span class="unseen"> ${widget.texts.newTab}</span></a
  >`;
}

export function ratingView(widget: KefuWidget): TemplateResult | typeof nothing {
  const { texts } = widget;
  const { stars, comment } = widget.ratingDraft;
  if (!widget.conversation.opinions.asked) return nothing;
  return html`<form class="card" id="rating" @submit=${(event: SubmitEvent) => sendRating(widget, event)}>
    <h3 id="rate">${texts.rateAsk}</h3>
    <fieldset class="stars" aria-labelledby="rate">
      ${STARS.map((n) => {
        const name = texts.star.replace("{n}", String(n));
        return html`<label class=${n <= stars ? "lit" : ""}>
          <input type="radio" name="stars" .checked=${n === stars} aria-label=${name} @change=${() => setStars(widget, n)} />
          ${ICONS.star}
        </label>`;
      })}
    </fieldset>
    <label>${texts.rateComment}<textarea
        rows="2"
        maxlength="2000"
        .value=${live(comment)}
        @input=${(event: InputEvent) => (widget.ratingDraft.comment = (event.target as HTMLTextAreaElement).value)}
      ></textarea></label>
    <div class="buttons">
      <button type="submit" class="main" ?disabled=${!stars}>${texts.rateSend}</button>
      <button type="button" class="plain" @click=${() => skipRating(widget)}>${texts.rateSkip}</button>
    </div>
  </form>`;
}
