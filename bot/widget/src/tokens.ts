/**
 * Turns a text into paragraphs, lists and links, and nothing else. The text never becomes markup: what comes out are
 * plain values that templates set as text and, for links, as an address of a harmless kind.
 */

export type Inline = { kind: "text"; text: string } | { kind: "link"; text: string; href: string };
export type Block = { kind: "paragraph"; lines: Inline[][] } | { kind: "list"; first: number | null; items: Inline[][] };

const BULLET = /^\s{0,3}[-*•·]\s+(.*)$/;
const NUMBER = /^\s{0,3}(\d{1,3})(?:[.)]\s+|、)(.*)$/;
const PROTOCOLS = new Set(["http:", "https:", "mailto:", "tel:"]);
/** An address in a text, up to blanks, quotes, and Chinese punctuation and letters, which need no blank before them. */
const ADDRESS = /\b(?:https?:\/\/|mailto:|tel:\+?\d)[^\s<>"'`{}|\\^、。，；：？！（）《》「」『』“”‘’【】\u3400-\u9fff]*/gi;
const LABELLED = /\[([^[\]\n]{1,200})\]\(([^()\s]{1,2000}(?:\([^()\s]{0,200}\)[^()\s]{0,2000})?)\)/g;

export function tokenize(text: string): Block[] {
  const blocks: Block[] = [];
  let paragraph: Inline[][] | null = null;
  for (const line of text.replace(/\r\n?/g, "\n").split("\n")) {
    const bullet = BULLET.exec(line);
    const numbered = NUMBER.exec(line);
    if (bullet) {
      paragraph = null;
      addItem(blocks, null, inlines(bullet[1]!));
    } else if (numbered) {
      paragraph = null;
      addItem(blocks, Number(numbered[1]), inlines(numbered[2]!));
    } else if (line.trim() === "") {
      paragraph = null;
    } else {
      if (!paragraph) blocks.push({ kind: "paragraph", lines: (paragraph = []) });
      paragraph.push(inlines(line));
    }
  }
  return blocks;
}

/** Goes on with the list above, if it is of the same kind and counts up to here; `number` is null in a list of bullets. */
function addItem(blocks: Block[], number: number | null, item: Inline[]): void {
  const last = blocks.at(-1);
  const next = last?.kind === "list" && last.first !== null ? last.first + last.items.length : null;
  if (last?.kind === "list" && next === number) last.items.push(item);
  else blocks.push({ kind: "list", first: number, items: [item] });
}

/** Links by [label](address) first, bare addresses in what is left. */
export function inlines(line: string): Inline[] {
  const found: Inline[] = [];
  let from = 0;
  for (const match of line.matchAll(LABELLED)) {
    const href = safeAddress(match[2]!);
    if (href === null || misleading(match[1]!, href)) continue;
    found.push(...bareLinks(line.slice(from, match.index)), { kind: "link", text: match[1]!, href });
    from = match.index + match[0].length;
  }
  return [...found, ...bareLinks(line.slice(from))];
}

function bareLinks(text: string): Inline[] {
  const found: Inline[] = [];
  let from = 0;
  for (const match of text.matchAll(ADDRESS)) {
    const address = trimmed(match[0]);
    const href = safeAddress(address);
    if (href === null) continue;
    if (match.index > from) found.push({ kind: "text", text: text.slice(from, match.index) });
    found.push({ kind: "link", text: address, href });
    from = match.index + address.length;
  }
  if (from < text.length) found.push({ kind: "text", text: text.slice(from) });
  return found;
}

/** Without the sentence's own punctuation at the end, and without a bracket that was opened before the address. */
function trimmed(address: string): string {
  let end = address.replace(/[.,;:!?*_~\]]+$/, "");
  while (end.endsWith(")") && !end.includes("(")) end = end.slice(0, -1).replace(/[.,;:!?]+$/, "");
  return end;
}

/** The address if it leads somewhere harmless: no scripts or data, no user name that plays a host. */
export function safeAddress(address: string): string | null {
  try {
    const url = new URL(address);
    if (!PROTOCOLS.has(url.protocol) || url.username || url.password) return null;
    return url.href;
  } catch {
    return null;
  }
}

/** A label that looks like an address has to be the one it leads to. */
function misleading(label: string, href: string): boolean {
  const named = /(?:https?:\/\/)?((?:[\w-]+\.)+[a-z]{2,})/i.exec(label)?.[1]?.toLowerCase();
  if (named === undefined) return false;
  const url = new URL(href);
  const host = url.protocol === "mailto:" ? (url.pathname.split("@").at(-1) ?? "") : url.hostname;
  return host !== named && !host.endsWith(`.${named}`);
}

/** The address of a page on the web as it may stand in a link, or null: no script, no file, no address without a server. */
export function webAddress(address: string): string | null {
  if (!/^https?:\/\//i.test(address)) return null;
  return safeAddress(address);
}
