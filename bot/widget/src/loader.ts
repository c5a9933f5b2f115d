/**
 * What <script src="…/widget.js" data-site="…"> runs: puts an element into the page, fetches the module that brings it to
 * life, and offers window.Kefu at once. Where the module can't be fetched, the page is as it was.
 */

declare const __MODULE__: string;
const METHODS = ["open", "close", "toggle", "setLocale", "setUser", "consent", "reset"] as const;
const SETTINGS = ["site", "locale", "mode", "position", "theme", "consent", "heading", "opened"] as const;
const page = window as unknown as { kefuSettings?: Record<string, unknown>; Kefu?: object };

const script = document.currentScript as HTMLScriptElement | null;
if (script && !page.Kefu) begin(script);

function begin(script: HTMLScriptElement): void {
  const settings: Record<string, unknown> = { ...page.kefuSettings, ...script.dataset };
  const element = document.createElement("kefu-widget");
  element.setAttribute("host", new URL(".", script.src).href.replace(/\/$/, ""));
  for (const name of SETTINGS) {
    const value = settings[name];
    if (value !== undefined && value !== null && value !== false) element.setAttribute(name, String(value));
  }
  const target = settings.target ? String(settings.target) : null;

  // Where a page replaces its body, or all that is in it, the element moves along.
  const moves = new MutationObserver(place);
  function place(): void {
    if (!document.body) return;
    const parent = target ? document.querySelector(target) : document.body;
    if (parent && !element.isConnected) parent.append(element);
    moves.disconnect();
    moves.observe(document.documentElement, { childList: true });
    moves.observe(target ? document.documentElement : document.body, { childList: true, subtree: Boolean(target) });
  }
  function destroy(): void {
    moves.disconnect();
    document.removeEventListener("DOMContentLoaded", place);
    element.remove();
    delete page.Kefu;
  }
  document.addEventListener("DOMContentLoaded", place, { once: true });
  place();

  const ready = import(/* @vite-ignore */ new URL(`widget/${__MODULE__}`, script.src).href);
  ready.then(() => customElements.upgrade(element), destroy);
  const later = (name: string) => (value?: unknown) => {
    ready.then(
      () => (element as unknown as Record<string, (value: unknown) => void>)[name]!(value),
      () => {},
    );
  };
  page.Kefu = {
    ...Object.fromEntries(METHODS.map((name) => [name, later(name)])),
    destroy,
    /** Listens to an event of the element; returns what ends that. */
    on(name: string, listener: (detail: unknown) => void): () => void {
      const heard = (event: Event) => listener((event as CustomEvent).detail);
      element.addEventListener(name, heard);
      return () => element.removeEventListener(name, heard);
    },
  };
}
