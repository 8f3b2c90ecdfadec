// Read from a folder instead of a server, a link to a page has to name its file.
if (location.protocol === "file:") {
  for (const link of document.querySelectorAll("a[href]")) {
    if (link.protocol === "file:" && link.pathname.endsWith("/")) link.pathname += "index.html";
  }
}

// The next or previous change by the keys J and K, in whichever view is shown. The focus goes along, so that
// screen readers read the place; the keys can be switched off beside the views (WCAG 2.2, 2.1.4).
const redline = document.querySelector(".ps-redline");
const keys = document.getElementById("ps-keys");
if (redline && keys) {
  keys.parentElement.hidden = false;

  const places = () => {
    const anchors = redline.querySelectorAll(".ps-marked .rl-change");
    const blocks = [...anchors].map((anchor) =>
      anchor.parentElement.matches(".ps-marked") ? anchor.nextElementSibling : anchor.parentElement,
    );
    const rows = redline.querySelectorAll(".rl-row:has(.rl, [data-change])");
    return [...new Set([...blocks, ...rows])].filter((place) => place.getClientRects().length);
  };

  const step = (by) => {
    const all = places();
    const here = redline.contains(document.activeElement)
      ? document.activeElement
      : redline.querySelector(":target");
    const at = here ? all.findLastIndex((place) => place.contains(here)) : -1;
    const next = all[at < 0 && by < 0 ? all.length - 1 : at + by];
    if (!next) return;
    next.tabIndex = -1;
    next.focus({ preventScroll: true });
    next.scrollIntoView({ block: "center" });
  };

  addEventListener("keydown", (event) => {
    const isTyping = event.target.closest("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");
    if (!keys.checked || isTyping || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const letter = /^[a-z]$/i.test(event.key) ? event.key.toUpperCase() : event.code.replace("Key", "");
    if (letter === "J") step(1);
    if (letter === "K") step(-1);
  });

  // A link to a place in the marked text shows that text.
  const showTarget = () => {
    if (redline.querySelector(".ps-sides").getClientRects().length && redline.querySelector(".ps-marked :target")) {
      document.getElementById("ps-view-marked").checked = true;
      redline.querySelector(":target").scrollIntoView();
    }
  };
  addEventListener("hashchange", showTarget);
}
