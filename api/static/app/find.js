// The search box: the key / leads to it from anywhere but a field. A box beside a list narrows the list as one types,
// without a word of it leaving the page; sent, it asks the whole service.
const box = document.querySelector("#find");
const TYPED_IN = "input, textarea, select, [contenteditable]";

addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest?.(TYPED_IN)) return;
  const there = box?.offsetParent ? box : document.querySelector("main input[type=search]");
  if (!there) return;
  event.preventDefault();
  there.focus();
  there.select();
});

// As the whole service is searched (projections/queries/searching.py): apostrophes, hyphens and spaces inside a name
// make no difference, whoever writes it.
const MOST_RUN_TOGETHER = 4;
const wordsOf = (text) =>
  text
    .normalize("NFKD")
    .replace(/\p{Mn}/gu, "")
    .replace(/[^\p{L}\p{M}\p{N}]|[\u02b9\u02bb-\u02bf\u02c8\ua78b\ua78c]/gu, " ")
    .toLowerCase()
    .split(/\s+/)
    .filter(Boolean);

const isIn = (wanted, text) => {
  const words = wordsOf(text);
  const endings = words.map((_, place) => words.slice(place).join(""));
  const foundTo = [true];
  for (let end = 1; end <= wanted.length; end += 1) {
    const begins = [...Array(Math.min(MOST_RUN_TOGETHER, end)).keys()].map((more) => end - 1 - more);
    const isFound = (part) => endings.some((ending) => ending.startsWith(part));
    foundTo[end] = begins.some((begin) => foundTo[begin] && isFound(wanted.slice(begin, end).join("")));
  }
  return foundTo[wanted.length];
};

for (const narrows of document.querySelectorAll("[data-narrows]")) {
  const list = document.getElementById(narrows.dataset.narrows);
  narrows.addEventListener("input", () => {
    const wanted = wordsOf(narrows.value);
    for (const item of list.querySelectorAll("[data-name]")) item.hidden = !isIn(wanted, item.dataset.name);
  });
}
