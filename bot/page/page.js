import { Conversation, newKey, Refused } from "./api.js";
import { TEXTS } from "./texts.js";

const $ = (id) => document.getElementById(id);
const log = $("log");
const input = $("message");
const status = $("status");
const FOLLOW_MS = 4000;
const GONE = [401, 403, 404];

let language = initialLanguage();
let conversation = null;
let followed = null;
let opening = Promise.resolve();
/** Ids of the messages that are shown, or that are shown by what sent them. */
const known = new Set();

function initialLanguage() {
  const kept = localStorage.getItem("kefu-language");
  if (kept in TEXTS) return kept;
  return navigator.language.toLowerCase().startsWith("zh") ? "zh" : "en";
}

function show(chosen) {
  language = chosen;
  localStorage.setItem("kefu-language", chosen);
  const texts = TEXTS[chosen];
  document.documentElement.lang = chosen;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = texts[element.dataset.text];
  }
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === chosen));
  }
  $("languages").setAttribute("aria-label", texts.languages);
  $("suggestions").setAttribute("aria-label", texts.suggestions);
  log.setAttribute("aria-label", texts.log);
  input.placeholder = texts.placeholder;
}

/** Adds a message to the log; text is set as text, never as markup. */
function add(role, text, lang) {
  const entry = document.createElement("div");
  entry.className = `entry ${role}`;
  const who = document.createElement("span");
  who.className = role === "agent" ? "who" : "unseen";
  who.textContent = `${TEXTS[language][role === "customer" ? "you" : role]}: `;
  const bubble = document.createElement("div");
  bubble.className = "bubble";
  if (lang) bubble.lang = lang;
  bubble.append(text);
  entry.append(who, bubble);
  log.append(entry);
  log.scrollTop = log.scrollHeight;
  return entry;
}

function addButtons(entry, buttons) {
  const row = document.createElement("div");
  row.className = "actions";
  row.append(...buttons);
  entry.append(row);
  log.scrollTop = log.scrollHeight;
  return row;
}

function button(label, onclick) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = label;
  made.addEventListener("click", onclick);
  return made;
}

function say(text = "", failed = false) {
  status.textContent = text;
  status.classList.toggle("failed", failed);
}

function suggest(questions) {
  $("suggestions").replaceChildren(...questions.map((question) => button(question, () => send({ text: question }, question))));
  log.scrollTop = log.scrollHeight; // the row of suggestions takes its height from the log
}

async function start() {
  Conversation.forget();
  conversation = null;
  known.clear();
  log.replaceChildren();
  say();
  const started = await Conversation.start(language);
  conversation = started.conversation;
  add("bot", started.greeting, language);
  suggest(started.suggestions);
}

async function resume() {
  conversation = Conversation.stored();
  if (!conversation) return start();
  try {
    const messages = await conversation.history();
    if (!messages.length) return start();
    for (const message of messages) {
      known.add(message.id);
      add(message.role, message.text);
    }
    if (messages.some(({ role }) => fromPeople(role))) follow();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    await start();
  }
}

/** Opens the conversation if that has not happened; a failed opening is tried again. */
async function opened() {
  await opening.catch(() => {});
  if (!conversation) {
    opening = start();
    await opening;
  }
}

async function send(message, shown) {
  suggest([]);
  // What an earlier reply offered can't be chosen any more.
  for (const choice of log.querySelectorAll(".choices button")) choice.disabled = true;
  // The button that was clicked is gone; on a touch screen focus would open the keyboard over the reply.
  if (matchMedia("(pointer: fine)").matches) input.focus();
  const entry = add("customer", shown);
  await deliver(entry, (key) => conversation.send(message, key), showExchange);
}

