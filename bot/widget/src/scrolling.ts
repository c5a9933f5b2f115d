/** What of the transcript is in sight. The page around it does not move. */

type Root = HTMLElement | DocumentFragment;

const NEAR_END_PX = 24;

/** Shows the newest entry: its end, or its beginning where it is longer than the window. */
export function scrollToNewest(root: Root): void {
  const log = root.querySelector<HTMLElement>(".log");
  const last = [...(log?.querySelectorAll<HTMLElement>(".entry") ?? [])].at(-1);
  if (!log || !last) return;
  const tall = last.offsetHeight > log.clientHeight - 24;
  log.scrollTop = tall ? last.offsetTop - 12 : log.scrollHeight;
}

/** Keeps the end in sight where it was while the window changes its height, as when a keyboard opens. */
export class StayingAtEnd {
  private log: HTMLElement | null = null;
  private height = 0;
  private observer = new ResizeObserver(() => this.resized());

  /** The transcript is made anew each time that the panel opens. */
  watch(root: Root): void {
    const log = root.querySelector<HTMLElement>(".log");
    if (log === this.log) return;
    this.observer.disconnect();
    this.log = log;
    this.height = log?.clientHeight ?? 0;
    if (log) this.observer.observe(log);
  }

  private resized(): void {
    const log = this.log!;
    const wasAtEnd = Math.abs(log.scrollHeight - log.scrollTop - this.height) < NEAR_END_PX;
    this.height = log.clientHeight;
    // A form in the transcript is where the visitor writes: the browser has brought it into sight.
    if (wasAtEnd && !log.querySelector(":focus")) log.scrollTop = log.scrollHeight;
  }
}

/** Moves the transcript as little as needed for this to be in sight. */
export function reveal(root: Root, selector: string): void {
  const log = root.querySelector<HTMLElement>(".log");
  const shown = root.querySelector(selector)?.getBoundingClientRect();
  if (!log || !shown) return;
  const seen = log.getBoundingClientRect();
  log.scrollTop += Math.max(Math.min(shown.bottom + 12 - seen.bottom, shown.top - seen.top), 0);
}
