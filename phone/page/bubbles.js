// One message as a bubble, with its photo, its words, its time and its buttons.

import { rendered } from "/page/entities.js";
import { icon } from "/page/icons.js";
import { view } from "/page/viewer.js";

const clockTime = new Intl.DateTimeFormat([], { hour: "2-digit", minute: "2-digit", hour12: false });

export function bubble(message, { say, press, quoted }) {
  const item = make("li", message.sender.is_bot ? "message theirs" : "message mine");
  item.dataset.messageId = message.message_id;
  item.dataset.testid = "message";
  const column = make("div", "column");
  const box = make("div", "bubble");
  const words = message.text ?? message.caption ?? "";
  if (message.reply_to) box.append(reply(message.reply_to, quoted));
  if (message.photo.length) box.append(photo(message, words));
  if (message.document) box.append(file(message.document));
  if (words) {
    const text = make("div", "words");
    text.dataset.testid = "words-of-message";
    text.append(rendered(words, message.entities, say));
    box.append(text);
  }
  const hasPicture = message.photo.length > 0;
  box.classList.toggle("with-photo", hasPicture);
  box.classList.toggle("bare", hasPicture && !words);
  box.append(meta(message));
  column.append(box);
  if (message.keyboard.length) column.append(keyboard(message, press));
  item.append(column);
  return item;
}

function make(tag, className) {
  const node = document.createElement(tag);
  node.className = className;
  return node;
}

function meta(message) {
  const line = make("div", "meta");
  if (message.silent) line.append(icon("silent", "sent without sound"));
  if (message.edit_date) line.append(edited());
  const time = make("time", "time");
  const date = new Date(message.date * 1000);
  time.dateTime = date.toISOString();
  time.title = date.toLocaleString();
  time.textContent = clockTime.format(date);
  line.append(time);
  if (!message.sender.is_bot) line.append(icon("sent", "sent"));
  return line;
}

function edited() {
  const node = make("span", "edited");
  node.textContent = "edited";
  return node;
}

function photo(message, words) {
  const size = message.photo[message.photo.length - 1];
  const button = make("button", "photo");
  button.type = "button";
  button.dataset.testid = "photo";
  button.setAttribute("aria-label", "Open photo");
  const image = document.createElement("img");
  image.src = `/media/${encodeURIComponent(size.file_id)}`;
  image.width = size.width;
  image.height = size.height;
  image.alt = words.split("\n")[0] || "Photo";
  image.decoding = "async";
  image.addEventListener("error", () => {
    button.classList.add("gone");
    button.textContent = "This photo is no longer kept.";
    button.disabled = true;
  });
  button.append(image);
  button.addEventListener("click", () => view(image.src, words));
  return button;
}

function file(document_) {
  const link = make("a", "file");
  link.href = `/media/${encodeURIComponent(document_.file_id)}`;
  link.download = document_.file_name || "file";
  link.dataset.testid = "document";
  const round = make("span", "file-icon");
  round.append(icon("save"));
  const text = make("span", "file-text");
  const name = make("span", "file-name");
  name.textContent = document_.file_name || "file";
  const size = make("span", "file-size");
  size.textContent = inBytes(document_.file_size);
  text.append(name, size);
  link.append(round, text);
  return link;
}

function inBytes(count) {
  if (count < 1024) return `${count} B`;
  if (count < 1024 * 1024) return `${(count / 1024).toFixed(1)} KB`;
  return `${(count / 1024 / 1024).toFixed(1)} MB`;
}

function reply(messageId, quoted) {
  const button = make("button", "reply");
  button.type = "button";
  button.dataset.replyTo = messageId;
  const { who, words } = quoted(messageId);
  const name = make("span", "reply-name");
  name.textContent = who;
  const text = make("span", "reply-words");
  text.textContent = words;
  button.append(name, text);
  return button;
}

function keyboard(message, press) {
  const box = make("div", "keyboard");
  for (const row of message.keyboard) {
    const line = make("div", "keyboard-row");
    for (const raw of row) line.append(key(message, raw, press));
    box.append(line);
  }
  return box;
}

function key(message, raw, press) {
  const node = make(raw.url ? "a" : "button", "key");
  if (raw.style) node.classList.add(`key-${raw.style}`);
  node.dataset.buttonText = raw.text;
  node.dataset.testid = "key";
  const label = make("span", "key-label");
  label.textContent = raw.text;
  node.append(label);
  if (raw.url) {
    if (/^(https?|tg):/i.test(raw.url)) node.href = raw.url;
    node.target = "_blank";
    node.rel = "noopener noreferrer";
    node.append(corner("link"));
    return node;
  }
  node.type = "button";
  if (raw.disabled) {
    node.disabled = true;
  } else if (raw.copy_text) {
    node.append(corner("copy"));
    node.addEventListener("click", () => press.copy(raw.copy_text.text));
  } else {
    node.dataset.callbackData = raw.callback_data;
    node.addEventListener("click", () => press.callback(message, raw.callback_data));
    if (press.isWaiting(message, raw.callback_data)) node.classList.add("waiting");
  }
  return node;
}

function corner(sign) {
  const node = make("span", "key-corner");
  node.append(icon(sign));
  return node;
}
