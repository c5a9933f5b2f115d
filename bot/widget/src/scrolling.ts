/** What of the transcript is in sight. The page around it does not move. */

type Root = HTMLElement | DocumentFragment;

/** Shows the newest entry: its end, or its beginning where it is longer than the window. */
export function scrollToNewest(root: Root): void {
  const log = root.querySelector<HTMLElement>(".log");
  const last = [...(log?.querySelectorAll<HTMLElement>(".entry") ?? [])].at(-1);
  if (!log || !last) return;
  const tall = last.offsetHeight > log.clientHeight - 24;
  log.scrollTop = tall ? last.offsetTop - 12 : log.scrollHeight;
}

/** Moves the transcript as little as needed for this to be in sight. */
export function reveal(root: Root, selector: string): void {
  const log = root.querySelector<HTMLElement>(".log");
  const shown = root.querySelector(selector)?.getBoundingClientRect();
  if (!log || !shown) return;
  const seen = log.getBoundingClientRect();
  log.scrollTop += Math.max(Math.min(shown.bottom + 12 - seen.bottom, shown.top - seen.top), 0);
}
