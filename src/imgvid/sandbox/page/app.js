// Puts the page together: people, the open chat, live events.

import { api } from "./api.js";
import { Composer } from "./composer.js";
import { $, el, icon, openMenu, time, toast } from "./dom.js";
import { kindName, MessageList } from "./messages.js";
import { Panel } from "./panel.js";

const ACTIONS = { typing: "typing…", upload_video: "sending a video…", upload_photo: "sending a photo…", upload_document: "sending a file…", record_video: "recording a video…" };
const LANGUAGES = { en: "English", sk: "Slovenčina", ru: "Русский" };
const THEMES = { auto: "light", light: "dark", dark: "auto" };

const state = {
  bot: null, chats: new Map(), chat: null, unread: new Map(), activity: new Map(),
  commands() {
    const language = this.chat?.language_code ?? "";
    const sets = this.bot?.commands ?? [];
    const fits = (set, code) => (set.language_code ?? "") === code && set.commands.length > 0;
    const scopes = ["all_private_chats", "default"];
    for (const code of [language, ""]) {
      for (const scope of scopes) {
        const set = sets.find((one) => fits(one, code) && (one.scope?.type ?? one.scope ?? "default") === scope);
        if (set) return set.commands;
      }
    }
    return [];
  },
};

const list = new MessageList({
  botName: () => botName(),
  command: (text) => composer.say(text),
  press: (message, row, column) => api.press(message.chat_id, message.message_id, row, column),
  picture: (url) => { $("lightbox-image").src = url; $("lightbox").showModal(); },
  menu: messageMenu,
});
const composer = new Composer(state);
const panel = new Panel(state, { show: (id) => { if (innerWidth < 1100) panel.toggle(false); list.show(id); } });

const textOf = (texts) => texts?.[state.chat?.language_code ?? ""] ?? texts?.[""] ?? texts?.en ?? "";
const botName = () => textOf(state.bot?.names) || state.bot?.bot?.first_name || "Bot";

function messageMenu(place, members) {
  const [message] = members;
  const text = members.map((m) => m.text).find(Boolean);
  const mine = message.by === "user";
  openMenu(place, [
    { icon: "reply", text: "Reply", act: () => composer.reply(message, mine ? state.chat.title : botName()) },
    text && { icon: "copy", text: "Copy text", act: () => navigator.clipboard.writeText(text).then(() => toast("Copied.")) },
    message.kind === "photo" && { icon: "pen", text: "Draw on it and send", act: () => composer.drawOn(message.media.url).catch((error) => toast(error.message, "bad")) },
    message.history?.length > 1 && { icon: "clock", text: "What it said before", act: () => showHistory(message) },
    { icon: "trash", text: "Delete", danger: true, act: () => Promise.all(members.map((m) => api.remove(m.chat_id, m.message_id))).catch((error) => toast(error.message, "bad")) },
  ].filter(Boolean));
}

function showHistory(message) {
  $("history-list").replaceChildren(...message.history.map((version) => el("li", null,
    el("span.hint", null, new Date(version.at).toLocaleTimeString(), " · ", version.method), el("p", null, version.text || kindName(version)))));
  $("history").showModal();
}

// -- people

function initials(title) {
  return title.split(/\s+/).slice(0, 2).map((word) => [...word][0]).join("").toUpperCase();
}

function tint(id) {
  return `t${Math.abs(id) % 6}`;
}

function renderPeople() {
  const chats = [...state.chats.values()].filter((chat) => chat.bot !== "migrated").sort((a, b) => Math.abs(a.chat_id) - Math.abs(b.chat_id));
  $("people-list").replaceChildren(...chats.map((chat) => {
    const last = chat.last && !chat.last.deleted ? chat.last : null;
    const unread = state.unread.get(chat.chat_id) ?? 0;
    const doing = ACTIONS[state.activity.get(chat.chat_id)];
    const said = doing ?? (last ? (last.by === "user" ? "You: " : "") + (last.text?.split("\n")[0] || kindName(last)) : "No messages yet");
    return el("li", null, el("button.person", { type: "button", "aria-current": chat.chat_id === state.chat?.chat_id ? "true" : undefined, onclick: () => openChat(chat.chat_id, true) },
      el(`span.avatar.${tint(chat.chat_id)}`, { "aria-hidden": "true" }, initials(chat.title)),
      el("span.name", null, el("strong", null, chat.title), el("span.lang", { title: LANGUAGES[chat.language_code] ?? "" }, (chat.language_code ?? "").toUpperCase())),
      el("span.at", null, last ? time(last.date) : ""),
      el(`span.last${doing ? ".doing" : ""}`, null, said),
      unread > 0 && el("span.unread", { "aria-label": `${unread} new` }, String(unread))));
  }));
}

