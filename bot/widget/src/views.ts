/** The launcher and the panel with its frame: header, options, banners. */

import { html, nothing, type TemplateResult } from "lit";
import { keyed } from "lit/directives/keyed.js";
import { askForRating, startAgain } from "./actions.js";
import type { KefuWidget } from "./element.js";
import { ICONS } from "./icons.js";
import { NAMES } from "./locales.js";
import { downloadTranscript } from "./transcript-file.js";
import { composerView, deletingView, footView } from "./views-composer.js";
import { bannerText } from "./views-handoff.js";
import { logView, suggestionsView } from "./views-talk.js";

export function rootView(widget: KefuWidget): TemplateResult {
  return html`<div
    class="root ${widget.mode} ${widget.position}"
    data-theme=${widget.dark ? "dark" : "light"}
    lang=${widget.spoken}
    dir="ltr"
  >
    ${widget.shown ? panelView(widget) : launcherView(widget)}
  </div>`;
}

function launcherView(widget: KefuWidget): TemplateResult {
  const { unread } = widget.conversation;
  return html`<button
      type="button"
      class="launcher"
      aria-haspopup="dialog"
      aria-expanded="false"
      aria-label=${widget.texts.launcher}
      aria-describedby=${unread ? "unread" : nothing}
      @click=${() => widget.open()}
    >
      ${ICONS.chat}
      ${unread ? html`<span class="badge" aria-hidden="true">${unread > 9 ? "9+" : unread}</span>` : nothing}
    </button>
    ${unread ? html`<span hidden id="unread">${widget.unreadText}</span>` : nothing} ${liveView(widget)}`;
}

/** Says each thing once, to who listens. */
function liveView({ announced }: KefuWidget): TemplateResult {
  return html`<div class="unseen" role="status" aria-live="polite">
    ${keyed(announced.count, html`<p>${announced.text}</p>`)}
  </div>`;
}

function panelView(widget: KefuWidget): TemplateResult {
  const dialog = widget.mode === "floating";
  return html`<section
    class="panel"
    role=${dialog ? "dialog" : "region"}
    aria-modal=${dialog && widget.covering ? "true" : nothing}
    aria-labelledby="name"
    @keydown=${(event: KeyboardEvent) => widget.pressed(event)}
  >
    ${headerView(widget)} ${widget.menu ? menuView(widget) : nothing} ${consentView(widget)} ${bannerView(widget)}
    ${logView(widget)} ${suggestionsView(widget)} ${composerView(widget)} ${footView(widget)}
    ${widget.deleting ? deletingView(widget) : nothing} ${liveView(widget)}
  </section>`;
}

function headerView(widget: KefuWidget): TemplateResult {
  const { texts } = widget;
  const person = widget.conversation.state === "person";
  return html`<header>
    <div class="face">${person ? ICONS.person : ICONS.bot}</div>
    <div class="names">
      <h2 id="name" tabindex="-1">${widget.name}</h2>
      <p>${person ? texts.withPerson : texts.machine}</p>
    </div>
    <button
      type="button"
      class="round"
      id="more"
      aria-label=${widget.menu ? texts.less : texts.more}
      aria-expanded=${widget.menu}
      @click=${() => widget.showMenu(!widget.menu)}
    >
      ${ICONS.more}
    </button>
    ${widget.mode === "floating"
      ? html`<button type="button" class="round" id="close" aria-label=${texts.close} @click=${() => widget.close()}>
          ${ICONS.close}
        </button>`
      : nothing}
  </header>`;
}

function menuView(widget: KefuWidget): TemplateResult {
  const { texts, conversation } = widget;
  const rateable = conversation.entries.some((entry) => entry.role !== "customer") && !widget.memory.all.rated;
  return html`<div class="menu">
    <div role="group" aria-labelledby="languages">
      <span class="label" id="languages">${texts.language}</span>
      ${widget.locales.map(
        (locale) => html`<button
          type="button"
          lang=${locale}
          aria-pressed=${locale === widget.spoken}
          @click=${() => widget.setLocale(locale)}
        >
          ${NAMES[locale]}
        </button>`,
      )}
    </div>
    ${conversation.begun
      ? html`<div class="rows">
          ${rateable
            ? html`<button type="button" @click=${() => askForRating(widget)}>${ICONS.star} ${texts.rate}</button>`
            : nothing}
          <button type="button" @click=${() => downloadTranscript(widget)}>${ICONS.download} ${texts.download}</button>
          <button type="button" class="danger" @click=${() => widget.askToDelete(true)}>
            ${ICONS.remove} ${texts.delete}
          </button>
        </div>`
      : nothing}
  </div>`;
}

function consentView(widget: KefuWidget): TemplateResult | typeof nothing {
  const { texts, memory } = widget;
  if (!widget.consentNeeded || memory.isKept || widget.consentRefused) return nothing;
  return html`<div class="banner">
    <p>${texts.consentAsk}</p>
    <div class="buttons">
      <button type="button" @click=${() => widget.consent(true)}>${texts.consentYes}</button>
      <button type="button" @click=${() => widget.consent(false)}>${texts.consentNo}</button>
    </div>
  </div>`;
}

function bannerView(widget: KefuWidget): TemplateResult | typeof nothing {
  const { texts, conversation } = widget;
  if (!conversation.connected) {
    return html`<div class="banner trouble">
      <p>${texts.offline}</p>
      <button type="button" @click=${() => conversation.retry()}>${texts.retry}</button>
    </div>`;
  }
  const text = bannerText(widget);
  const again = html`<button type="button" @click=${() => startAgain(widget)}>${texts.startAgain}</button>`;
  return text
    ? html`<div class="banner"><p>${text}</p>${conversation.state === "closed" ? again : nothing}</div>`
    : nothing;
}
