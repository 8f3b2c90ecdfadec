// Counting visitors, only with their consent: a choice by service, kept on the device with its version and its end.
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
  // What each service leaves on this device, by its own documentation of its cookies.
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
      return kept && kept.version === section.dataset.version && Date.parse(kept.until) > Date.now() ? kept : null;
    } catch {
      return null;
    }
  };

  const begin = (kept) => {
    for (const { name, value } of services) if (kept.allowed.includes(name)) START[name](value);
  };

  const decide = (allowed) => {
    const before = choice()?.allowed ?? [];
    const until = new Date(Date.now() + DAYS * 86400000).toISOString();
    localStorage.setItem(KEY, JSON.stringify({ version: section.dataset.version, until, allowed }));
    section.hidden = true;
    opener.focus({ preventScroll: true });
    for (const { name } of services) if (!allowed.includes(name)) forget(TRACES[name]);
    if (before.length) location.reload(); // a script that is loaded already cannot be unloaded
    else begin({ allowed });
  };

  const ask = () => {
    const allowed = choice()?.allowed ?? [];
    for (const service of services) service.checked = allowed.includes(service.name);
    section.hidden = false;
  };

  answers.addEventListener("submit", (event) => {
    event.preventDefault();
    decide(services.filter((service) => service.checked).map((service) => service.name));
  });
  answers.querySelector("[value=none]").addEventListener("click", () => decide([]));
  answers.querySelector("[value=all]").addEventListener("click", () => decide(services.map((service) => service.name)));
  opener.hidden = false;
  opener.addEventListener("click", () => {
    ask();
    document.getElementById("ps-consent-title").focus();
  });

  const made = choice();
  if (made) begin(made);
  else {
    for (const { name } of services) forget(TRACES[name]); // what was set for a choice that has ended
    ask();
  }
}
