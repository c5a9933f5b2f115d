/** Who the site says the visitor is: enough of its token to tell one person from another. Only the server believes it. */

/** A short mark of the person that a token names, so that nothing that could be a customer number is stored. */
export function markOf(token: string): string | null {
  try {
    const payload = token.split(".")[1]!.replace(/-/g, "+").replace(/_/g, "/");
    const { sub } = JSON.parse(atob(payload));
    return typeof sub === "string" ? mark(sub) : null;
  } catch {
    return null;
  }
}

/** FNV-1a with 32 bits. */
function mark(text: string): string {
  let hash = 0x811c9dc5;
  for (const byte of new TextEncoder().encode(text)) hash = Math.imul(hash ^ byte, 0x01000193);
  return (hash >>> 0).toString(16);
}
