// How much there is to read, asked again every half minute while somebody looks at the page. Without a signal, or with
// nobody signed in, the bell stays as it is.
const LOOK_AGAIN = 30000;
const ringing = document.querySelector("#ringing"),
  bell = ringing?.closest(".bell");

async function look() {
  if (document.hidden || !navigator.onLine) return;
  try {
    const answer = await fetch("/notices/count", { headers: { accept: "application/json" }, redirect: "manual" });
    if (!answer.ok) return;
    const { count } = await answer.json();
    bell.hidden = false;
    ringing.hidden = count === 0;
    ringing.textContent = count > 99 ? "99+" : String(count);
  } catch (error) {
    // No signal is nothing that a bell has to say: the strip of the app does.
    console.warn("bell", error.name);
  }
}

if (bell) {
  // A page of the service came with its count; those of the app are the same for everybody.
  if (bell.hidden) look();
  setInterval(look, LOOK_AGAIN);
  document.addEventListener("visibilitychange", look);
}
