/** Where the visitor writes, the way to a person below it, and the question before deleting. */

import { html, nothing, type TemplateResult } from "lit";
import { live } from "lit/directives/live.js";
import { askForPerson, deleteConversation, sendWritten } from "./actions.js";
import type { KefuWidget } from "./element.js";
import { ICONS } from "./icons.js";

const LONGEST_MESSAGE = 4000;

export function composerView(widget: KefuWidget): TemplateResult {
  const { texts } = widget;
  return html`<form class="composer" @submit=${(event: SubmitEvent) => sendWritten(widget, event)}>
    <textarea
      id="message"
      rows="1"
      maxlength=${LONGEST_MESSAGE}
      aria-label=${texts.message}
      placeholder=${texts.placeholder}
      enterkeyhint="send"
      autocomplete="off"
      .value=${live(widget.draft)}
      @input=${(event: InputEvent) => (widget.draft = (event.target as HTMLTextAreaElement).value)}
      @keydown=${sendOnEnter}
    ></textarea>
    <button type="submit" class="main round" aria-label=${texts.send} title=${texts.send}>${ICONS.send}</button>
  </form>`;
}

/** Enter sends, unless it ends a composition; Safari ends that before the key, but leaves keyCode 229. */
function sendOnEnter(event: KeyboardEvent): void {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  (event.target as HTMLTextAreaElement).form!.requestSubmit();
}

export function footView(widget: KefuWidget): TemplateResult {
  const { texts } = widget;
  const { state } = widget.conversation;
  const asked = state === "waiting" || state === "person";
  const label = state === "waiting" ? texts.personAsked : state === "person" ? texts.personHere : texts.person;
  return html`<div class="foot">
    <button
      type="button"
      class="plain"
      aria-disabled=${asked ? "true" : nothing}
      @click=${() => (asked ? undefined : askForPerson(widget))}
    >
      ${ICONS.person} ${label}
    </button>
    ${widget.notice ? html`<p>${widget.notice}</p>` : nothing}
  </div>`;
}

export function deletingView(widget: KefuWidget): TemplateResult {
  const { texts } = widget;
  return html`<div class="veil">
    <div class="card" role="alertdialog" aria-modal="true" aria-labelledby="delete" aria-describedby="delete-ask">
      <h3 id="delete">${texts.delete}</h3>
      <p id="delete-ask">${texts.deleteAsk}</p>
      <div class="buttons">
        <button type="button" id="keep" @click=${() => widget.askToDelete(false)}>${texts.deleteNo}</button>
        <button type="button" class="danger" @click=${() => deleteConversation(widget)}>${texts.deleteYes}</button>
      </div>
    </div>
  </div>`;
}
