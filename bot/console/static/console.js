// What the browser adds to pages that work without it: keys, the list of keys, a way back, and memory for what is typed.
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

/** As if it were typed, so that one step of undo brings back what was there. */
function writeOver(field, text) {
  field.focus();
  field.select();
  if (document.execCommand("insertText", false, text)) return;
  field.setRangeText(text, 0, field.value.length, "end");
  field.dispatchEvent(new InputEvent("input", { bubbles: true }));
}

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
    for (const name of ["answer_id", "place"]) keep(reply.elements[name]);
    writeOver(reply.elements.text, document.getElementById(used.dataset.from).textContent);
  }
  if (target?.closest("[data-keys]")) document.getElementById("keys")?.showModal();
});

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || form.hasAttribute("hx-post")) return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "true";
  if (form.getAttribute("action")?.endsWith("/logout")) forget(typed());
  else if (!event.submitter?.hasAttribute("formaction")) markAsSent(form);
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

// What is typed into a form stays in this tab until that form is sent, whatever else on the page is used meanwhile.
const TYPED = "kefu-typed:";
const TELLING = ["action", "language", "verdict"]; // hidden fields by which forms of one address differ
const KEPT = "textarea, select:not([multiple]), input:not([type=hidden], [type=password], [type=file], [type=checkbox], [type=radio])";

const typed = () => Object.keys(sessionStorage).filter((name) => name.startsWith(TYPED));
const forget = (names) => names.forEach((name) => sessionStorage.removeItem(name));

function nameOf(field) {
  const { form } = field;
  const telling = TELLING.map((name) => form.querySelector(`input[type=hidden][name=${name}]`)?.value);
  const place = [...form.elements].filter(({ name }) => name === field.name).indexOf(field);
  const { operator } = document.body.dataset; // another one who logs in here sees nothing of it
  return TYPED + JSON.stringify([operator, form.getAttribute("action") ?? location.pathname, ...telling, field.name, place]);
}

/** What the server has put into it. Hidden fields do not tell: setting them changes that, too. */
function givenTo(field) {
  if (field.type === "hidden") return null;
  if (field.localName !== "select") return field.defaultValue;
  return ([...field.options].find((option) => option.defaultSelected) ?? field.options[0])?.value;
}

function keep(field) {
  const given = givenTo(field);
  if (field.value === given) sessionStorage.removeItem(nameOf(field));
  else sessionStorage.setItem(nameOf(field), JSON.stringify({ value: field.value, given }));
}

function markAsSent(form) {
  for (const field of form.elements) {
    const entry = sessionStorage.getItem(nameOf(field));
    if (entry) sessionStorage.setItem(nameOf(field), JSON.stringify({ ...JSON.parse(entry), sent: true }));
  }
}

/** Forgets what was sent. Where the next page is an error or the login, it has not arrived. */
function settleSent() {
  const refused = location.pathname === "/console/login" || document.querySelector("[data-back]");
  for (const name of typed()) {
    const { sent, ...entry } = JSON.parse(sessionStorage.getItem(name));
    if (sent && refused) sessionStorage.setItem(name, JSON.stringify(entry));
    else if (sent) sessionStorage.removeItem(name);
  }
}

/** Where the server gives another text than the one that was changed, that one is shown: somebody else has saved it. */
function restoreTyped() {
  for (const field of document.querySelectorAll("form[method=post] :is(input, select, textarea)[name]")) {
    const entry = JSON.parse(sessionStorage.getItem(nameOf(field)));
    if (!entry || entry.given !== givenTo(field)) continue;
    field.value = entry.value;
    field.closest("details")?.setAttribute("open", "");
  }
}

document.addEventListener("input", ({ target }) => {
  if (target.form?.method === "post" && target.name && target.matches(KEPT)) keep(target);
});
settleSent();
restoreTyped();
