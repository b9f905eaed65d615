// Looks, while somebody types, whether the child was here before, and says what pressing the button will do. Without
// this script the same is asked when the button is pressed.
const form = document.getElementById("admit");
const alike = document.getElementById("alike");
const weekLater = document.getElementById("week-later");
const WHO = ["given_name", "family_name", "date_of_birth", "upn"];
let waiting, asked;

const value = (name) => form.elements[name]?.value?.trim() ?? "";

async function look() {
  const whole = value("given_name") && value("family_name") && (value("date_of_birth") || value("upn"));
  const now = WHO.map(value).join("|");
  if (now === asked) return;
  asked = now;
  if (!whole) return alike.replaceChildren();
  const answer = await fetch(form.dataset.alike, { method: "POST", body: new URLSearchParams(new FormData(form)) });
  if (!answer.ok || asked !== now) return;
  const part = new DOMParser().parseFromString(await answer.text(), "text/html");
  alike.replaceChildren(...part.body.childNodes);
}

// With no signal nothing is shown, the next letter asks again, and the button asks in any case.
const lookOrAskAgain = () =>
  look().catch(() => {
    asked = undefined;
  });

const say = (what, words) => {
  for (const place of form.querySelectorAll(`[data-say="${what}"]`)) place.textContent = words;
};

function tell() {
  if (weekLater) weekLater.hidden = value("start") >= weekLater.dataset.slotsBegin;
  const [first, family] = [value("known_as") || value("given_name"), value("family_name")];
  say("name", first ? `${first}${family ? ` ${family[0].toUpperCase()}` : ""}` : "them");
  const group = value("other_group") || value("group");
  say("group", group ? `in ${group}` : "");
  const mentor = form.elements.mentor?.selectedOptions[0]?.dataset.name;
  say(
    "mentor",
    mentor ? `${mentor} sees ${first || "them"} among the visits` : "Whoever mentors them sees them among the visits",
  );
}

form.addEventListener("input", (event) => {
  tell();
  if (!WHO.includes(event.target.name)) return;
  clearTimeout(waiting);
  waiting = setTimeout(lookOrAskAgain, 400);
});
tell();
document.documentElement.dataset.ready = "1";
