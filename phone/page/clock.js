// The strip that shows market time and turns it.

const strip = document.getElementById("clock");
const label = document.getElementById("clock-label");
const status = document.getElementById("clock-status");
const reason = document.getElementById("clock-reason");
const run = document.getElementById("clock-run");
const RUNNING = "running";
const PAUSED = "paused";

export function watchButtons(line) {
  const turn = (act) => line.send({ do: "clock", act });
  run.addEventListener("click", () => turn(strip.dataset.status === PAUSED ? "resume" : "pause"));
  for (const act of ["step", "faster", "slower"]) {
    document.getElementById(`clock-${act}`).addEventListener("click", () => turn(act));
  }
}

export function showClock(present) {
  strip.hidden = !present;
}

export function setClock(clock) {
  strip.hidden = false;
  strip.dataset.status = clock.status;
  label.textContent = clock.label || clock.now;
  status.textContent = clock.status;
  const pace = pacing(Number(clock.seconds_per_day));
  reason.textContent = clock.status === RUNNING ? clock.reason || pace : clock.reason || "";
  reason.title = reason.textContent;
  reason.hidden = !reason.textContent;
  const act = clock.status === PAUSED ? "Resume" : "Pause";
  run.setAttribute("aria-label", act);
  run.title = act;
  for (const name of ["faster", "slower"]) {
    const word = name[0].toUpperCase() + name.slice(1);
    document.getElementById(`clock-${name}`).title = pace ? `${word} (now ${pace})` : word;
  }
  const over = clock.status === "exhausted";
  for (const button of strip.querySelectorAll("button")) button.disabled = over;
}

function pacing(seconds) {
  if (!(seconds > 0)) return "";
  if (seconds < 120) return `${Number(seconds.toPrecision(3))} s a day`;
  if (seconds < 7200) return `${Number((seconds / 60).toPrecision(2))} min a day`;
  return `${Number((seconds / 3600).toPrecision(2))} h a day`;
}
