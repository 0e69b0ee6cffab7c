// The side panel: each job's timeline, the levers that break things, and what the processes say.

import { api } from "./api.js";
import { $, el, icon, seconds, toast } from "./dom.js";

const PHASES = {
  queued: "in the queue", submit: "handing over", boot: "GPU wait", prepare: "preparing", load: "loading", sample: "generating",
  decode: "decoding", fetch: "fetching the file", encode: "encoding", upload: "uploading", finish: "reporting back", tell: "telling the chat",
};
const STATES = { COMPLETED: "done", FAILED: "bad", CANCELLED: "off" };
const LOG_KEPT = 800;

export class Panel {
  /** `acts`: show(messageId). `state` gives .chat. */
  constructor(state, acts) {
    this.state = state;
    this.acts = acts;
    this.opened = new Set();
    this.after = 0;
    this.tab = "timeline";
    $("open-panel").append(icon("panel"));
    $("close-panel").append(icon("close"));
    $("open-panel").addEventListener("click", () => this.toggle());
    $("close-panel").addEventListener("click", () => this.toggle(false));
    this.#tabs();
    this.#logView();
    matchMedia("(min-width: 1100px)").addEventListener("change", () => this.#reflect());
    this.#reflect();
    this.#tick();
  }

  get visible() {
    const wanted = $("app").dataset.panel;
    return wanted === "open" || (wanted === "auto" && matchMedia("(min-width: 1100px)").matches);
  }

  toggle(open = !this.visible) {
    $("app").dataset.panel = open ? "open" : "closed";
    this.#reflect();
    if (open) { this.soon(); $(`tab-${this.tab}`).focus(); } else $("open-panel").focus();
  }

  #reflect() {
    $("open-panel").setAttribute("aria-expanded", String(this.visible));
    $("panel").inert = !this.visible;
  }

  /** Something happened: look again now. */
  soon() {
    this.nextLook = 0;
  }

