// Notifications of this browser, where it has them: turned on and off on the page of how somebody is told.
const place = document.querySelector("#push"),
  says = document.querySelector("#push-says"),
  on = document.querySelector("#push-on"),
  off = document.querySelector("#push-off");

const octets = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));

async function tell(what, endpoint) {
  const answer = await fetch("/notices/push", { method: "POST", body: new URLSearchParams({ do: what, endpoint }) });
  if (!answer.ok) throw new Error(answer.statusText);
}

function show(subscription) {
  on.hidden = subscription !== null;
  off.hidden = subscription === null;
}

async function turnOn(registration) {
  if ((await Notification.requestPermission()) !== "granted") {
    says.textContent = "This browser does not allow notifications of this page. Its settings say why.";
    return;
  }
  const subscription = await registration.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: octets(place.dataset.key),
  });
  try {
    await tell("on", subscription.endpoint);
  } catch (error) {
    await subscription.unsubscribe();
    throw error;
  }
  show(subscription);
  says.textContent = "Notifications are shown here from now on.";
}

async function turnOff(registration) {
  const subscription = await registration.pushManager.getSubscription();
  if (subscription) {
    await tell("off", subscription.endpoint);
    await subscription.unsubscribe();
  }
  show(null);
  says.textContent = "No notifications are shown here any more.";
}

const trying = (work, registration) => async () => {
  try {
    await work(registration);
  } catch {
    says.textContent = "That did not work: this browser or its service cannot be reached now. Try again later.";
  }
};

if (place && "serviceWorker" in navigator && "PushManager" in window && "Notification" in window) {
  await navigator.serviceWorker.register("/sw.js", { type: "module" });
  const registration = await navigator.serviceWorker.ready;
  show(await registration.pushManager.getSubscription());
  on.addEventListener("click", trying(turnOn, registration));
  off.addEventListener("click", trying(turnOff, registration));
  place.hidden = false;
}
