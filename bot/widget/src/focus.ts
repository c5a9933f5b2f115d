/** Where the keyboard is. */

const REACHABLE = "a[href], button:not(:disabled), input, textarea, [tabindex='0']";

/** The element that has the focus, if it is in here. */
export function focusedIn(root: HTMLElement | DocumentFragment): Element | null {
  return root instanceof ShadowRoot ? root.activeElement : null;
}

/** Into the field; where this would open a keyboard over the greeting, onto the heading. */
export function placeFocus(root: HTMLElement | DocumentFragment): void {
  const selector = matchMedia("(pointer: coarse)").matches ? "h2" : "#message";
  root.querySelector<HTMLElement>(selector)?.focus();
}

/** From the last element to the first and back, while the panel covers the page. */
export function keepFocusInside(root: HTMLElement | DocumentFragment, event: KeyboardEvent): void {
  const area = root.querySelector(".veil") ?? root.querySelector(".panel");
  const reachable = [...(area?.querySelectorAll<HTMLElement>(REACHABLE) ?? [])].filter((each) => each.offsetParent);
  const [from, to] = event.shiftKey ? [reachable[0], reachable.at(-1)] : [reachable.at(-1), reachable[0]];
  if (focusedIn(root) !== from) return;
  event.preventDefault();
  to?.focus();
}