  #tabs() {
    const names = ["timeline", "faults", "log"];
    const select = (name) => {
      this.tab = name;
      for (const other of names) {
        $(`tab-${other}`).setAttribute("aria-selected", String(other === name));
        $(`tab-${other}`).tabIndex = other === name ? 0 : -1;
        $(`view-${other}`).hidden = other !== name;
      }
      this.soon();
    };
    for (const name of names) {
      $(`tab-${name}`).addEventListener("click", () => select(name));
      $(`tab-${name}`).addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        if (!step) return;
        const next = names[(names.indexOf(name) + step + names.length) % names.length];
        select(next);
        $(`tab-${next}`).focus();
      });
    }
  }

  async #tick() {
    try {
      if (this.visible && !document.hidden && Date.now() >= (this.nextLook ?? 0)) {
        this.nextLook = Date.now() + 4000;
        await this[{ timeline: "jobs", faults: "house", log: "log" }[this.tab]]();
      }
    } catch { /* the house is being shaken: look again soon */ }
    setTimeout(() => this.#tick(), 350);
  }

  // -- timeline

  async jobs() {
    if (!this.state.chat) return;
    const jobs = await api.jobs(this.state.chat.chat_id);
    if (jobs.some((job) => !STATES[job.state])) this.nextLook = Date.now() + 700;
    const view = $("view-timeline");
    if (jobs.length === 0) {
      view.replaceChildren(el("p.hint.lonely", null, "Each job of this chat gets a timeline here: where its seconds went, from the queue to the result."));
      return;
    }
    const signature = JSON.stringify(jobs);
    if (signature === this.lastJobs) return;
    this.lastJobs = signature;
    view.replaceChildren(...jobs.map((job) => this.#job(job)));
  }

  #job(job) {
    const whole = Math.max(job.total_s, 0.001);
    const word = job.state === "CLOSING" ? job.verdict : job.state;
    const rows = Object.entries(job.seconds).filter(([, value]) => value >= 0.05);
    const retries = new Set(job.phases.map((phase) => phase.attempt)).size > 2 ? ` · attempt ${job.attempt}` : "";
    const live = job.phases.some((phase) => phase.open);
    return el("article.job", null,
      el("header", null,
        el("button.short", { type: "button", title: "Show the message", onclick: () => this.acts.show(job.message_id) }, job.short),
        el(`span.state.${STATES[job.state] ?? "live"}`, null, job.cancelling && !STATES[job.state] ? "CANCELLING" : word, job.percent > 0 && job.state === "RUNNING" ? ` ${job.percent} %` : ""),
        el("span.total", null, seconds(job.total_s) + retries)),
      el(`div.strip${live ? ".live" : ""}`, { role: "img", "aria-label": `Phases of job ${job.short}` }, ...job.phases.filter((p) => p.seconds > 0).map((phase) => {
        const piece = el(`span.p-${phase.name}`, { title: `${PHASES[phase.name] ?? phase.name}: ${seconds(phase.seconds)}` });
        piece.style.flexGrow = String(Math.max(phase.seconds / whole, 0.006));
        return piece;
      })),
      el("dl", null, ...rows.map(([name, value]) => {
        const bar = el(`span.p-${name}`);
        bar.style.width = `${Math.max(2, (100 * value) / whole)}%`;
        return el("div", null, el("dt", null, PHASES[name] ?? name), el("dd.bar", null, bar), el("dd", null, seconds(value)));
      })),
      job.error_code && el("p.code", null, "error ", el("code", null, job.error_code)),
      this.#events(job));
  }

  #events(job) {
    const start = new Date(job.created).getTime();
    const details = el("details", { open: this.opened.has(job.id), ontoggle: (event) => {
      if (event.currentTarget.open) this.opened.add(job.id); else this.opened.delete(job.id);
    } }, el("summary", null, `${job.events.length} events`), el("ol.events", null, ...job.events.map((event) => el("li", null,
      el("span.at", null, `${((new Date(event.at).getTime() - start) / 1000).toFixed(2)}`),
      el("span", null, event.event, el("span.hint", null, describe(event)))))));
    return details;
  }

  // -- faults

  async house() {
    const house = await api.house();
    this.nextLook = Date.now() + 900;
    const signature = JSON.stringify(house);
    if (signature === this.lastHouse) return;
    this.lastHouse = signature;
    const focused = document.activeElement?.closest?.("#view-faults [data-lever]")?.dataset.lever;
    const groups = new Map();
    for (const lever of house.levers) groups.set(lever.group, [...(groups.get(lever.group) ?? []), lever]);
    $("view-faults").replaceChildren(
      el("ul.processes", { "aria-label": "Processes" }, ...house.processes.map((process) => el(`li.${process.state}`, null,
        el("span.dot", { "aria-hidden": "true" }), el("strong", null, process.name), el("span.hint", null, process.words)))),
      ...[...groups].flatMap(([name, levers]) => [el("h3", null, name), ...levers.map((lever) => this.#lever(lever))]),
      house.levers.some((lever) => lever.armed) && el("div.actions", null, el("button", { type: "button", onclick: async () => { await api.calm(); this.soon(); toast("All faults are off."); } }, "Switch all faults off")) || "");
    if (focused) $("view-faults").querySelector(`[data-lever="${focused}"] button`)?.focus();
  }

  #lever(lever) {
    const pull = async () => {
      try {
        const { said } = await api.pull(lever.id, !lever.armed);
        toast(said);
      } catch (error) { toast(error.message, "bad"); }
      this.lastHouse = "";
      this.soon();
    };
    return el(`article.lever${lever.armed ? ".armed" : ""}`, { "data-lever": lever.id },
      el("div", null, el("h4", null, lever.title, lever.armed && el("span.tag", null, lever.armed)), el("p", null, lever.does), el("p.see", null, lever.see)),
      el("button", { type: "button", "aria-pressed": String(Boolean(lever.armed)), onclick: pull, "aria-label": `${lever.title}: ${lever.armed ? "off" : "do it"}` },
        lever.armed ? "Off" : lever.kind === "process" ? "Kill" : lever.kind === "rerun" ? "Do it" : "Arm"));
  }

  // -- log

  #logView() {
    this.only = "";
    const choose = el("select", { "aria-label": "Process", onchange: (event) => { this.only = event.target.value; this.#filterLog(); } },
      ...["", "bot", "dispatcher", "worker", "postgres", "demo"].map((name) => el("option", { value: name }, name || "all processes")));
    this.lines = el("ol.log");
    $("view-log").append(el("div.log-bar", null, choose), this.lines);
  }

  #filterLog() {
    for (const line of this.lines.children) line.hidden = Boolean(this.only) && !line.dataset.source.startsWith(this.only);
    this.lines.scrollTop = this.lines.scrollHeight;
  }

  async log() {
    this.nextLook = Date.now() + 700;
    const { lines } = await api.log(this.after);
    if (lines.length === 0) return;
    this.after = lines.at(-1).seq;
    const near = this.lines.scrollHeight - this.lines.scrollTop - this.lines.clientHeight < 60;
    this.lines.append(...lines.map(logLine));
    while (this.lines.children.length > LOG_KEPT) this.lines.firstChild.remove();
    if (this.only) this.#filterLog();
    if (near) this.lines.scrollTop = this.lines.scrollHeight;
  }
}

function logLine(line) {
  let [head, rest, level] = [line.text, "", ""];
  if (line.text.startsWith("{")) {
    try {
      const { event, level: how, timestamp, process, ...others } = JSON.parse(line.text);
      [head, level] = [event ?? "", how ?? ""];
      rest = Object.entries(others).map(([key, value]) => `${key}=${typeof value === "object" ? JSON.stringify(value) : value}`).join(" ");
    } catch { /* a line that is no JSON is shown as it is */ }
  }
  return el(`li.${level || "info"}`, { "data-source": line.source }, el(`span.source.s-${line.source.split("-")[0]}`, null, line.source), el("strong", null, head), " ", rest);
}

function describe(event) {
  const facts = Object.entries(event.detail).filter(([, value]) => value !== null && typeof value !== "object");
  return facts.length ? ` ${facts.map(([key, value]) => `${key} ${typeof value === "number" ? Math.round(value * 100) / 100 : value}`).join(", ")}` : "";
}
