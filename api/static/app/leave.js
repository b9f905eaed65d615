// Signing out empties a browser, so it waits until everything that was logged here is sent.
for (const form of document.querySelectorAll('form[action="/sign-out"]')) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    let problem = "";
    try {
      const { letGo, mayLeave } = await import("{{ app/frame.js }}");
      problem = await mayLeave();
      if (!problem) await letGo();
    } catch (error) {
      // A browser without a store has nothing waiting in it. Of any other nobody knows, so nothing is thrown away.
      if (error?.name !== "KeepsNothing")
        problem =
          "This device could not say whether something still waits to be sent. Open this page again before you " +
          "sign out.";
    }
    if (!problem) return form.submit();
    const said = document.createElement("p");
    said.className = "note warn";
    said.setAttribute("role", "alert");
    said.textContent = problem;
    document.querySelector("#leaving")?.remove();
    said.id = "leaving";
    document.querySelector("main").prepend(said);
    said.scrollIntoView({ block: "center" });
  });
}
