/** How the conversation itself looks: transcript, cards, composer. And what phones, motion and forced colours ask for. */

import { css } from "lit";

export const TALK_STYLES = css`
  .log {
    position: relative;
    flex: 1;
    min-height: 4em;
    overflow-y: auto;
    overscroll-behavior: contain;
    display: flex;
    flex-direction: column;
    gap: 0.7em;
    padding: 1em;
    scrollbar-width: thin;
    scrollbar-color: var(--line) transparent;
  }
  .log:focus-visible {
    outline-offset: -3px;
  }
  .entry {
    display: flex;
    flex-direction: column;
    align-items: flex-start;
    max-width: 88%;
  }
  .entry.customer {
    align-self: flex-end;
    align-items: flex-end;
  }
  .entry.system {
    align-self: center;
    align-items: center;
    max-width: 94%;
  }
  .who {
    margin-block-end: 0.15em;
    color: var(--faint);
    font-size: 0.82em;
  }
  .bubble {
    padding: 0.6em 0.9em;
    border: 1px solid var(--line);
    border-radius: 1.1em 1.1em 1.1em 0.3em;
    background: var(--paper);
    overflow-wrap: anywhere;
    unicode-bidi: isolate;
  }
  .customer .bubble {
    border-color: transparent;
    border-radius: 1.1em 1.1em 0.3em 1.1em;
    background: var(--own);
    color: var(--on-own);
    white-space: pre-wrap;
  }
  .agent .bubble {
    border-color: var(--accent);
  }
  .system .bubble {
    padding: 0.35em 0.9em;
    border-style: dashed;
    border-radius: 0.9em;
    background: none;
    color: var(--faint);
    font-size: 0.9em;
    text-align: center;
  }
  .bubble p,
  .bubble ul,
  .bubble ol {
    margin: 0;
  }
  .bubble * + p,
  .bubble * + ul,
  .bubble * + ol {
    margin-block-start: 0.5em;
  }
  .bubble ul,
  .bubble ol {
    padding-inline-start: 1.4em;
  }
  a {
    color: var(--link);
    text-underline-offset: 0.15em;
  }
  .mark {
    display: flex;
    align-items: center;
    gap: 0.5em;
    margin-block-start: 0.15em;
    color: var(--faint);
    font-size: 0.82em;
  }
  .mark.trouble {
    color: var(--warn);
  }
  .actions,
  .choices,
  .suggestions,
  .chips {
    display: flex;
    flex-wrap: wrap;
    gap: 0.35em;
  }
  .actions {
    align-items: center;
    margin-block-start: 0.2em;
  }
  .actions .round {
    width: 2em;
    height: 2em;
    color: var(--faint);
  }
  .actions .round[aria-pressed="true"] {
    color: var(--link);
    background: var(--soft);
    border-color: var(--link);
  }
  .choices {
    flex-direction: column;
    align-items: flex-start;
    margin-block-start: 0.5em;
  }
  .choices button,
  .suggestions button {
    border-color: var(--accent);
    border-radius: 1.1em;
    color: var(--link);
  }
  .choices button:disabled {
    border-color: var(--line);
    color: var(--faint);
  }
  .reasons {
    margin-block-start: 0.4em;
    padding: 0.6em 0.8em;
    border: 1px solid var(--line);
    border-radius: 0.9em;
    background: var(--paper);
    font-size: 0.92em;
  }
  .reasons p {
    margin: 0 0 0.4em;
  }
  .why {
    max-width: 100%;
    margin-block-start: 0.4em;
    padding: 0.6em 0.8em;
    border-inline-start: 3px solid var(--accent);
    background: var(--paper);
    font-size: 0.88em;
    overflow-wrap: anywhere;
  }
  .why p {
    margin: 0;
  }
  .why ol {
    margin: 0.3em 0 0;
    padding-inline-start: 1.4em;
  }
  .why .reference {
    margin-block-start: 0.4em;
    color: var(--faint);
  }
  .why .source {
    display: block;
  }
  .typing {
    display: flex;
    gap: 0.3em;
    padding: 0.85em 1em;
  }
  .typing i {
    width: 0.45em;
    height: 0.45em;
    border: 1px solid transparent;
    border-radius: 50%;
    background: var(--faint);
  }
  .suggestions {
    padding: 0 1em 0.8em;
  }

  .card {
    display: flex;
    flex-direction: column;
    gap: 0.6em;
    padding: 0.9em 1em;
    border: 1px solid var(--line);
    border-radius: 1em;
    background: var(--paper);
  }
  .card h3 {
    margin: 0;
    font-size: 1em;
    font-weight: 650;
  }
  .card p {
    margin: 0;
    color: var(--faint);
    font-size: 0.9em;
  }
  .card p.trouble {
    color: var(--warn);
  }
  .card label {
    display: flex;
    flex-direction: column;
    gap: 0.15em;
    font-size: 0.9em;
  }
  .card .buttons {
    display: flex;
    flex-wrap: wrap;
    gap: 0.4em;
  }
  input,
  textarea {
    width: 100%;
    padding: 0.55em 0.8em;
    border: 1px solid var(--faint);
    border-radius: 0.8em;
    background: var(--paper);
    font-size: max(16px, 1em);
    line-height: 1.4;
  }
  textarea {
    resize: none;
    max-height: 8.5em;
    field-sizing: content;
  }
  ::placeholder {
    color: var(--faint);
    opacity: 1;
  }
  .stars {
    display: flex;
    gap: 0.1em;
    border: 0;
    margin: 0;
    padding: 0;
  }
  .stars label {
    position: relative;
    display: grid;
    place-items: center;
    width: 2.4em;
    height: 2.4em;
    border-radius: 50%;
    color: var(--faint);
    font-size: 1em;
    cursor: pointer;
  }
  .stars svg {
    width: 1.7em;
    height: 1.7em;
  }
  .stars .lit {
    color: var(--link);
  }
  .stars .lit svg {
    fill: currentColor;
  }
  .stars input {
    position: absolute;
    inset: 0;
    height: 100%;
    opacity: 0;
    cursor: pointer;
  }
  .stars label:focus-within {
    outline: 3px solid var(--link);
    outline-offset: -2px;
  }

  .composer {
    display: flex;
    align-items: flex-end;
    gap: 0.5em;
    padding: 0.7em 0.8em 0.3em 1em;
    border-block-start: 1px solid var(--line);
    background: var(--paper);
  }
  .composer textarea {
    flex: 1;
    min-height: 2.6em;
    border-radius: 1.3em;
  }
  .composer .main {
    width: 2.75em;
    height: 2.75em;
  }
  .foot {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: 0 0.6em;
    padding: 0 1em calc(0.5em + env(safe-area-inset-bottom, 0px));
    background: var(--paper);
    color: var(--faint);
  }
  .foot > *,
  .foot button.plain {
    font-size: 0.9em;
  }
  .foot button.plain {
    margin-inline-start: -0.5em;
    color: var(--link);
  }
  .foot button.plain[aria-disabled="true"] {
    color: var(--faint);
  }
  .foot p {
    margin: 0;
  }
  .veil {
    position: absolute;
    inset: 0;
    display: grid;
    place-items: center;
    padding: 1em;
    background: rgb(0 0 0 / 45%);
  }
  .veil .card {
    max-width: 24em;
    box-shadow: 0 8px 32px rgb(0 0 0 / 30%);
  }
  .veil .card p {
    color: var(--ink);
    font-size: 1em;
  }
  button.danger {
    border-color: var(--warn);
    color: var(--warn);
  }

  @media (max-width: 480px) {
    .floating .panel {
      inset: 0;
      width: 100%;
      height: var(--kefu-seen-height, 100dvh);
      border: 0;
      border-radius: 0;
      box-shadow: none;
    }
  }
  @media (prefers-reduced-motion: no-preference) {
    .floating .panel {
      animation: rise 0.16s ease-out;
    }
    .typing i {
      animation: beat 1.2s infinite ease-in-out;
    }
    .typing i:nth-child(2) {
      animation-delay: 0.15s;
    }
    .typing i:nth-child(3) {
      animation-delay: 0.3s;
    }
    @keyframes rise {
      from {
        opacity: 0;
        transform: translateY(12px);
      }
    }
    @keyframes beat {
      30% {
        opacity: 0.3;
      }
    }
  }
  @media (prefers-reduced-motion: reduce) {
    * {
      transition: none !important;
    }
  }
  @media (forced-colors: active) {
    .launcher,
    header,
    .customer .bubble,
    button.main,
    .badge {
      border-color: CanvasText;
    }
    button[aria-pressed="true"],
    .stars .lit {
      forced-color-adjust: none;
      background: Highlight;
      color: HighlightText;
    }
    :focus-visible,
    .launcher:focus-visible {
      outline-color: Highlight;
    }
  }
`;
