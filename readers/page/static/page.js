// What a browser with scripts does beyond the links: copies, whole addresses to share, and no need to press Go.
"use strict";
(() => {
  const whole = link => new URL(link, location.href).href;
  function prepare(root) {
    for (const field of root.querySelectorAll("[data-address]")) field.value = whole(field.getAttribute("value"));
    for (const field of root.querySelectorAll("[data-embed]")) {
      field.value = `<iframe src="${whole(field.getAttribute("value"))}" title="Pulso" width="100%" height="480" style="border:0"></iframe>`;
    }
    for (const button of root.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
  }
  document.addEventListener("click", async event => {
    const button = event.target.closest("[data-copy]");
    if (!button) return;
    const field = button.parentElement.querySelector("input, textarea");
    await navigator.clipboard.writeText(field.value);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
  document.addEventListener("change", event => {
    if (event.target.matches("[data-go]")) event.target.form.submit();
  });
  function late(isLate) {
    document.getElementById("late")?.remove();
    if (!isLate) return;
    const note = document.createElement("p");
    note.id = "late";
    note.className = "notice";
    note.setAttribute("role", "alert");
    note.textContent = "This page could not be renewed: its figures are older than a minute. It tries again each minute.";
    document.getElementById("main").before(note);
  }
  // An answer that is no page, of a proxy for example, must not take the place of the figures: they stay, with a notice.
  document.addEventListener("htmx:after:request", event => {
    if (event.target.id !== "main") return;
    const { response, text } = event.detail.ctx;
    const isPage = response.status === 204 || (text.includes('id="main"') && (response.status === 200 || document.querySelector("#main > .empty")));
    late(!isPage);
    if (!isPage) event.preventDefault();
  });
  document.addEventListener("htmx:error", event => { if (event.target.id === "main") late(true); });
  document.addEventListener("htmx:after:swap", () => prepare(document));
  prepare(document);
})();
