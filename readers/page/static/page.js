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
  document.addEventListener("htmx:after:swap", () => prepare(document));
  prepare(document);
})();
