// The keys there are. Every key that a script of ours handles stands in this table; the key ? shows those of the page
// that one is on, and so does Keys in the menu. Without scripts no key does anything, and nothing here is missing.
const TYPED_IN = "input:not([type=range], [type=checkbox], [type=radio]), textarea, select, [contenteditable]";

// `keys` are as browsers name them; `where` is what a page has on which they do something; `by` is the script that
// handles them, and there is none for what a browser does by itself.
export const KEYS = [
  {
    title: "On this page",
    where: "body",
    rows: [
      { keys: ["/"], does: "Go to the search box", by: "find.js", where: "#find, main input[type=search]" },
      { keys: ["Escape"], does: "Close the menu", by: "menu.js", where: ".bar .more" },
      { keys: ["?"], does: "Show these keys; Esc closes them", by: "keys.js" },
    ],
  },
  {
    title: "On the rail of time",
    where: "#replay:not([hidden])",
    rows: [
      { keys: ["ArrowLeft", "ArrowRight"], does: "A day earlier, a day later" },
      { keys: ["Home", "End"], does: "The first day, the last day" },
    ],
  },
  {
    title: "In the sheet of a session",
    where: "table.sheet",
    rows: [
      { keys: ["ArrowLeft", "ArrowRight"], does: "The box before, the box after", by: "grid.js" },
      { keys: ["ArrowUp", "ArrowDown"], does: "The box above, the box below", by: "grid.js" },
      { keys: ["Escape"], does: "Only this box again, where Shift and arrows took several", by: "grid.js" },
      { keys: ["Home", "End"], does: "The first box of the line, the last one", by: "grid.js" },
      { keys: ["0-9"], does: "That level, or the one in that place where levels have no numbers", by: "grid.js" },
      { keys: ["y", "n"], does: "Yes, no", by: "grid.js" },
      { keys: ["-"], does: "Not observed", by: "grid.js" },
      { keys: ["/"], does: "Does not apply", by: "grid.js" },
      { keys: ["Backspace", "Delete"], does: "Clear the box", by: "grid.js" },
      { keys: ["Ctrl+z"], does: "Undo what was scored last", by: "grid.js" },
    ],
  },
];

const NAMES = {
  ArrowLeft: "←",
  ArrowRight: "→",
  ArrowUp: "↑",
  ArrowDown: "↓",
  Escape: "Esc",
  Delete: "Del",
  "0-9": "0 to 9",
  "Ctrl+z": "Ctrl Z",
};

const make = (name, given = {}, ...inside) => {
  const made = Object.assign(document.createElement(name), given);
  made.append(...inside);
  return made;
};
const here = (part) => !part.where || document.querySelector(part.where);

function table(group) {
  const rows = group.rows.filter(here).map(({ keys, does }) => {
    const named = keys.flatMap((key) => [make("kbd", {}, NAMES[key] ?? key), " "]);
    return make("tr", {}, make("th", { scope: "row" }, ...named), make("td", {}, does));
  });
  return make("table", {}, make("caption", {}, group.title), make("tbody", {}, ...rows));
}

function show() {
  document.querySelector("dialog.key-list")?.remove();
  const close = make("button", { className: "second", textContent: "Close", autofocus: true });
  const shown = make(
    "dialog",
    { className: "key-list" },
    make("h2", { id: "keys-title" }, "Keys"),
    ...KEYS.filter(here).map(table),
    make("form", { method: "dialog" }, close),
  );
  shown.setAttribute("aria-labelledby", "keys-title");
  shown.addEventListener("click", (event) => event.target === shown && shown.close());
  document.body.append(shown);
  // A browser closes it on Esc, and leads back to where one was.
  shown.showModal();
}

addEventListener("keydown", (event) => {
  if (event.key !== "?" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.(TYPED_IN) || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  show();
});
for (const way of document.querySelectorAll("button.show-keys")) {
  way.hidden = false;
  way.addEventListener("click", () => {
    // The menu closes, so it is the word More to which one comes back.
    const menu = way.closest("details");
    menu?.querySelector("summary").focus();
    menu?.removeAttribute("open");
    show();
  });
}
