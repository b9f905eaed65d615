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

const plain = (words) =>
  words
    .normalize("NFKD")
    .replace(/\p{M}/gu, "")
    .toLowerCase()
    .trim();

for (const narrows of document.querySelectorAll("[data-narrows]")) {
  const list = document.getElementById(narrows.dataset.narrows);
  narrows.addEventListener("input", () => {
    const wanted = plain(narrows.value).split(/\s+/);
    for (const item of list.querySelectorAll("[data-name]")) {
      const words = plain(item.dataset.name).split(/\s+/);
      item.hidden = !wanted.every((part) => words.some((word) => word.startsWith(part)));
    }
  });
}
