// Small tools for elements. Text always goes in as text, never as markup.

export const $ = (id) => document.getElementById(id);

/** `el("p.hint", {title: "…", onclick: f}, "text", child)`; null and false children are left out. */
export function el(tag, attributes, ...children) {
  const [name, ...classes] = tag.split(".");
  const node = document.createElement(name);
  if (classes.length) node.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key in node && key !== "list" && !key.startsWith("aria")) node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const SHAPES = {
  back: "M15 5l-7 7 7 7",
  close: "M6 6l12 12M18 6L6 18",
  more: "M12 5.500v.01M12 12v.01M12 18.500v.01",
  attach: "M20 11.500l-8.2 8.200a5 5 0 0 1-7.1-7.100l8.6-8.600a3.3 3.3 0 0 1 4.7 4.700l-8.5 8.500a1.6 1.6 0 0 1-2.3-2.300l7.7-7.7",
  send: "M4.5 12L20 4.5 16.5 19.5 11 14zM11 14l9-9.5",
  slash: "M5 4h14a1 1 0 0 1 1 1v14a1 1 0 0 1-1 1H5a1 1 0 0 1-1-1V5a1 1 0 0 1 1-1zM14 8l-4 8",
  down: "M12 5v14M6 13l6 6 6-6",
  plus: "M12 5v14M5 12h14",
  theme: "M12 3.500v2M12 18.500v2M3.5 12h2M18.5 12h2M6 6l1.4 1.400M16.6 16.600L18 18M18 6l-1.4 1.400M7.4 16.600L6 18M12 8.500a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z",
  moon: "M19.5 14.500A8 8 0 0 1 9.5 4.500a8 8 0 1 0 10 10z",
  auto: "M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16",
  panel: "M4 17l4-5 4 3 5-8M17 7l3.5 0M4 20.500h16",
  file: "M7 3.500h6.500L18 8v12.500H7zM13.5 3.500V8H18",
  photo: "M4 6.500h16v12H4zM4 16l4.5-4.5 4 4 2.5-2.5 5 4.500M15.5 10v.01",
  album: "M4 8.500h12v11H4zM8 8.500v-4h12v11h-4",
  sparkle: "M12 4l1.8 5.200L19 11l-5.2 1.800L12 18l-1.8-5.200L5 11l5.2-1.800z",
  block: "M5.6 5.600l12.8 12.800M12 3.500a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17z",
  reply: "M10 7L4.5 12 10 17M5 12h8c4 0 6.5 2 6.5 6",
  trash: "M5 7h14M9.5 7V4.500h5V7M7 7l.8 12.500h8.400L17 7",
  copy: "M8.5 8.500h11v11h-11zM15.5 8.500v-4h-11v11h4",
  pen: "M5 19l1-4L15.5 5.500l3 3L9 18z",
  clock: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16zM12 8v4.500l3 2",
  tick: "M3 12.500l4.5 4.500L17 7",
  ticks: "M1.5 12.500L6 17l9.5-10M11 16l1 1 10-10",
  face: "M12 3.500a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17zM9 10v.01M15 10v.01M8.5 14.500c2 2 5 2 7 0",
  bolt: "M13 3.500L5.5 13.500H11l-1 7 8-10.500h-5.500z",
  play: "M8 5.500l11 6.5-11 6.500z",
};

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", SHAPES[name]);
  svg.append(path);
  return svg;
}

export const time = (iso) => new Date(iso).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
export const seconds = (value) => (value < 10 ? value.toFixed(1) : Math.round(value)) + " s";

export function day(iso) {
  const date = new Date(iso);
  const today = new Date();
  if (date.toDateString() === today.toDateString()) return "Today";
  return date.toLocaleDateString([], { day: "numeric", month: "long" });
}

export function bytes(value) {
  if (value < 1024) return `${value} B`;
  if (value < 1024 * 1024) return `${(value / 1024).toFixed(0)} KB`;
  return `${(value / 1024 / 1024).toFixed(1)} MB`;
}

/** A short line at the bottom, as Telegram answers a press. */
export function toast(text, kind = "") {
  const line = el("p", { className: kind }, text);
  $("toasts").append(line);
  setTimeout(() => line.classList.add("going"), 3200);
  setTimeout(() => line.remove(), 3600);
}

/** Only for ears. */
export function speak(text) {
  $("spoken").textContent = text;
}

/** A menu at a place; entries are {icon, text, act, danger}. Arrow keys walk, Escape closes. */
export function openMenu(anchor, entries) {
  const menu = $("menu");
  const close = (focus) => {
    menu.hidden = true;
    document.removeEventListener("pointerdown", outside, true);
    if (focus && anchor.focus) anchor.focus();
  };
  const outside = (event) => { if (!menu.contains(event.target)) close(false); };
  menu.replaceChildren(...entries.map((entry) => el("button", {
    type: "button", role: "menuitem", className: entry.danger ? "danger" : "",
    onclick: () => { close(true); entry.act(); },
  }, icon(entry.icon), entry.text)));
  menu.onkeydown = (event) => {
    const items = [...menu.children];
    const place = items.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) { event.preventDefault(); items[(place + step + items.length) % items.length].focus(); }
    if (event.key === "Escape" || event.key === "Tab") { event.preventDefault(); close(true); }
  };
  menu.hidden = false;
  const box = anchor.getBoundingClientRect ? anchor.getBoundingClientRect() : anchor;
  const [width, height] = [menu.offsetWidth, menu.offsetHeight];
  const left = Math.min(Math.max(8, box.left), innerWidth - width - 8);
  const below = box.bottom + 4 + height <= innerHeight;
  menu.style.left = `${left}px`;
  menu.style.top = `${below ? box.bottom + 4 : Math.max(8, box.top - height - 4)}px`;
  menu.firstElementChild.focus();
  document.addEventListener("pointerdown", outside, true);
}
