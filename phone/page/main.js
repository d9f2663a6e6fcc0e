// The page as a whole: hears the server, and hands each thing to the part that shows it.

import { setClock, showClock, watchButtons } from "/page/clock.js";
import { Composer } from "/page/composer.js";
import { Conversation } from "/page/conversation.js";
import { Line } from "/page/line.js";
import { toast } from "/page/notices.js";
import { Presses } from "/page/presses.js";

const ACTION_SHOWN = 5000; // milliseconds, as Telegram shows a chat action
const ACTIONS = {
  typing: "typing",
  upload_photo: "sending a photo",
  upload_document: "sending a file",
};
const at = (id) => document.getElementById(id);
const note = at("head-note");
let actionTimer = 0;
let pinned = [];

const conversation = new Conversation(say);
const composer = new Composer(say);
const line = new Line(heard, connected);
const presses = new Presses(line, at("messages"));
conversation.press = presses;
watchButtons(line);

function say(text) {
  if (line.send({ do: "say", text })) return true;
  toast("No connection. Your message was not sent.");
  return false;
}

function connected(is) {
  at("banner").hidden = is;
  composer.setConnected(is);
  if (is) return;
  presses.forget();
  quiet("waiting for network…");
}

function quiet(text = "bot") {
  clearTimeout(actionTimer);
  note.textContent = text;
  note.classList.remove("acting");
}

function acting(action) {
  quiet(ACTIONS[action] || action.replaceAll("_", " "));
  note.classList.add("acting");
  actionTimer = setTimeout(quiet, ACTION_SHOWN);
}

const HEARD = {
  state(state) {
    conversation.botName = state.bot.first_name;
    at("bot-name").textContent = state.bot.first_name;
    at("empty-name").textContent = state.bot.first_name;
    at("me").hidden = !state.several;
    at("me").textContent = state.me.name;
    at("me").title = `You are ${state.me.name} (${state.me.id})`;
    composer.setCommands(state.commands);
    showClock(state.clock);
    quiet();
    conversation.reset(state.messages);
    document.documentElement.dataset.ready = "yes";
    chat(state);
  },
  message({ body }) {
    if (body.sender.is_bot) quiet();
    conversation.add(body);
  },
  edit({ body }) {
    conversation.edit(body);
    showPinned();
  },
  delete({ body }) {
    conversation.remove(body.message_id);
  },
  action: ({ body }) => acting(body.action),
  chat: ({ body }) => chat(body),
  commands: ({ commands }) => composer.setCommands(commands),
  clock: ({ clock }) => setClock(clock),
  pressed: ({ ref, id }) => presses.pressed(ref, id),
  answered: (answer) => presses.answered(answer),
  refused: ({ text }) => toast(text),
};

function heard(message) {
  HEARD[message.kind]?.(message);
}

function chat(state) {
  pinned = state.pinned;
  showPinned();
  at("composer").hidden = state.blocked;
  at("unblock").hidden = !state.blocked;
  at("block").textContent = state.blocked ? "Unblock bot" : "Block bot";
  at("block").dataset.on = state.blocked ? "" : "yes";
}

function showPinned() {
  const last = conversation.messages.get(pinned.at(-1));
  at("pinned").hidden = !last;
  if (!last) return;
  at("pinned-text").textContent = conversation.quoted(last.message_id).words;
}

function menu(open) {
  at("more-menu").hidden = !open;
  at("more").setAttribute("aria-expanded", String(open));
}

at("pinned").addEventListener("click", () => conversation.goTo(pinned.at(-1)));
at("start").addEventListener("click", () => say("/start"));
at("unblock").addEventListener("click", () => line.send({ do: "block", on: false }));
at("block").addEventListener("click", () => {
  line.send({ do: "block", on: at("block").dataset.on === "yes" });
  menu(false);
});
at("more").addEventListener("click", () => menu(at("more-menu").hidden));
document.addEventListener("click", (event) => {
  if (!at("more").contains(event.target) && !at("more-menu").contains(event.target)) menu(false);
});
