/** The conversation as a text file to keep. */

import type { KefuWidget } from "./element.js";

export function downloadTranscript(widget: KefuWidget): void {
  const url = URL.createObjectURL(new Blob([transcriptText(widget)], { type: "text/plain;charset=utf-8" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `kefu-${new Date().toISOString().slice(0, 10)}.txt`;
  link.click();
  URL.revokeObjectURL(url);
}

function transcriptText({ conversation, texts, spoken, name }: KefuWidget): string {
  const time = new Intl.DateTimeFormat(spoken, { dateStyle: "medium", timeStyle: "short" });
  const said = conversation.entries.map(
    (entry) => `[${time.format(new Date(entry.at))}] ${texts[entry.role]}: ${entry.text}`,
  );
  // A byte order mark: else some editors take Chinese for another encoding.
  return `\ufeff${texts.transcript.replace("{name}", name)}\n${texts.transcriptMachine}\n\n${said.join("\n\n")}\n`;
}
