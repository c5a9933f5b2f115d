/** Drawings in the widget; words say the same beside or behind each. */

import { html, svg, type TemplateResult } from "lit";

function drawn(path: TemplateResult): TemplateResult {
  return html`<svg viewBox="0 0 24 24" aria-hidden="true" focusable="false">${path}</svg>`;
}

export const ICONS = {
  chat: drawn(svg`<path d="M4 5.5h16v11H10l-4.5 3.5v-3.5H4z"/><path d="M8.5 9.5h7M8.5 12.7h4.5"/>`),
  close: drawn(svg`<path d="M6 6l12 12M18 6L6 18"/>`),
  more: drawn(svg`<path d="M5.5 12h.01M12 12h.01M18.5 12h.01" stroke-width="3"/>`),
  send: drawn(svg`<path d="M12 19V5.5M6 11l6-6 6 6"/>`),
  up: drawn(svg`<path d="M7.5 11v8.5H4V11zM7.5 11l4-7c1.5 0 2.5 1 2.5 2.5V10h4.5c1 0 1.7.9 1.5 1.9l-1.2 6.2c-.2.9-.9 1.4-1.7 1.4H7.5"/>`),
  down: drawn(svg`<path d="M7.5 13V4.5H4V13zM7.5 13l4 7c1.5 0 2.5-1 2.5-2.5V14h4.5c1 0 1.7-.9 1.5-1.9l-1.2-6.2c-.2-.9-.9-1.4-1.7-1.4H7.5"/>`),
  person: drawn(svg`<circle cx="12" cy="8" r="3.7"/><path d="M5 19.5c.8-3.6 3.5-5.5 7-5.5s6.2 1.9 7 5.5"/>`),
  bot: drawn(svg`<rect x="4.5" y="8" width="15" height="10.5" rx="3"/><path d="M12 8V4.8M9.3 12.7v.8M14.7 12.7v.8"/>`),
  star: drawn(svg`<path d="M12 4l2.5 5.1 5.6.8-4 4 .9 5.6L12 16.8l-5 2.7.9-5.6-4-4 5.6-.8z"/>`),
  download: drawn(svg`<path d="M12 4.5v10M7.5 10.5l4.5 4.5 4.5-4.5M5 19.5h14"/>`),
  remove: drawn(svg`<path d="M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7"/>`),
};
