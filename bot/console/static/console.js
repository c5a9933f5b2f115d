// What the browser adds to pages that work without it: keys, the list of keys, and a way back.
"use strict";

const typing = (element) =>
  element instanceof HTMLElement &&
  (element.isContentEditable || element.matches("input:not([type=checkbox], [type=radio]), textarea, select"));

function moveFocus(step) {
  const rows = [...document.querySelectorAll("[data-row]")];
  if (rows.length === 0) return;
  const present = rows.findIndex((row) => row.contains(document.activeElement));
  const next = present < 0 ? (step > 0 ? 0 : rows.length - 1) : present + step;
  rows[Math.max(0, Math.min(rows.length - 1, next))].focus();
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && event.target.matches?.("[data-sends]")) {
    event.target.form.requestSubmit();
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || event.keyCode === 229) return;
  if (typing(event.target)) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const keys = document.getElementById("keys");
  if (keys?.open) return;
  if (event.key === "?" && keys) {
    event.preventDefault();
    keys.showModal();
    return;
  }
  // A key that is held down moves on and on, but decides once: the next page may show another question already.
  if (event.repeat && event.key !== "j" && event.key !== "k") return;
  const wanted = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!wanted && (event.key === "j" || event.key === "k")) moveFocus(event.key === "j" ? 1 : -1);
  if (!wanted || wanted.disabled) return;
  event.preventDefault();
  if (typing(wanted)) {
    wanted.closest("details")?.setAttribute("open", "");
    wanted.focus();
  } else {
    wanted.click();
  }
});

document.addEventListener("click", (event) => {
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest("[data-back]") && history.length > 1) {
    event.preventDefault();
    history.back();
  }
  const used = target?.closest("[data-use]");
  const reply = used && document.querySelector("#reply");
  if (reply) {
    event.preventDefault();
    reply.elements.answer_id.value = used.dataset.use;
    reply.elements.place.value = used.dataset.place;
    reply.elements.text.value = document.getElementById(used.dataset.from).textContent;
    reply.elements.text.focus();
  }
  if (target?.closest("[data-keys]")) document.getElementById("keys")?.showModal();
});

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "true";
});
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});

// A conversation shows its end; who has scrolled up to read is left there.
const nearEnd = (list) => list.scrollHeight - list.scrollTop - list.clientHeight < 80;
for (const list of document.querySelectorAll("[data-end]")) {
  let atEnd = true;
  list.scrollTop = list.scrollHeight;
  list.addEventListener("scroll", () => { atEnd = nearEnd(list); });
  new MutationObserver(() => { if (atEnd) list.scrollTop = list.scrollHeight; }).observe(list, { childList: true });
}
