// The connection to the phone's server: reconnects by itself, hands every message on.

const FIRST_WAIT = 250; // milliseconds
const LONGEST_WAIT = 4000;

export class Line {
  constructor(heard, changed) {
    this.heard = heard;
    this.changed = changed;
    this.wait = FIRST_WAIT;
    this.socket = null;
    addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
    this.open();
  }

  get isOpen() {
    return this.socket !== null && this.socket.readyState === WebSocket.OPEN;
  }

  open() {
    this.timer = 0;
    const holder = new URLSearchParams(location.search).get("as");
    const query = holder ? `?as=${encodeURIComponent(holder)}` : "";
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.socket = new WebSocket(`${scheme}://${location.host}/socket${query}`);
    this.socket.addEventListener("open", () => {
      this.wait = FIRST_WAIT;
      this.changed(true);
    });
    this.socket.addEventListener("message", (event) => this.heard(JSON.parse(event.data)));
    this.socket.addEventListener("close", () => {
      this.changed(false);
      this.timer = setTimeout(() => this.open(), this.wait);
      this.wait = Math.min(this.wait * 2, LONGEST_WAIT);
    });
  }

  hurry() {
    if (!this.timer) return;
    clearTimeout(this.timer);
    this.open();
  }

  // False when there is no connection to send over.
  send(wish) {
    if (!this.isOpen) return false;
    this.socket.send(JSON.stringify(wish));
    return true;
  }
}
