// The list of messages: one element a message (an album is one), changed in place, so that a playing video goes on.

import { $, bytes, day, el, icon, speak, time, toast } from "./dom.js";
import { formatted } from "./format.js";

const NEAR_PX = 120;

export class MessageList {
  /** `acts`: press, reply, command, menu, picture; all are called with messages. */
  constructor(acts) {
    this.acts = acts;
    this.messages = new Map();
    this.units = new Map();
    this.unseen = 0;
    this.scroller = $("scroller");
    this.box = $("messages");
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    $("down").append(icon("down"));
    $("down").addEventListener("click", () => this.toBottom(true));
  }

  /** Show another chat from scratch. */
  reset(chat, messages) {
    this.chat = chat;
    this.messages = new Map(messages.map((message) => [message.message_id, message]));
    this.units = new Map();
    this.box.replaceChildren();
    this.box.lang = chat?.language_code ?? "en";
    this.unseen = 0;
    this.#render(false);
    this.toBottom(false);
  }

  /** A message came, or changed. */
  put(message) {
    const known = this.messages.get(message.message_id);
    this.messages.set(message.message_id, message);
    const near = this.#near();
    this.#render(true);
    const isNew = !known && !message.deleted;
    if (near || (isNew && message.by === "user")) this.toBottom(true);
    else if (isNew) { this.unseen += 1; this.#scrolled(); }
    if (known && known.kind === "text" && message.media) speak(isMoving(message) ? "Your video is here." : "Your picture is here.");
  }

  newest() {
    return [...this.messages.values()].filter((message) => !message.deleted).at(-1);
  }

  get(id) {
    return this.messages.get(id);
  }

  toBottom(smooth) {
    this.unseen = 0;
    const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.scroller.scrollTo({ top: this.scroller.scrollHeight, behavior: smooth && !calm ? "smooth" : "instant" });
    this.#scrolled();
  }

  /** Scroll to a message and let it glow for a moment. */
  show(id) {
    const message = this.messages.get(id);
    const unit = message && this.units.get(keyOf(message));
    if (!unit) return;
    unit.node.scrollIntoView({ block: "center", behavior: "smooth" });
    unit.node.classList.remove("glow");
    requestAnimationFrame(() => unit.node.classList.add("glow"));
  }

  /** The bot answered a press: its button stops spinning. */
  answered(messageId) {
    const message = this.messages.get(messageId);
    const unit = message && this.units.get(keyOf(message));
    unit?.node.querySelectorAll(".keys .busy").forEach((key) => key.classList.remove("busy"));
  }

  #near() {
    return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight < NEAR_PX;
  }

  #scrolled() {
    if (this.#near()) this.unseen = 0;
    $("down").hidden = this.#near();
    $("down-count").textContent = this.unseen || "";
  }

