// Words and their entities as DOM. Offsets are UTF-16 units, which JavaScript strings are made of.

const TAGS = {
  bold: "strong",
  italic: "em",
  underline: "u",
  strikethrough: "s",
  code: "code",
  pre: "pre",
  blockquote: "blockquote",
  expandable_blockquote: "blockquote",
};
const BLOCKS = new Set(["pre", "blockquote", "expandable_blockquote"]);

export function rendered(words, entities, say) {
  const root = document.createDocumentFragment();
  const sorted = [...entities].sort((a, b) => a.offset - b.offset || b.length - a.length);
  fill(root, words, sorted, 0, words.length, say);
  return root;
}

// Puts words[from..to] into `parent`; an entity that crosses its parent's end is cut there and
// continued after it.
function fill(parent, words, entities, from, to, say) {
  let at = from;
  const queue = [...entities];
  while (queue.length) {
    const entity = queue.shift();
    const start = Math.max(entity.offset, at);
    const stop = Math.min(entity.offset + entity.length, to);
    if (stop <= start) continue;
    parent.append(words.slice(at, start));
    const inner = [];
    while (queue.length && queue[0].offset < stop) inner.push(queue.shift());
    const node = element(entity, words.slice(start, stop), say);
    fill(node.inside, words, inner, start, stop, say);
    parent.append(node.outside);
    at = stop;
    for (const one of inner.reverse()) {
      if (one.offset + one.length > stop) queue.unshift(one);
    }
    // A block ends its line by itself; the newline after it would show as an empty one.
    if (BLOCKS.has(entity.type) && words[at] === "\n" && at < to) at += 1;
  }
  if (at < to) parent.append(words.slice(at, to));
}

function element(entity, covered, say) {
  const kind = entity.type;
  if (kind === "url" || kind === "text_link" || kind === "email") {
    const link = document.createElement("a");
    const target = kind === "url" ? covered : kind === "email" ? `mailto:${covered}` : entity.url;
    if (/^(https?|mailto|tg|tel):/i.test(target)) link.href = target;
    link.target = "_blank";
    link.rel = "noopener noreferrer";
    return { outside: link, inside: link };
  }
  if (kind === "bot_command") {
    const command = document.createElement("button");
    command.type = "button";
    command.className = "command";
    command.addEventListener("click", () => say(covered));
    return { outside: command, inside: command };
  }
  if (kind === "spoiler") return spoiler();
  if (kind === "pre") return pre(entity);
  if (kind === "expandable_blockquote") return expandable();
  if (kind === "date_time") {
    const time = document.createElement("time");
    time.dateTime = new Date(entity.unix_time * 1000).toISOString();
    time.title = new Date(entity.unix_time * 1000).toLocaleString();
    return { outside: time, inside: time };
  }
  const node = document.createElement(TAGS[kind] || "span");
  if (!TAGS[kind]) node.className = "tag";
  return { outside: node, inside: node };
}

function spoiler() {
  const node = document.createElement("span");
  node.className = "spoiler";
  node.tabIndex = 0;
  node.setAttribute("role", "button");
  node.setAttribute("aria-label", "Hidden text, press to show");
  const show = () => {
    node.classList.add("shown");
    node.removeAttribute("role");
    node.removeAttribute("aria-label");
  };
  node.addEventListener("click", show);
  node.addEventListener("keydown", (event) => event.key === "Enter" && show());
  return { outside: node, inside: node };
}

function pre(entity) {
  const block = document.createElement("div");
  block.className = "pre";
  if (entity.language) {
    const language = document.createElement("div");
    language.className = "pre-language";
    language.textContent = entity.language;
    block.append(language);
  }
  const inside = document.createElement("pre");
  inside.tabIndex = 0; // a table wider than the phone scrolls, by keys too
  block.append(inside);
  return { outside: block, inside };
}

function expandable() {
  const quote = document.createElement("blockquote");
  quote.className = "expandable";
  const inside = document.createElement("div");
  inside.className = "quote-words";
  const more = document.createElement("button");
  more.type = "button";
  more.className = "quote-more";
  more.setAttribute("aria-expanded", "false");
  more.setAttribute("aria-label", "Show the whole quotation");
  more.textContent = "⌄";
  more.addEventListener("click", () => {
    const open = quote.classList.toggle("open");
    more.setAttribute("aria-expanded", String(open));
    more.setAttribute("aria-label", open ? "Fold the quotation" : "Show the whole quotation");
    more.textContent = open ? "⌃" : "⌄";
  });
  quote.append(inside, more);
  // Three lines or fewer need no unfolding; known once the quotation has a place.
  requestAnimationFrame(() => (more.hidden = inside.scrollHeight <= inside.clientHeight + 1));
  return { outside: quote, inside };
}
