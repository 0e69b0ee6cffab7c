// Writing and sending: text, commands, photos by button, drop and paste, albums, as file, replies.

import { api } from "./api.js";
import { $, bytes, el, icon, openMenu, toast } from "./dom.js";
import { kindName } from "./messages.js";
import { draw } from "./sketch.js";

const ALBUM_MAX = 10;

export class Composer {
  /** `state` gives .chat (the current Chat) and .commands(). */
  constructor(state) {
    this.state = state;
    this.files = [];
    this.replyTo = null;
    this.text = $("composer-text");
    for (const [id, name] of Object.entries({ attach: "attach", send: "send", slash: "slash", "reply-close": "close" })) $(id).append(icon(name));
    this.#writing();
    this.#choosing();
    this.#dialog();
  }

  reset() {
    this.text.value = "";
    this.reply(null);
    this.#typed();
  }

  /** Reply to this message, or to none. */
  reply(message, who) {
    this.replyTo = message;
    $("reply-bar").hidden = !message;
    if (!message) return;
    $("reply-who").textContent = who;
    $("reply-text").textContent = message.text || kindName(message);
    this.text.focus();
  }

  async say(text) {
    const reply = this.replyTo?.message_id;
    this.reply(null);
    try { await api.text(this.state.chat.chat_id, text, reply); } catch (error) { toast(error.message, "bad"); }
  }

  async sample(...numbers) {
    this.offer(await Promise.all(numbers.map((number) => api.sample(number))));
  }

  /** Draw on a photo that is in the chat already, and send that. */
  async drawOn(url) {
    const photo = await (await fetch(url)).blob();
    const drawn = await draw(new File([photo], "photo.jpg", { type: photo.type }));
    if (drawn) this.offer([drawn]);
  }

  /** Show what would be sent. */
  offer(files) {
    const chosen = files.slice(0, ALBUM_MAX);
    if (files.length > ALBUM_MAX) toast(`Only the first ${ALBUM_MAX} are taken: an album holds no more.`);
    if (chosen.length === 0) return;
    this.files = chosen;
    $("send-as-file").checked = chosen.some((file) => !/^image\/(jpeg|png|webp|bmp|gif)$/.test(file.type));
    $("send-caption").value = this.text.value.startsWith("/") ? "" : this.text.value;
    this.#previews();
    $("send-dialog").showModal();
    $("send-caption").focus();
  }

  #writing() {
    $("composer-form").addEventListener("submit", (event) => {
      event.preventDefault();
      const text = this.text.value.trim();
      if (!text) return;
      this.text.value = "";
      this.#typed();
      this.say(text);
    });
    this.text.addEventListener("input", () => this.#typed());
    this.text.addEventListener("keydown", (event) => this.#key(event));
    $("slash").addEventListener("click", () => { if ($("commands").hidden) this.#commands(""); else this.#closeCommands(); this.text.focus(); });
    $("reply-close").addEventListener("click", () => this.reply(null));
  }

  #typed() {
    this.text.style.height = "auto";
    if (this.text.scrollHeight > 0) this.text.style.height = `${Math.min(this.text.scrollHeight, 160)}px`;
    $("send").disabled = !this.text.value.trim();
    const match = /^\/(\w*)$/.exec(this.text.value);
    if (match) this.#commands(match[1]); else this.#closeCommands();
  }

  #key(event) {
    const open = !$("commands").hidden;
    const items = [...$("commands").children];
    const place = items.findIndex((item) => item.getAttribute("aria-selected") === "true");
    if (open && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      this.#select((place + (event.key === "ArrowDown" ? 1 : -1) + items.length) % items.length);
    } else if (open && event.key === "Escape") {
      this.#closeCommands();
    } else if (event.key === "Escape" && this.replyTo) {
      this.reply(null);
    } else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      if (open && place >= 0) items[place].click(); else $("composer-form").requestSubmit();
    }
  }

