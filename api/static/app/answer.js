// Keeps every answer as it is given, so that a flat battery costs nothing. Without this script the two buttons do the
// same.
import { aside, setFact } from "{{ app/store.js }}";

const form = document.querySelector("[data-answers]");
const said = form.querySelector("[data-status]");
let waiting = 0;
let going = false;

function count() {
  return new Set(
    [...new FormData(form)].filter(([name, value]) => name.startsWith("answer:") && value).map(([name]) => name),
  ).size;
}

function tell(words) {
  said.textContent = `${count()} of ${said.dataset.total} answered. ${words}`;
}

async function keep() {
  if (going) return;
  const body = new FormData(form);
  body.set("do", "keep");
  try {
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(body) });
    tell(answer.ok ? "Kept." : "Not kept yet; press Finish when you are done.");
  } catch {
    tell("No connection. Your answers stay on this page; it will be tried again.");
    waiting = setTimeout(keep, 5000);
  }
}

form.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(keep, 400);
  tell("");
});
form.addEventListener("submit", () => {
  going = true;
  clearTimeout(waiting);
});
tell("");
// Whoever holds the tablet now is not staff: the pages that open with no signal must not open for them either.
if ("handedOver" in form.dataset) {
  // A browser that keeps nothing has no page to open for them.
  await setFact("handed-over", true).catch(aside("hand-over"));
}
document.documentElement.dataset.ready = "1";
