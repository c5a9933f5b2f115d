/**
 * How the widget looks. The host resets whatever the page's own rules do to it: among rules marked important those of the
 * shadow tree win over the page's. Sizes are in em of the browser's own text size, whatever the page's is.
 */

import { css } from "lit";

export const STYLES = css`
  :host {
    all: initial !important;
    display: block !important;
    position: fixed !important;
    inset: auto 0 0 auto !important;
    width: 0 !important;
    height: 0 !important;
    overflow: visible !important;
    z-index: var(--kefu-z-index, 2147483000) !important;
  }
  :host([mode="inline"]) {
    position: relative !important;
    inset: auto !important;
    width: 100% !important;
    height: var(--kefu-height, 40em) !important;
    z-index: auto !important;
  }
  @media print {
    :host {
      display: none !important;
    }
  }
  .root {
    --accent: var(--kefu-accent, #0f5bd7);
    --on-accent: var(--kefu-on-accent, #fff);
    --paper: var(--kefu-surface, #fff);
    --back: var(--kefu-background, #f5f6f9);
    --ink: var(--kefu-text, #191d26);
    --faint: var(--kefu-text-faint, #596273);
    --line: var(--kefu-border, #d9dde6);
    --link: var(--kefu-link, var(--accent));
    --head: var(--accent);
    --on-head: var(--on-accent);
    --own: var(--accent);
    --on-own: var(--on-accent);
    --warn: #a3260b;
    --soft: color-mix(in srgb, var(--accent) 9%, var(--paper));
    --radius: var(--kefu-radius, 1.1em);
    color-scheme: light;
    color: var(--ink);
    font: 1em/1.5 var(--kefu-font, system-ui, "PingFang SC", "Noto Sans CJK SC", "Microsoft YaHei", sans-serif);
    font-size: var(--kefu-font-size, 0.9375em);
    text-align: start;
  }
  .root:lang(zh-Hant) {
    font-family: var(--kefu-font, system-ui, "PingFang TC", "Noto Sans CJK TC", "Microsoft JhengHei", sans-serif);
  }
  .root[data-theme="dark"] {
    --brand: var(--kefu-accent, #0f5bd7);
    --accent: var(--kefu-accent-dark, color-mix(in oklab, var(--brand) 50%, #fff));
    --on-accent: var(--kefu-on-accent-dark, #0a1322);
    --paper: var(--kefu-surface-dark, #1b1f28);
    --back: var(--kefu-background-dark, #12151b);
    --ink: var(--kefu-text-dark, #eceff5);
    --faint: var(--kefu-text-faint-dark, #a6afbf);
    --line: var(--kefu-border-dark, #353c4a);
    --link: var(--kefu-link-dark, var(--accent));
    --head: color-mix(in oklab, var(--brand) 50%, #12151b);
    --on-head: #fff;
    --own: color-mix(in oklab, var(--brand) 60%, #12151b);
    --on-own: #fff;
    --warn: #ffb3a0;
    --soft: color-mix(in srgb, var(--accent) 14%, var(--paper));
    color-scheme: dark;
  }
  *,
  *::before {
    box-sizing: border-box;
  }
  [hidden] {
    display: none !important;
  }
  button,
  input,
  textarea {
    font: inherit;
    color: inherit;
    margin: 0;
  }
  button {
    min-width: 2em;
    min-height: 2em;
    padding: 0.3em 0.85em;
    border: 1px solid var(--line);
    border-radius: 999px;
    background: var(--paper);
    cursor: pointer;
    text-align: start;
    transition: background 0.12s, border-color 0.12s;
  }
  button:hover:not(:disabled, [aria-disabled="true"]) {
    border-color: var(--accent);
    background: var(--soft);
  }
  button:disabled,
  button[aria-disabled="true"] {
    cursor: default;
    color: var(--faint);
  }
  button[aria-pressed="true"] {
    border-color: var(--accent);
    background: var(--soft);
    color: var(--link);
  }
  button.plain,
  button.round {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 0.4em;
    border-color: transparent;
    background: none;
  }
  button.round {
    padding: 0;
    width: 2.4em;
    height: 2.4em;
    flex: none;
  }
  button.plain {
    padding-inline: 0.5em;
    color: var(--faint);
    font-size: 0.9em;
    min-height: 2.1em;
  }
  button.main {
    border-color: var(--accent);
    background: var(--accent);
    color: var(--on-accent);
  }
  button.main:hover:not(:disabled) {
    background: color-mix(in srgb, var(--accent) 88%, var(--ink));
  }
  :focus-visible {
    outline: 3px solid var(--link);
    outline-offset: 2px;
  }
  svg {
    width: 1.25em;
    height: 1.25em;
    fill: none;
    stroke: currentColor;
    stroke-width: 1.8;
    stroke-linecap: round;
    stroke-linejoin: round;
    flex: none;
  }
  .unseen {
    position: absolute;
    width: 1px;
    height: 1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }

  /* Launcher and panel */
  .launcher {
    position: fixed;
    inset-block-end: calc(var(--kefu-offset-y, 20px) + env(safe-area-inset-bottom, 0px));
    inset-inline-end: var(--kefu-offset-x, 20px);
    display: flex;
    align-items: center;
    justify-content: center;
    width: 3.9em;
    height: 3.9em;
    padding: 0;
    border: 1px solid transparent;
    border-radius: 50%;
    background: var(--accent);
    color: var(--on-accent);
    box-shadow: 0 6px 24px rgb(0 0 0 / 25%);
  }
  .launcher:hover:not(:disabled) {
    background: color-mix(in srgb, var(--accent) 88%, #000);
  }
  .launcher:focus-visible {
    outline: 3px solid var(--paper);
    box-shadow: 0 0 0 6px var(--accent);
  }
  .launcher svg {
    width: 1.75em;
    height: 1.75em;
  }
  .badge {
    position: absolute;
    inset-block-start: -0.25em;
    inset-inline-end: -0.25em;
    min-width: 1.6em;
    padding: 0 0.4em;
    border: 2px solid var(--paper);
    border-radius: 999px;
    background: #c4261d;
    color: #fff;
    font-size: 0.85em;
    font-weight: 600;
    text-align: center;
  }
  .panel {
    position: fixed;
    inset-block-end: calc(var(--kefu-offset-y, 20px) + env(safe-area-inset-bottom, 0px));
    inset-inline-end: var(--kefu-offset-x, 20px);
    display: flex;
    flex-direction: column;
    width: min(26em, calc(100vw - 2 * var(--kefu-offset-x, 20px)));
    height: min(42em, calc(100dvh - 2 * var(--kefu-offset-y, 20px)));
    overflow: hidden;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--back);
    box-shadow: 0 12px 48px rgb(0 0 0 / 22%);
  }
  .left .launcher,
  .left .panel {
    inset-inline: var(--kefu-offset-x, 20px) auto;
  }
  .inline .panel {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    box-shadow: none;
  }
  .full-screen .panel {
    inset: 0;
    width: 100%;
    height: 100%;
    border: 0;
    border-radius: 0;
    box-shadow: none;
  }
  .full-screen .panel > * {
    padding-inline: max(1em, calc((100% - 46em) / 2));
  }

  header {
    display: flex;
    align-items: center;
    gap: 0.7em;
    padding: 0.75em 0.6em 0.75em 1em;
    background: var(--head);
    color: var(--on-head);
    border-block-end: 1px solid transparent;
  }
  header .round:hover:not(:disabled) {
    border-color: currentColor;
    background: color-mix(in srgb, var(--on-head) 16%, transparent);
  }
  header .round[aria-expanded="true"] {
    background: color-mix(in srgb, var(--on-head) 20%, transparent);
    color: inherit;
  }
  header :focus-visible {
    outline-color: var(--on-head);
    outline-offset: -3px;
  }
  .names {
    flex: 1;
    min-width: 0;
    overflow-wrap: anywhere;
  }
  h2 {
    margin: 0;
    font-size: 1.08em;
    font-weight: 650;
    line-height: 1.3;
  }
  .names p {
    margin: 0;
    font-size: 0.85em;
  }
  .face {
    display: grid;
    place-items: center;
    width: 2.5em;
    height: 2.5em;
    flex: none;
    border-radius: 50%;
    background: color-mix(in srgb, var(--on-head) 18%, transparent);
  }

  .menu {
    padding: 0.8em 1em;
    border-block-end: 1px solid var(--line);
    background: var(--paper);
  }
  .menu > * {
    display: flex;
    flex-wrap: wrap;
    gap: 0.4em;
    align-items: center;
  }
  .menu > * + * {
    margin-block-start: 0.6em;
  }
  .menu .label {
    width: 100%;
    color: var(--faint);
    font-size: 0.85em;
  }
  .menu .rows {
    flex-direction: column;
    align-items: stretch;
    gap: 0.1em;
  }
  .menu .rows button {
    display: flex;
    align-items: center;
    gap: 0.6em;
    padding: 0.45em 0.5em;
    border-color: transparent;
    border-radius: 0.6em;
  }
  .menu .rows button.danger {
    color: var(--warn);
  }

  .banner {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.3em 0.6em;
    padding: 0.6em 1em;
    border-block-end: 1px solid var(--line);
    background: var(--soft);
  }
  .banner > * {
    font-size: 0.92em;
  }
  .banner p {
    flex: 1 1 12em;
    margin: 0;
  }
  .banner.trouble {
    color: var(--warn);
    background: var(--paper);
  }
  .banner .buttons {
    display: flex;
    gap: 0.4em;
  }
`;