function renderHeader() {
  const { chat } = state;
  $("bot-name").textContent = botName();
  $("bot-avatar").replaceChildren(icon("play"));
  const blocked = chat?.bot === "blocked";
  const doing = ACTIONS[state.activity.get(chat?.chat_id)];
  $("bot-status").textContent = blocked ? "blocked by you" : doing ?? `bot · you are ${chat?.title ?? ""}`;
  $("bot-status").classList.toggle("doing", Boolean(doing));
  $("language").value = LANGUAGES[chat?.language_code] ? chat.language_code : "en";
  $("language-shown").firstElementChild.textContent = LANGUAGES[$("language").value];
  $("language-shown").lastElementChild.textContent = $("language").value.toUpperCase();
  $("composer-form").hidden = blocked;
  $("unblock").hidden = !blocked;
  $("description").textContent = textOf(state.bot?.descriptions) || "Send it a photo and see.";
  document.title = `${botName()} · imgvid sandbox`;
}

async function openChat(id, look) {
  state.chat = state.chats.get(id);
  state.unread.delete(id);
  composer.reset();
  if (look) $("app").dataset.view = "chat";
  const { messages } = await api.messages(id);
  if (state.chat?.chat_id !== id) return;
  list.reset(state.chat, messages);
  try { sessionStorage.setItem("chat", id); } catch { /* storage is off */ }
  renderPeople();
  renderHeader();
  panel.lastJobs = "";
  panel.soon();
}

async function block(action) {
  try { await api.status(state.chat.chat_id, action); } catch (error) { toast(error.message, "bad"); }
}

// -- events

const timers = new Map();

function onAction(event) {
  state.activity.set(event.chat_id, event.action);
  clearTimeout(timers.get(event.chat_id));
  timers.set(event.chat_id, setTimeout(() => quiet(event.chat_id), 5000));
  renderHeader();
  renderPeople();
}

function quiet(chat) {
  if (!state.activity.delete(chat)) return;
  renderHeader();
  renderPeople();
}

function onMessage(event) {
  const { message } = event;
  const chat = state.chats.get(event.chat_id);
  if (chat && (!chat.last || message.message_id >= chat.last.message_id)) chat.last = message;
  if (event.type === "message" && message.by === "bot") quiet(event.chat_id);
  if (event.chat_id === state.chat?.chat_id) list.put(message);
  else if (event.type === "message" && message.by === "bot") state.unread.set(event.chat_id, (state.unread.get(event.chat_id) ?? 0) + 1);
  if (event.type === "edit" && message.media) quiet(event.chat_id);
  renderPeople();
  panel.soon();
}

function onAnswer(event) {
  if (event.chat_id !== state.chat?.chat_id) return;
  list.answered(event.message_id);
  if (event.alert) { $("alert-text").textContent = event.text; $("alert").showModal(); } else if (event.text) toast(event.text);
}

function onChat(event) {
  state.chats.set(event.chat.chat_id, event.chat);
  if (event.chat.chat_id === state.chat?.chat_id) { state.chat = event.chat; renderHeader(); }
  renderPeople();
}

function listen(after) {
  const stream = api.events(after);
  stream.onopen = () => { $("offline").hidden = true; };
  stream.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    ({ message: onMessage, edit: onMessage, delete: onMessage, reaction: onReaction, action: onAction, callback_answer: onAnswer, chat: onChat })[event.type]?.(event);
  };
  stream.onerror = () => {
    $("offline").textContent = "The sandbox does not answer. Is scripts/demo still running?";
    $("offline").hidden = false;
    if (stream.readyState === EventSource.CLOSED) setTimeout(begin, 1500);
  };
}

