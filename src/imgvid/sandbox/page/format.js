// A message's text with its entities as elements. Offsets are UTF-16 units, as in JavaScript strings.

import { el } from "./dom.js";

const WRAPS = {
  bold: "strong", italic: "em", underline: "u", strikethrough: "s", code: "code", pre: "pre",
  blockquote: "blockquote", expandable_blockquote: "blockquote", spoiler: "span.spoiler",
};

/** Nodes for `text`. A tapped command calls `onCommand("/start")`. */
export function formatted(text, entities, onCommand) {
  const marks = [...(entities ?? []), ...found(text, entities ?? [])];
  const cuts = new Set([0, text.length]);
  for (const mark of marks) { cuts.add(mark.offset); cuts.add(mark.offset + mark.length); }
  const places = [...cuts].filter((at) => at >= 0 && at <= text.length).sort((a, b) => a - b);
  const nodes = [];
  for (let i = 0; i + 1 < places.length; i += 1) {
    const [from, to] = [places[i], places[i + 1]];
    const piece = text.slice(from, to);
    const over = marks.filter((mark) => mark.offset <= from && mark.offset + mark.length >= to);
    nodes.push(over.reduce((node, mark) => wrap(node, mark, piece, onCommand), document.createTextNode(piece)));
  }
  return nodes;
}

function wrap(node, mark, piece, onCommand) {
  if (mark.type === "bot_command") return el("button.command", { type: "button", onclick: () => onCommand(piece) }, node);
  if (mark.type === "text_link" || mark.type === "url") {
    const href = mark.url ?? piece;
    return /^https?:\/\//.test(href) ? el("a", { href, target: "_blank", rel: "noreferrer noopener" }, node) : node;
  }
  return WRAPS[mark.type] ? el(WRAPS[mark.type], null, node) : node;
}

// Clients mark commands themselves where the sender named no entities.
function found(text, entities) {
  const marks = [];
  for (const match of text.matchAll(/(^|\s)(\/[a-z][a-z0-9_]*)/g)) {
    const offset = match.index + match[1].length;
    if (!entities.some((mark) => mark.offset <= offset && offset < mark.offset + mark.length)) {
      marks.push({ type: "bot_command", offset, length: match[2].length });
    }
  }
  return marks;
}
