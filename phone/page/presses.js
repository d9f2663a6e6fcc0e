// Buttons pressed and waiting for the bot; each shows a spinner until it is answered.

import { alert, toast } from "/page/notices.js";

const PATIENCE = 10_000; // milliseconds without an answer before the page says so

export class Presses {
  constructor(line, list) {
    this.line = line;
    this.list = list;
    this.next = 1;
    this.waiting = new Map(); // ref -> { messageId, data, id, timer }
  }

  isWaiting(message, data) {
    return [...this.waiting.values()].some(
      (one) => one.messageId === message.message_id && one.data === data,
    );
  }

  callback(message, data) {
    if (this.isWaiting(message, data)) return;
    const ref = this.next++;
    if (!this.line.send({ do: "press", ref, message_id: message.message_id, data })) {
      toast("No connection. Try again in a moment.");
      return;
    }
    const timer = setTimeout(() => {
      this.end(ref);
      toast("The bot is not answering.");
    }, PATIENCE);
    this.waiting.set(ref, { messageId: message.message_id, data, id: null, timer });
    this.mark(message.message_id, data, true);
  }

  async copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      toast(`Copied: ${text}`);
    } catch {
      toast(`Copying is not allowed here: ${text}`);
    }
  }

  // The server has passed the press on, under the query's id; null when it could not.
  pressed(ref, id) {
    const one = this.waiting.get(ref);
    if (one && id) one.id = id;
    else if (one) this.end(ref);
  }

  answered(answer) {
    for (const [ref, one] of this.waiting) if (one.id === answer.id) this.end(ref);
    if (!answer.text) return;
    if (answer.alert) alert(answer.text);
    else toast(answer.text);
  }

  forget() {
    for (const ref of [...this.waiting.keys()]) this.end(ref);
  }

  end(ref) {
    const one = this.waiting.get(ref);
    clearTimeout(one.timer);
    this.waiting.delete(ref);
    this.mark(one.messageId, one.data, false);
  }

  mark(messageId, data, waiting) {
    const bubble = this.list.querySelector(`[data-message-id="${messageId}"]`);
    if (!bubble) return;
    for (const key of bubble.querySelectorAll("[data-callback-data]")) {
      if (key.dataset.callbackData !== data) continue;
      key.classList.toggle("waiting", waiting);
      key.setAttribute("aria-busy", String(waiting));
    }
  }
}
