// Earlier days of a diary come in under those that are shown. Without this they come as a page of their own.
const days = document.getElementById("days");
days.closest("section").addEventListener("submit", async (event) => {
  const form = event.target.closest("[data-earlier]");
  if (!form) return;
  event.preventDefault();
  const button = form.querySelector("button");
  button.disabled = true;
  const [asked, posted] = [new FormData(form), form.method === "post"];
  const address = posted ? form.action : `${form.action}?${new URLSearchParams(asked)}`;
  try {
    const answer = await fetch(address, posted ? { method: "POST", body: asked } : {});
    if (!answer.ok) throw new Error(`${answer.status}`);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const more = page.getElementById("days").querySelector(".diary");
    const first = more.querySelector("h3");
    const told = days.querySelector(".diary");
    if (told.querySelector("h3")) told.append(...(first ? more.childNodes : []));
    else told.replaceChildren(...more.childNodes);
    // Whatever stands under the days comes from the newest answer.
    while (days.nextElementSibling) days.nextElementSibling.remove();
    const under = page.getElementById("days");
    for (let next = under.nextElementSibling; next; next = under.nextElementSibling) days.parentNode.append(next);
    if (first) {
      first.tabIndex = -1;
      first.focus();
    }
  } catch {
    // What cannot be fetched here is asked for as a page, which says why.
    form.submit();
  }
});
