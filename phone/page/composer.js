// Where words are typed: grows with them, completes commands, sends on Enter.

const form = document.getElementById("composer");
const words = document.getElementById("words");
const send = document.getElementById("send");
const list = document.getElementById("completions");
const menu = document.getElementById("commands-button");

export class Composer {
  constructor(say) {
    this.say = say;
    this.commands = [];
    this.chosen = -1;
    this.showsAll = false;
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    words.addEventListener("input", () => this.typed());
    words.addEventListener("keydown", (event) => this.key(event));
    menu.addEventListener("click", () => this.toggleMenu());
    document.addEventListener("click", (event) => {
      if (!form.contains(event.target) && !list.contains(event.target)) this.hide();
    });
  }

  setCommands(commands) {
    this.commands = commands;
    menu.hidden = commands.length === 0;
  }

  setConnected(connected) {
    this.connected = connected;
    send.disabled = !connected || !words.value.trim();
  }

  typed() {
    words.style.height = "auto";
    words.style.height = `${Math.min(words.scrollHeight, 140)}px`;
    form.classList.toggle("typing", words.value !== "");
    send.disabled = !this.connected || !words.value.trim();
    this.showsAll = false;
    const match = /^\/(\w*)$/.exec(words.value);
    if (match) this.show(match[1].toLowerCase());
    else this.hide();
  }

  key(event) {
    if (event.isComposing) return;
    if (!list.hidden && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      this.choose(this.chosen + (event.key === "ArrowDown" ? 1 : -1));
    } else if (!list.hidden && event.key === "Escape") {
      event.preventDefault();
      this.hide();
    } else if (!list.hidden && event.key === "Tab" && list.children.length) {
      event.preventDefault();
      this.fill(list.children[Math.max(this.chosen, 0)].dataset.command);
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      const picked = !list.hidden && list.children[this.chosen];
      if (picked) this.take(picked.dataset.command);
      else this.submit();
    }
  }

  toggleMenu() {
    const open = !list.hidden && this.showsAll;
    if (open) return this.hide();
    this.showsAll = true;
    this.show("");
    menu.setAttribute("aria-expanded", "true");
  }

  show(beginning) {
    const fitting = this.commands.filter((one) => one.command.startsWith(beginning));
    list.replaceChildren(...fitting.map((one) => this.row(one)));
    list.hidden = fitting.length === 0;
    list.scrollTop = 0;
    this.chosen = -1;
    if (!list.hidden && !this.showsAll) this.choose(0);
  }

  row(one) {
    const row = document.createElement("button");
    row.type = "button";
    row.className = "completion";
    row.id = `completion-${one.command}`;
    row.dataset.command = one.command;
    row.dataset.testid = "completion";
    row.setAttribute("role", "option");
    row.setAttribute("aria-selected", "false");
    const name = document.createElement("span");
    name.className = "completion-name";
    name.textContent = `/${one.command}`;
    const description = document.createElement("span");
    description.className = "completion-description";
    description.textContent = one.description;
    row.append(name, description);
    row.addEventListener("click", () => this.take(one.command));
    return row;
  }

  choose(index) {
    const rows = [...list.children];
    this.chosen = (index + rows.length) % rows.length;
    rows.forEach((row, at) => row.setAttribute("aria-selected", String(at === this.chosen)));
    rows[this.chosen].scrollIntoView({ block: "nearest" });
    words.setAttribute("aria-activedescendant", rows[this.chosen].id);
  }

  fill(command) {
    words.value = `/${command} `;
    this.typed();
    words.focus();
  }

  take(command) {
    this.hide();
    if (this.say(`/${command}`)) this.clear();
  }

  submit() {
    const text = words.value;
    if (!text.trim()) return;
    if (this.say(text)) this.clear();
  }

  clear() {
    words.value = "";
    this.typed();
    words.focus();
  }

  hide() {
    list.hidden = true;
    this.chosen = -1;
    words.removeAttribute("aria-activedescendant");
    menu.setAttribute("aria-expanded", "false");
  }
}