  #commands(start) {
    const found = this.state.commands().filter((entry) => entry.command.startsWith(start.toLowerCase()));
    $("commands").replaceChildren(...found.map((entry, i) => el("li", {
      role: "option", id: `command-${i}`, "aria-selected": "false",
      onclick: () => {
        this.#closeCommands();
        this.text.value = "";
        this.#typed();
        this.say(`/${entry.command}`);
      },
    }, el("strong", null, `/${entry.command}`), el("span", null, entry.description))));
    $("commands").hidden = found.length === 0;
    $("slash").setAttribute("aria-expanded", String(found.length > 0));
    if (found.length && start) this.#select(0);
  }

  #select(place) {
    [...$("commands").children].forEach((item, i) => item.setAttribute("aria-selected", String(i === place)));
    $("commands").children[place]?.scrollIntoView({ block: "nearest" });
    this.text.setAttribute("aria-activedescendant", `command-${place}`);
  }

  #closeCommands() {
    $("commands").hidden = true;
    $("slash").setAttribute("aria-expanded", "false");
    this.text.removeAttribute("aria-activedescendant");
  }

  #choosing() {
    $("attach").addEventListener("click", () => openMenu($("attach"), [
      { icon: "photo", text: "Photo or file…", act: () => $("files").click() },
      { icon: "sparkle", text: "Sample photo", act: () => this.sample(1) },
      { icon: "face", text: "Sample portrait", act: () => this.sample(3) },
      { icon: "album", text: "Sample album (first and last frame)", act: () => this.sample(1, 2) },
    ]));
    $("files").addEventListener("change", () => { this.offer([...$("files").files]); $("files").value = ""; });
    addEventListener("paste", (event) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length && !$("send-dialog").open) { event.preventDefault(); this.offer(files); }
    });
    let depth = 0;
    const chat = $("chat");
    const carries = (event) => event.dataTransfer?.types.includes("Files");
    chat.addEventListener("dragenter", (event) => { if (carries(event)) { depth += 1; $("drop").hidden = false; } });
    chat.addEventListener("dragleave", (event) => { if (carries(event)) { depth -= 1; $("drop").hidden = depth <= 0; } });
    addEventListener("dragover", (event) => { if (carries(event)) event.preventDefault(); });
    addEventListener("drop", (event) => {
      if (!carries(event)) return;
      event.preventDefault();
      depth = 0;
      $("drop").hidden = true;
      if (chat.contains(event.target)) this.offer([...event.dataTransfer.files]);
    });
  }

  #dialog() {
    const dialog = $("send-dialog");
    $("send-as-file").addEventListener("change", () => this.#previews());
    $("send-caption").addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); $("send-now").click(); }
    });
    dialog.querySelector("form").addEventListener("submit", () => this.#sendFiles());
    dialog.addEventListener("close", () => {
      dialog.querySelectorAll("img").forEach((image) => URL.revokeObjectURL(image.src));
      this.files = [];
    });
  }

  #previews() {
    const asFile = $("send-as-file").checked;
    const count = this.files.length;
    const noun = asFile ? (count === 1 ? "file" : "files") : (count === 1 ? "photo" : "photos");
    $("send-title").textContent = count === 1 ? `Send a ${noun}` : `Send ${count} ${noun}`;
    $("send-note").textContent = count === 2 && !asFile ? "Two photos are the first and the last frame of one video." : "";
    $("send-previews").className = asFile ? "as-files" : `n${Math.min(count, 4)}`;
    $("send-previews").replaceChildren(...this.files.map((file, i) => {
      const picture = el("img", { src: URL.createObjectURL(file), alt: file.name });
      picture.addEventListener("error", () => picture.replaceWith(el("span.glyph", null, icon("file"))));
      return el("li", null, picture, asFile && el("span", null, el("strong", null, file.name), el("span.hint", null, bytes(file.size))),
        !asFile && el("button.icon.pen", { type: "button", "aria-label": `Draw on ${file.name}`, title: "Draw on it",
          onclick: async () => { this.files[i] = (await draw(file)) ?? file; this.#previews(); } }, icon("pen")),
        count > 1 && el("button.icon", { type: "button", "aria-label": `Leave out ${file.name}`, title: "Leave out",
          onclick: () => { this.files.splice(i, 1); this.#previews(); } }, icon("close")));
    }));
  }

  async #sendFiles() {
    const [files, caption, reply] = [this.files, $("send-caption").value.trim(), this.replyTo?.message_id];
    const kind = $("send-as-file").checked ? "document" : "photo";
    this.reply(null);
    this.text.value = "";
    this.#typed();
    try { await api.files(this.state.chat.chat_id, kind, files, caption, reply); } catch (error) { toast(error.message, "bad"); }
  }
}
