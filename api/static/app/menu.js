// The menu behind More closes on Esc, and on a click beside it.
const more = document.querySelector(".bar .more");

addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !more?.open) return;
  more.open = false;
  more.querySelector("summary").focus();
});
addEventListener("click", (event) => {
  if (more?.open && !more.contains(event.target)) more.open = false;
});