  #render(animate) {
    const shown = [...this.messages.values()].filter((m) => !m.deleted).sort((a, b) => a.message_id - b.message_id);
    const answeredUpTo = Math.max(0, ...shown.filter((m) => m.by === "bot").map((m) => m.message_id));
    const groups = new Map();
    for (const message of shown) {
      const key = keyOf(message);
      groups.set(key, [...(groups.get(key) ?? []), message]);
    }
    let before = null;
    let lastDay = "";
    let lastBy = "";
    const present = new Set();
    for (const [key, members] of groups) {
      const [first] = members;
      const today = day(first.date);
      if (today !== lastDay) before = this.#place(`day ${today}`, before, present, () => el("p.day", null, today), today);
      const follows = lastBy === first.by && today === lastDay;
      [lastDay, lastBy] = [today, first.by];
      const read = first.message_id < answeredUpTo;
      const quoted = first.reply_to ? this.messages.get(first.reply_to) : null;
      const signature = JSON.stringify([members, follows, read, quoted?.deleted, quoted?.text]);
      before = this.#place(key, before, present, (old) => this.#unit(members, { follows, read, quoted, old, animate }), signature);
    }
    for (const [key, unit] of this.units) {
      if (!present.has(key)) { unit.node.remove(); this.units.delete(key); }
    }
    $("empty").hidden = shown.length > 0;
  }

  #place(key, before, present, make, signature) {
    present.add(key);
    let unit = this.units.get(key);
    if (!unit || unit.signature !== signature) {
      const node = make(unit?.node);
      if (unit && unit.node !== node) unit.node.replaceWith(node);
      unit = { node, signature };
      this.units.set(key, unit);
    }
    const expected = before ? before.nextSibling : this.box.firstChild;
    if (expected !== unit.node) this.box.insertBefore(unit.node, expected);
    return unit.node;
  }

  #unit(members, { follows, read, quoted, old, animate }) {
    const [first] = members;
    const last = members.at(-1);
    if (first.by === "service" || first.kind === "service") return el("p.day", null, first.text || "…");
    const captioned = members.find((m) => m.text) ?? first;
    const media = members.filter((m) => m.media).map((m) => reuse(old, m) ?? this.#media(m));
    const bare = !captioned.text && media.length > 0 && first.kind !== "document";
    const meta = el("span.meta", null,
      last.edited && el("span.edited", { title: `edited ${time(last.edited)}` }, "edited"),
      el("time", { dateTime: first.date }, time(first.date)),
      first.by === "user" && el("span.ticks", { role: "img", "aria-label": read ? "read" : "sent" }, icon(read ? "ticks" : "tick")));
    const bubble = el(`div.bubble${media.length ? ".with-media" : ""}${bare ? ".bare" : ""}`, { oncontextmenu: (event) => this.#menu(event, members) },
      first.reply_to && this.#quote(first, quoted),
      media.length > 0 && el(`div.media.n${Math.min(4, media.length)}`, null, ...media),
      captioned.text && el("div.text", null, ...formatted(captioned.text, captioned.entities, this.acts.command), el("span.room", { "aria-hidden": "true" })),
      meta);
    const more = el("button.icon.more", { type: "button", "aria-label": "Message actions", title: "Message actions", "aria-haspopup": "menu",
      onclick: (event) => this.#menu(event, members) }, icon("more"));
    const body = el("div.body", null, bubble, last.buttons?.length > 0 && this.#keys(last), this.#reactions(members));
    const sizes = first.media && first.kind !== "document" ? first.media : null;
    const node = el(`article.message.${first.by}${follows ? ".follows" : ""}${animate && !old ? ".new" : ""}`, {
      "aria-label": `${first.by === "user" ? "You" : "Bot"}, ${time(first.date)}`, "data-id": String(first.message_id), "data-kind": first.kind,
    }, body, more);
    if (sizes && members.length === 1) fit(bubble, sizes);
    return node;
  }

  #quote(message, quoted) {
    const gone = !quoted || quoted.deleted;
    return el("button.quote", { type: "button", onclick: () => !gone && this.show(message.reply_to) },
      quoted?.media && !gone && ["photo", "sticker"].includes(quoted.kind) && el("img", { src: small(quoted.media.url), alt: "" }),
      el("span", null, el("strong", null, gone ? "Deleted message" : quoted.by === "bot" ? this.acts.botName() : this.chat.title),
        el("span", null, gone ? "" : quoted.text || kindName(quoted))));
  }

  #media(message) {
    const { media } = message;
    const node = this.#mediaNode(message, media);
    node.dataset.media = media.url;
    return node;
  }

  #mediaNode(message, media) {
    if (isMoving(message)) {
      const film = el("video", { src: media.url, autoplay: true, muted: true, loop: true, playsInline: true, preload: "auto", tabIndex: 0,
        "aria-label": `Video, ${Math.round(media.duration ?? 0)} seconds` });
      film.defaultMuted = true;
      // The controls come with the pointer, a tap or the keyboard, so that nothing lies over a video that just plays.
      for (const name of ["pointerenter", "pointerdown", "focus"]) film.addEventListener(name, () => { film.controls = true; });
      for (const name of ["pointerleave", "blur"]) film.addEventListener(name, () => { film.controls = film.matches(":hover, :focus"); });
      return el("div.frame.film", null, film);
    }
    if (message.kind === "photo" || (message.kind === "sticker" && !/webm|tgs/.test(media.mime_type ?? ""))) {
      const label = message.text ? `Photo: ${message.text.slice(0, 80)}` : "Photo";
      return el(`button.frame.${message.kind}`, { type: "button", "aria-label": `${label}. Open larger`, onclick: () => this.acts.picture(media.url) },
        el("img", { src: media.url, alt: label, width: media.width ?? undefined, height: media.height ?? undefined, decoding: "async" }));
    }
    const picture = /^image\/(jpeg|png|webp|gif)/.test(media.mime_type ?? "");
    return el("a.document", { href: media.url, download: media.file_name ?? "file" },
      picture ? el("img", { src: media.url, alt: "" }) : el("span.glyph", null, icon("file")),
      el("span", null, el("strong", null, media.file_name ?? kindName(message)), el("span.hint", null, bytes(media.bytes ?? 0))));
  }

  #keys(message) {
    return el("div.keys", { role: "group", "aria-label": "Buttons" }, ...message.buttons.map((row, r) => el("div.row", null, ...row.map((key, c) => {
      if (key.url) return el("a.key", { href: key.url, target: "_blank", rel: "noreferrer noopener" }, key.text);
      return el("button.key", { type: "button", onclick: async (event) => {
        const { currentTarget } = event;
        currentTarget.classList.add("busy");
        setTimeout(() => currentTarget.classList.remove("busy"), 15000);
        try { await this.acts.press(message, r, c); } catch (error) { currentTarget.classList.remove("busy"); toast(error.message, "bad"); }
      } }, el("span", null, key.text));
    }))));
  }

  #reactions(members) {
    const all = members.flatMap((m) => m.reactions ?? []);
    return all.length > 0 && el("div.reactions", null, ...all.map((reaction) => el("span", null, reaction.emoji)));
  }

  #menu(event, members) {
    event.preventDefault();
    const place = event.type === "contextmenu" && event.clientX
      ? { left: event.clientX, top: event.clientY, bottom: event.clientY, focus: () => {} }
      : event.currentTarget;
    this.acts.menu(place, members);
  }
}

const keyOf = (message) => message.media_group_id ? `group ${message.media_group_id}` : `message ${message.message_id}`;
const small = (url) => `${url}${url.includes("?") ? "&" : "?"}size=s`;

export const isMoving = (message) => message.kind === "video" || message.kind === "animation" || message.kind === "video_note";

export function kindName(message) {
  return { photo: "Photo", video: "Video", animation: "GIF", document: "File", audio: "Audio", voice: "Voice message",
    video_note: "Video message", sticker: "Sticker", live_photo: "Live Photo", invoice: "Invoice" }[message.kind] ?? "Message";
}

// The element that shows this very media already, so that it is not loaded and started again.
function reuse(old, message) {
  return old ? [...old.querySelectorAll("[data-media]")].find((node) => node.dataset.media === message.media.url) : null;
}

// The bubble is as wide as its picture wants, within 360 x 420 px; the place is kept before the bytes arrive.
function fit(bubble, { width, height }) {
  if (!width || !height) return;
  const scale = Math.min(360 / width, 420 / height, 1.5);
  bubble.style.setProperty("--wide", `${Math.max(180, Math.round(width * scale))}px`);
  bubble.style.setProperty("--ratio", `${width} / ${height}`);
}