/** Does one call; when it fails, the entry gets a button that tries again with the same key. */
async function deliver(entry, call, then, key = newKey()) {
  say(TEXTS[language].writing);
  try {
    await opened();
    const body = await call(key);
    say();
    await then(body);
  } catch (error) {
    entry.classList.add("failed");
    say(error instanceof Refused ? error.message : TEXTS[language].failed, true);
    const row = addButtons(entry, [
      button(TEXTS[language].retry, () => {
        row.remove();
        entry.classList.remove("failed");
        deliver(entry, call, then, key);
      }),
    ]);
  }
}

async function showExchange(exchange) {
  if (exchange.outcome === "handed_off") follow();
  if (!exchange.reply.text) {
    // A person is here, and the bot is silent.
    if (exchange.outcome === "handed_off") say(TEXTS[language].personHere);
    return;
  }
  const entry = add("bot", exchange.reply.text, exchange.reply.language);
  if (exchange.choices.length) {
    const row = addButtons(
      entry,
      exchange.choices.map((choice) => button(choice.question, () => send({ choice: choice.answer_id }, choice.question))),
    );
    row.classList.add("choices");
  } else if (exchange.reply.parts.some((part) => part.answer_id)) {
    addVotes(entry, exchange.id);
  }
  suggest(exchange.suggestions);
  if (exchange.outcome === "handed_off") await showNews().catch(() => {}); // the reply is there all the same
}

const fromPeople = (role) => role === "agent" || role === "system";

/** Adds what people and the system have said since. What the customer and the bot say is shown as it is sent and comes. */
async function showNews() {
  const asked = conversation;
  const messages = await asked.history();
  if (asked !== conversation) return; // begun anew meanwhile
  for (const message of messages.filter(({ id }) => !known.has(id))) {
    known.add(message.id);
    if (fromPeople(message.role)) add(message.role, message.text);
  }
}

/** Looks for news from the moment a person was asked for, as long as this conversation is shown. */
async function follow() {
  const asked = conversation;
  if (followed === asked) return;
  followed = asked;
  while (asked === conversation) {
    await new Promise((resolve) => setTimeout(resolve, FOLLOW_MS));
    if (document.hidden || asked !== conversation) continue;
    try {
      await showNews();
    } catch (error) {
      if (error instanceof Refused && GONE.includes(error.status)) return;
    }
  }
}

function addVotes(entry, exchangeId) {
  const texts = TEXTS[language];
  const rate = async (rating, { target }) => {
    for (const each of row.children) {
      each.disabled = true;
      each.setAttribute("aria-pressed", String(each === target));
    }
    try {
      await conversation.rate(exchangeId, rating, newKey());
      say(texts.thanks);
    } catch {
      say(texts.failed, true);
      for (const each of row.children) {
        each.disabled = false;
        each.removeAttribute("aria-pressed");
      }
    }
  };
  const row = addButtons(entry, [
    button(texts.helpful, (event) => rate("up", event)),
    button(texts.notHelpful, (event) => rate("down", event)),
  ]);
}

async function askForPerson() {
  const texts = TEXTS[language];
  const entry = add("customer", texts.person);
  await deliver(
    entry,
    (key) => conversation.askForPerson(key),
    () => {
      follow();
      return showNews();
    },
  );
}

$("form").addEventListener("submit", (event) => {
  event.preventDefault();
  const text = input.value.trim();
  if (!text) return;
  input.value = "";
  send({ text }, text);
});

input.addEventListener("keydown", (event) => {
  // keyCode 229: Safari ends the composition before the key event arrives.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  $("form").requestSubmit();
});

for (const each of document.querySelectorAll("[data-language]")) {
  each.addEventListener("click", () => {
    show(each.dataset.language);
    opening = start();
    opening.catch(() => say(TEXTS[language].failed, true));
  });
}
$("restart").addEventListener("click", () => {
  opening = start();
  opening.catch(() => say(TEXTS[language].failed, true));
});
$("person").addEventListener("click", askForPerson);

show(language);
opening = resume();
opening.catch(() => say(TEXTS[language].failed, true));
input.focus();
