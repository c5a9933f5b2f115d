/** Shows the newest entry: its end, or its beginning where it is longer than the window. */
export function scrollToNewest(root: HTMLElement | DocumentFragment): void {
  const log = root.querySelector<HTMLElement>(".log");
  const last = [...(log?.querySelectorAll<HTMLElement>(".entry") ?? [])].at(-1);
  if (!log || !last) return;
  const tall = last.offsetHeight > log.clientHeight - 24;
  log.scrollTop = tall ? last.offsetTop - 12 : log.scrollHeight;
}
