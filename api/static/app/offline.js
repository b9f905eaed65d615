// The page that stands where another one needs a signal says how much waits on this device.
import { saysWhatWaits } from "{{ app/frame.js }}";
import { channel } from "{{ app/store.js }}";

const where = document.querySelector("#waits");
const say = () =>
  saysWhatWaits(where).catch(() => {
    where.textContent = "This browser keeps nothing on this device.";
  });
say();
channel.addEventListener("message", say);
