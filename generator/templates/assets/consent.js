// Counts visitors, only with their consent. The choice for each service is kept on the device, with its version and its
// end. If the browser stores nothing, no visitor is asked or counted.
{
  const KEY = "policysite.consent";
  const DAYS = 180; // then it is asked again: CNIL, Recommendation on cookies and other trackers (2020), 6 months
  const section = document.getElementById("ps-consent");
  const answers = section.querySelector("form");
  const services = [...answers.querySelectorAll("[type=checkbox]")];
  const opener = document.getElementById("ps-consent-open");

  const load = (address) => document.head.append(Object.assign(document.createElement("script"), { async: true, src: address }));

  const START = {
    google: (counter) => {
      window.dataLayer = window.dataLayer || [];
      window.gtag = function () {
        window.dataLayer.push(arguments);
      };
      window.gtag("js", new Date());
      window.gtag("config", counter, { allow_google_signals: false, allow_ad_personalization_signals: false });
      load(`https://www.googletagmanager.com/gtag/js?id=${counter}`);
    },
    yandex: (counter) => {
      window.ym = window.ym || Object.assign((...words) => window.ym.a.push(words), { a: [], l: Date.now() });
      window.ym(Number(counter), "init", { accurateTrackBounce: true });
      load("https://mc.yandex.ru/metrika/tag.js");
    },
  };
  // A script that is already running must send nothing more until the page is left.
  const STOP = {
    google: (counter) => (window[`ga-disable-${counter}`] = true),
    yandex: (counter) => window.ym(Number(counter), "destruct"),
  };
  // The data that each service stores on this device, from its documentation of cookies.
  const TRACES = { google: /^_(ga|gid|gat|gac|gcl)/, yandex: /^_ym/ };

  const forget = (pattern) => {
    for (const cookie of document.cookie.split("; ")) {
      const name = cookie.split("=")[0];
      if (!pattern.test(name)) continue;
      const labels = location.hostname.split(".");
      const domains = ["", ...labels.map((_, at) => `; domain=.${labels.slice(at).join(".")}`)];
      for (const domain of domains) document.cookie = `${name}=; path=/; expires=Thu, 01 Jan 1970 00:00:00 GMT${domain}`;
    }
    for (const storage of [localStorage, sessionStorage])
      for (const name of Object.keys(storage)) if (pattern.test(name)) storage.removeItem(name);
  };

  const choice = () => {
    try {
      const kept = JSON.parse(localStorage.getItem(KEY));
      return kept && kept.version === section.dataset.version && Date.parse(kept.until) > Date.now() ? kept.allowed : null;
    } catch {
      return null;
    }
  };

  const begin = (names) => {
    for (const { name, value } of services) if (names.includes(name)) START[name](value);
  };

  // The question must not cover the end of the page.
  const show = (isShown) => {
    section.hidden = !isShown;
    const height = isShown ? `${section.offsetHeight}px` : "";
    document.documentElement.style.scrollPaddingBlockEnd = height;
    document.body.style.paddingBlockEnd = height;
    if (!isShown && "opened" in section.dataset) opener.focus({ preventScroll: true });
  };

  const ask = () => {
    for (const service of services) service.checked = (choice() ?? []).includes(service.name);
    show(true);
  };

  const decide = (allowed) => {
    const before = choice() ?? [];
    const until = new Date(Date.now() + DAYS * 86400000).toISOString();
    localStorage.setItem(KEY, JSON.stringify({ version: section.dataset.version, until, allowed }));
    show(false);
    const withdrawn = services.filter(({ name }) => before.includes(name) && !allowed.includes(name));
    for (const { name, value } of withdrawn) STOP[name](value);
    for (const { name } of withdrawn) forget(TRACES[name]);
    if (withdrawn.length) location.reload(); // a script that is loaded already cannot be unloaded
    else begin(allowed.filter((name) => !before.includes(name)));
  };

  const start = () => {
    answers.addEventListener("submit", (event) => {
      event.preventDefault();
      decide(services.filter((service) => service.checked).map((service) => service.name));
    });
    answers.querySelector("[value=none]").addEventListener("click", () => decide([]));
    answers.querySelector("[value=all]").addEventListener("click", () => decide(services.map((service) => service.name)));
    section.addEventListener("keydown", (event) => {
      if (event.key === "Escape") show(false); // which is no answer: the next page asks again
    });
    opener.hidden = false;
    opener.addEventListener("click", () => {
      section.dataset.opened = "";
      ask();
      document.getElementById("ps-consent-title").focus();
    });
    const allowed = choice();
    // Data left from a choice that has ended, or stored while a page was being left.
    for (const { name } of services) if (!allowed?.includes(name)) forget(TRACES[name]);
    if (allowed) begin(allowed);
    else ask();
  };

  let canKeep = false;
  try {
    canKeep = Boolean(localStorage && sessionStorage);
  } catch {
    // The browser refuses storage.
  }
  if (canKeep) start();
}