async function onReaction(event) {
  if (event.chat_id !== state.chat?.chat_id) return;
  const known = list.get(event.message_id);
  if (known) list.put({ ...known, reactions: event.reactions });
}

// -- start

function wire() {
  for (const [id, name] of Object.entries({ back: "back", "new-person": "plus", "chat-menu": "more" })) $(id).append(icon(name));
  document.querySelectorAll("[data-close]").forEach((button) => {
    if (button.classList.contains("icon")) button.append(icon("close"));
    button.addEventListener("click", () => button.closest("dialog").close());
  });
  document.querySelectorAll("dialog").forEach((dialog) => dialog.addEventListener("click", (event) => { if (event.target === dialog) dialog.close(); }));
  $("lightbox-image").addEventListener("click", () => $("lightbox").close());
  $("back").addEventListener("click", () => { $("app").dataset.view = "people"; });
  $("start").addEventListener("click", () => composer.say("/start"));
  $("sample").addEventListener("click", () => composer.sample(1));
  $("unblock").addEventListener("click", () => block("unblock"));
  $("chat-menu").addEventListener("click", () => openMenu($("chat-menu"), [
    state.chat?.bot === "blocked" ? { icon: "block", text: "Unblock the bot", act: () => block("unblock") } : { icon: "block", text: "Block the bot", danger: true, act: () => block("block") },
    { icon: "plus", text: "New person", act: newPerson },
    { icon: "panel", text: "Timeline and faults", act: () => panel.toggle(true) },
  ]));
  $("new-person").addEventListener("click", newPerson);
  $("person-dialog").querySelector("form").addEventListener("submit", async () => {
    const chat = await api.person($("person-name").value.trim(), $("person-language").value);
    state.chats.set(chat.chat_id, chat);
    openChat(chat.chat_id, true);
  });
  $("language").addEventListener("change", async () => {
    try {
      const chat = await api.speak(state.chat.chat_id, $("language").value);
      onChat({ chat });
      list.box.lang = chat.language_code;
      toast(`${chat.title} now uses Telegram in ${LANGUAGES[chat.language_code]}. /language beats it.`);
    } catch (error) { toast(error.message, "bad"); }
  });
  $("theme").addEventListener("click", () => setTheme(THEMES[document.documentElement.dataset.theme]));
  setTheme(document.documentElement.dataset.theme);
}

function newPerson() {
  $("person-name").value = "";
  $("person-dialog").showModal();
}

function setTheme(theme) {
  document.documentElement.dataset.theme = theme;
  try { localStorage.setItem("theme", theme); } catch { /* storage is off */ }
  $("theme").replaceChildren(icon({ auto: "auto", light: "theme", dark: "moon" }[theme]));
  $("theme").title = { auto: "Theme: as the system", light: "Theme: light", dark: "Theme: dark" }[theme];
  $("theme").setAttribute("aria-label", $("theme").title);
}

async function begin() {
  try {
    state.bot = await api.bot();
    const chats = await api.chats();
    state.chats = new Map(chats.map((chat) => [chat.chat_id, chat]));
    let remembered = null;
    try { remembered = Number(sessionStorage.getItem("chat")); } catch { /* storage is off */ }
    const first = state.chats.has(remembered) ? remembered : Math.min(...state.chats.keys());
    if (Number.isFinite(first)) await openChat(first, false);
    renderPeople();
    listen(state.bot.seq);
    setTimeout(refreshBot, 1500);
  } catch {
    $("offline").textContent = "The sandbox does not answer. Is scripts/demo still running?";
    $("offline").hidden = false;
    setTimeout(begin, 1500);
  }
}

// The bot names its commands and texts when it starts, which may be after the page.
async function refreshBot() {
  try { state.bot = await api.bot(); renderHeader(); } catch { /* the next round will tell */ }
  setTimeout(refreshBot, 5000);
}

wire();
begin();
