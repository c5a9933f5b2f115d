/** Reads server-sent events from a body. EventSource can't be used: it sends no Authorization header. */

import type { ServerEvent } from "./contracts.js";

/** Yields events; comments, which are signs of life, come as events without a name. */
export async function* serverEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<ServerEvent, void> {
  const reader = body.pipeThrough(new TextDecoderStream() as TransformStream<Uint8Array, string>).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + value).replace(/\r\n/g, "\n").split("\n\n");
      rest = blocks.pop()!;
      for (const block of blocks) yield parsedEvent(block);
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** A block of lines; a comment becomes an event without a name. */
function parsedEvent(block: string): ServerEvent {
  const parsed: ServerEvent = { event: "", data: "", id: "" };
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    const field = at < 0 ? line : line.slice(0, at);
    const value = at < 0 ? "" : line.slice(at + 1).replace(/^ /, "");
    if (field === "event" || field === "id") parsed[field] = value;
    if (field === "data") parsed.data += (parsed.data && "\n") + value;
  }
  return parsed;
}
