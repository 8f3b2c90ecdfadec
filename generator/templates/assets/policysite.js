// In a site that is opened from a folder, a link to a page has to name its file.
if (location.protocol === "file:") {
  for (const link of document.querySelectorAll("a[href]")) {
    if (link.protocol === "file:" && link.pathname.endsWith("/")) link.pathname += "index.html";
  }
}

// Makes boxes that scroll reachable by keyboard; not every browser does so itself.
const reach = () => {
  for (const box of document.querySelectorAll(":is(.ps-text, .ps-redline) :is(pre, table, .md-typeset__scrollwrap)"))
    if (box.scrollWidth > box.clientWidth) box.tabIndex = 0;
};
for (const happening of ["load", "resize", "change", "ps-redline"]) addEventListener(happening, reach);

// Prints the part of the list of changes that the reader has opened.
addEventListener("click", ({ target }) => {
  const more = target.closest?.(".ps-more > summary")?.parentElement;
  more?.classList.toggle("ps-more--opened", !more.open);
});

// Writes a day as the pages do: in the element's pattern, with the name of the month in the page's language.
const inWords = (day, element) => {
  const form = { day: "numeric", month: "long", year: "numeric", calendar: "gregory" };
  const parts = new Intl.DateTimeFormat(element.closest("[lang]").lang, form).formatToParts(day);
  const part = (name) => parts.find(({ type }) => type === name).value;
  const names = { d: "day", M: "month", y: "year" };
  return element.dataset.pattern.replace(/'([^']*)'|([dMy])\2*/g, (_, words, letter) => words ?? part(names[letter]));
};

// The keys J and K go to the next and previous change in the current view. The focus moves too, so that screen readers
// read the passage. The keys can be turned off beside the views (WCAG 2.2, 2.1.4).
const followRedline = () => {
  const redline = document.querySelector(".ps-redline");
  const keys = document.getElementById("ps-keys");
  if (!redline || !keys) return;
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
};
followRedline();
addEventListener("ps-redline", followRedline); // a comparison brings one later

// Says whether the text has changed since the last visit, which only this device remembers. It is sent to no one.
const visit = document.getElementById("ps-visit");
if (visit) {
  const OFF = "policysite.visit.off";
  const { document: id, number, follows, label, said, newest, since } = visit.dataset;
  const key = `policysite.visit.${id}`;
  const remember = () => {
    const day = new Date().toISOString();
    localStorage.setItem(key, JSON.stringify({ number: Number(number), label, said, day }));
  };
  const tell = (before) => {
    let page = `compare/?from=${before.label}&to=${label}`;
    if (before.number === Number(follows)) page = `changes/${label}/`;
    else if (number === newest && since.split(" ").includes(String(before.number))) page = `since/${before.label}/`;
    const words = visit.querySelector("[data-words]");
    const day = inWords(new Date(before.day), words);
    words.textContent = words.dataset.words.replace("{day}", day).replace("{label}", before.said);
    const link = visit.querySelector("a");
    link.href = location.protocol === "file:" ? page.replace(/\/(\?|$)/, "/index.html$1") : page;
    link.addEventListener("click", remember);
    const [done, forget] = visit.querySelectorAll("button");
    done.addEventListener("click", () => {
      remember();
      visit.hidden = true;
    });
    forget.addEventListener("click", () => {
      for (const name of Object.keys(localStorage)) if (name.startsWith("policysite.visit.")) localStorage.removeItem(name);
      localStorage.setItem(OFF, "");
      visit.hidden = true;
    });
    visit.hidden = false;
  };
  try {
    if (localStorage.getItem(OFF) === null) {
      const before = JSON.parse(localStorage.getItem(key));
      if (before && before.number !== Number(number)) tell(before);
      else remember();
    }
  } catch {
    // Storage is turned off, or holds something else: nothing is remembered.
  }
}

// Answers which version was in force on a day.
const onDay = document.getElementById("ps-on");
if (onDay) {
  const answer = onDay.querySelector("[role=status]");
  const day = new URLSearchParams(location.search).get("on");
  if (day) {
    onDay.elements.on.value = day;
    const rows = [...document.querySelectorAll(".ps-periods tbody tr")];
    const found = rows.find(({ dataset }) => dataset.from <= day && (!dataset.until || day < dataset.until));
    const date = new Date(`${day}T12:00`);
    const { was, will, before, after } = answer.dataset;
    const say = (words) => words.replace("{day}", inWords(date, answer));
    if (found) {
      found.setAttribute("aria-current", "true");
      const [start, end] = say(date > Date.now() ? will : was).split("{version}");
      answer.replaceChildren(start, found.querySelector("a").cloneNode(true), end);
    } else answer.textContent = say(rows.some(({ dataset }) => dataset.from <= day) ? after : before);
  }
}
