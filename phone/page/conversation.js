// The list of bubbles: what is new, what changed, and where the reader stands.

import { bubble } from "/page/bubbles.js";

const NEAR = 48; // pixels from the bottom that still count as being there
const scroll = document.getElementById("scroll");
const list = document.getElementById("messages");
const pill = document.getElementById("pill");
const pillText = document.getElementById("pill-text");
const empty = document.getElementById("empty");
const day = new Intl.DateTimeFormat([], { day: "numeric", month: "long" });
const dayOfYear = new Intl.DateTimeFormat([], { day: "numeric", month: "long", year: "numeric" });

export class Conversation {
  constructor(say) {
    this.say = say;
    this.press = null;
    this.messages = new Map();
    this.unread = 0;
    this.stuck = true; // the reader is at the bottom and stays there
    this.botName = "";
    pill.addEventListener("click", () => this.toBottom(true));
    scroll.addEventListener("scroll", () => this.scrolled(), { passive: true });
    document.addEventListener("visibilitychange", () => this.scrolled());
    list.addEventListener("click", (event) => {
      const reply = event.target.closest(".reply");
      if (reply) this.goTo(Number(reply.dataset.replyTo));
    });
    new ResizeObserver(() => this.stuck && this.toBottom(false)).observe(scroll);
    new ResizeObserver(() => this.stuck && this.toBottom(false)).observe(list);
  }

  // Everything anew, as after a reconnect; the reader stays where they were.
  reset(messages) {
    const known = this.messages;
    const first = known.size === 0;
    const fresh = messages.filter((one) => !known.has(one.message_id) && one.sender.is_bot);
    const top = scroll.scrollTop;
    this.messages = new Map(messages.map((one) => [one.message_id, one]));
    list.replaceChildren();
    let last = null;
    for (const message of messages) last = this.place(message, last);
    empty.hidden = messages.length > 0;
    if (first || this.stuck) return this.toBottom(false);
    scroll.scrollTop = top;
    this.count(fresh.length);
  }

  add(message) {
    const mine = !message.sender.is_bot;
    const last = [...this.messages.values()].at(-1) ?? null;
    this.messages.set(message.message_id, message);
    empty.hidden = true;
    this.place(message, last);
    list.lastElementChild.classList.add("fresh");
    if (mine || this.stuck) this.toBottom(mine);
    if (!mine && (!this.stuck || document.hidden)) this.count(1);
  }

  edit(message) {
    this.messages.set(message.message_id, message);
    const old = this.find(message.message_id);
    if (!old) return;
    const changed = this.draw(message);
    changed.classList.add("changed");
    if (old.classList.contains("follows")) changed.classList.add("follows");
    old.replaceWith(changed);
  }

  remove(messageId) {
    this.messages.delete(messageId);
    const old = this.find(messageId);
    if (!old) return;
    const before = old.previousElementSibling;
    const after = old.nextElementSibling;
    old.remove();
    const lonely = !after || after.classList.contains("day");
    if (before && before.classList.contains("day") && lonely) before.remove();
    empty.hidden = this.messages.size > 0;
  }

  find(messageId) {
    return list.querySelector(`[data-message-id="${messageId}"]`);
  }

  goTo(messageId) {
    const found = this.find(messageId);
    if (!found) return;
    found.scrollIntoView({ block: "center", behavior: "smooth" });
    found.classList.remove("changed");
    requestAnimationFrame(() => found.classList.add("changed"));
  }

  draw(message) {
    return bubble(message, { say: this.say, press: this.press, quoted: (id) => this.quoted(id) });
  }

  place(message, last) {
    if (!last || dateOf(last) !== dateOf(message)) list.append(separator(message));
    const drawn = this.draw(message);
    const follows = last && last.sender.is_bot === message.sender.is_bot;
    if (follows && message.date - last.date < 300) drawn.classList.add("follows");
    list.append(drawn);
    return message;
  }

  quoted(messageId) {
    const message = this.messages.get(messageId);
    if (!message) return { who: "Message", words: "deleted" };
    const words = message.text ?? message.caption ?? "";
    const rest = message.photo.length ? "Photo" : message.document?.file_name;
    return { who: message.sender.first_name, words: words.split("\n")[0] || rest || "" };
  }

  toBottom(smooth) {
    this.stuck = true;
    const far = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight > 1500;
    scroll.scrollTo({ top: scroll.scrollHeight, behavior: smooth && !far ? "smooth" : "instant" });
    this.count(0);
  }

  scrolled() {
    const left = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight;
    this.stuck = left < NEAR;
    if (this.stuck && !document.hidden) this.count(0);
    pill.hidden = this.stuck;
  }

  count(more) {
    this.unread = more === 0 ? 0 : this.unread + more;
    pill.hidden = this.stuck;
    pill.classList.toggle("has-new", this.unread > 0);
    const many = this.unread === 1 ? "1 new message" : `${this.unread} new messages`;
    pillText.textContent = this.unread ? many : "";
    document.title = this.unread ? `(${this.unread}) ${this.botName}` : this.botName;
  }
}

function dateOf(message) {
  return new Date(message.date * 1000).toDateString();
}

function separator(message) {
  const date = new Date(message.date * 1000);
  const today = new Date();
  const item = document.createElement("li");
  item.className = "day";
  const text = document.createElement("span");
  if (date.toDateString() === today.toDateString()) text.textContent = "Today";
  else if (date.getFullYear() === today.getFullYear()) text.textContent = day.format(date);
  else text.textContent = dayOfYear.format(date);
  item.append(text);
  return item;
}
