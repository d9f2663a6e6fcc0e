// What the phone says over the conversation: a toast, or a dialog that waits.

const SHOWN = 3200; // milliseconds
const toastBox = document.getElementById("toast");
const alertBox = document.getElementById("alert");
let timer = 0;

export function toast(text) {
  clearTimeout(timer);
  toastBox.textContent = text;
  toastBox.hidden = false;
  timer = setTimeout(() => (toastBox.hidden = true), SHOWN);
}

export function alert(text) {
  document.getElementById("alert-text").textContent = text;
  if (!alertBox.open) alertBox.showModal();
}
