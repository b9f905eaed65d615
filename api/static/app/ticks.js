// Ticking several in a list: one box ticks all, where there is one, and how many are ticked is said. Without this
// script the same boxes are sent as they stand.
for (const form of document.querySelectorAll("form.ticks")) {
  const all = form.elements.all;
  const each = [...form.querySelectorAll('input[name="student"]')];
  const told = form.querySelector("[data-ticked]");

  const tell = () => {
    const ticked = each.filter((box) => box.checked).length;
    if (all) {
      all.checked = ticked === each.length;
      all.indeterminate = ticked > 0 && !all.checked;
    }
    const students = ticked === 1 ? "student" : "students";
    told.textContent = ticked ? `For ${ticked} ticked ${students}` : "Nobody is ticked yet";
  };

  form.addEventListener("change", (event) => {
    if (all && event.target === all) for (const box of each) box.checked = all.checked;
    tell();
  });
  // A page that is gone back to keeps its ticks.
  addEventListener("pageshow", tell);
  tell();
}
