// Compares any two versions and shows the result like the page of a change: a list, and the newer text with its changes
// marked. If the site has a page for these two versions, that page's redline is shown.
{
  const { blocksOf, findPlaces, inWords, kindOf, linkOf, shapeOf } = policysiteTexts;
  const { align, findMoves, judgeAll } = policysiteSteps;
  const form = document.getElementById("ps-compare");
  const compared = document.getElementById("ps-compared");
  const said = document.getElementById("ps-compare-said");
  const { code, ...words } = JSON.parse(document.getElementById("ps-compare-words").textContent);

  const MOST_LISTED = 8;
  const MOST_WORD_CHANGES = 3;
  const QUOTED_LENGTH = 90;
  const LONG_TEXT = 3000; // characters; a longer text with few marks opens with its changes alone
  const SMALL_PART = 0.1;
  const CHANGED = ".rl, .rl-change, [data-change]";

  // Words

  const plural = new Intl.PluralRules(code);
  const say = (key, values = {}) => {
    const text =
      typeof words[key] === "string" ? words[key] : (words[key][plural.select(values.count)] ?? words[key].other);
    return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
  };
  const quoted = (text) => {
    const cut = text.lastIndexOf(" ", QUOTED_LENGTH);
    const short = text.slice(0, cut > QUOTED_LENGTH / 2 ? cut : QUOTED_LENGTH).replace(/[ ,;:.]+$/, "");
    return say("redline_quoted", { text: text.length > QUOTED_LENGTH ? `${short} …` : text });
  };
  const placeWords = ({ part, number, title, heading }, isWhole) => {
    const place = say(`redline_part_${part}`, { number, title: quoted(title) });
    return isWhole && heading ? say("redline_under", { place, heading: quoted(heading) }) : place;
  };

  // The list of changes

  const formWords = ({ words: changed, old, now }) => {
    const text = quoted(inWords(changed));
    const [before, after] = [linkOf(old), linkOf(now)];
    const sentences = [];
    if (before !== after)
      sentences.push(
        say(`redline_link_${before === null ? "added" : after === null ? "removed" : "changed"}`, {
          text,
          old: before,
          new: after,
        }),
      );
    const without = (one, other) =>
      one.map(kindOf).filter((kind) => kind && kind !== "a" && !other.map(kindOf).includes(kind));
    for (const kind of without(now, old)) sentences.push(say("redline_gained", { text, form: say(`redline_form_${kind}`) }));
    for (const kind of without(old, now)) sentences.push(say("redline_lost", { text, form: say(`redline_form_${kind}`) }));
    return sentences;
  };

  const edits = (runs) => {
    const changed = runs.filter(({ kept }) => !kept);
    const sentences = changed.slice(0, MOST_WORD_CHANGES).map(({ old, now }) => {
      const key = old.length && now.length ? "replaced" : now.length ? "added" : "removed";
      return say(`redline_words_${key}`, { old: quoted(inWords(old)), new: quoted(inWords(now)) });
    });
    const more = changed.length - MOST_WORD_CHANGES;
    return [...sentences, ...(more > 0 ? [say("redline_more", { count: more })] : [])].join("; ");
  };

  const ofPair = ({ old, now, runs, forms, isRetagged, cells, isFirstRow, isTitle }) => {
    if (isTitle)
      return runs.some(({ kept }) => !kept)
        ? [say("redline_title_changed", { old: quoted(old.text), new: quoted(now.text) })]
        : [];
    const sentences = [];
    const at = (text) => sentences.push(say("redline_at", { place: placeWords(now.place), change: text }));
    const inCells = cells.flatMap((cell) => cell.steps || []);
    const header = (cell) => ({ text: quoted(cell.blocks.map(({ text }) => text).join(" ")) });
    for (const cell of isFirstRow ? cells : []) {
      if (!cell.now) sentences.push(say("redline_column_removed", header(cell.old)));
      if (!cell.old) sentences.push(say("redline_column_added", header(cell.now)));
    }
    const whole = inCells.filter((step) => !step.old || !step.now);
    const changed = [
      ...runs,
      ...inCells.flatMap((step) => step.runs),
      ...whole.map((step) => ({ old: step.old?.words || [], now: step.now?.words || [] })),
    ];
    if (changed.some(({ kept }) => !kept)) at(edits(changed));
    for (const text of [...forms, ...inCells.flatMap((step) => step.forms)].flatMap(formWords)) at(text);
    if (isRetagged)
      at(
        say("redline_retagged", {
          count: 1,
          old: say(`redline_shape_${shapeOf(old)}`),
          new: say(`redline_shape_${shapeOf(now)}`),
        }),
      );
    return sentences;
  };

  const ofGroup = ([first, ...others]) => {
    const block = first.now || first.old;
    const values = { count: others.length + 1, text: quoted(block.text), place: placeWords(block.place) };
    const isHeading = block.place.part === "heading";
    if (first.move) {
      const key = isHeading ? "redline_moved_section" : block.kind === "row" ? "redline_moved_rows" : "redline_moved";
      const sentence = say(key, { ...values, source: placeWords(first.other.old.place, true) });
      const changed = edits([first, ...others].flatMap(({ runs }) => runs));
      return changed ? `${sentence}; ${changed}` : sentence;
    }
    const kind = first.now ? "inserted" : "deleted";
    return say(`redline_${kind}${isHeading ? (others.length ? "_section" : "_heading") : ""}`, values);
  };

  // All changes in the order of the text, each with an id. Blocks that were added, removed or moved together are one.
  const entriesOf = (steps) => {
    const entries = [];
    let group = null;
    for (const [at, step] of steps.entries()) {
      if (!step.isChanged) continue;
      const { place } = step.now || step.old;
      if (step.old && step.now) {
        const sentences = ofPair(step);
        if (sentences.length) step.anchors = [`change-${entries.length + 1}`];
        entries.push(...sentences.map((text) => ({ text, where: place.heading, anchor: step.anchors[0] })));
        continue;
      }
      const isNext =
        group?.steps.at(-1) === steps[at - 1] && ["old", "move"].every((name) => !group.steps[0][name] === !step[name]);
      const isBelow = place.part !== "heading" || (group?.level && place.level > group.level);
      if (isNext && isBelow) group.steps.push(step);
      else {
        group = { steps: [step], level: place.level, where: place.heading };
        if (step.now || !step.move) {
          entries.push(group);
          step.anchors = [(group.anchor = `change-${entries.length}`)];
        }
      }
      if (step.move) step.end = `move-${step.move}${step.now ? "" : "-from"}`;
    }
    for (const entry of entries) {
      const text = entry.text ?? ofGroup(entry.steps);
      entry.text = text.slice(0, 1).toUpperCase() + text.slice(1);
    }
    return entries;
  };

  const listed = (entries, first) => {
    const nodes = [];
    let where = null;
    for (const [at, { text, where: heading, anchor }] of entries.entries()) {
      if (heading !== where) {
        if (heading) nodes.push(make("h3", { class: "ps-where" }, heading));
        nodes.push(make("ol", first + at > 1 ? { start: first + at } : {}));
        where = heading;
      }
      nodes.at(-1).append(make("li", {}, make("a", { href: `#${anchor}` }, text)));
    }
    return nodes;
  };

  // The page

  const { make, numbersOf, renumber, weave, sideBySide } = policysiteMarks({
    spoken: (key) => make("span", { class: "rl-said" }, `${say(`redline_said_${key}`)} `),
    moved: ({ now, other, at }) => {
      const { place } = other.old || other.now;
      let key = now ? "redline_moved_from" : "redline_moved_to";
      if (place.part === "heading") key += other.at > at ? "_below" : "_above";
      return make("a", { class: "rl-moved", href: `#${other.end}` }, say(key, { place: placeWords(place, true) }));
    },
  });

  // Makes links lead where they lead on the page that they come from.
  const resolved = (root, url) => {
    for (const name of ["href", "src"])
      for (const element of root.querySelectorAll(`[${name}]`)) {
        const value = element.getAttribute(name);
        if (/^(#|[a-z][a-z0-9+.-]*:)/i.test(value)) continue;
        try {
          const { origin, pathname, search, hash } = new URL(value, url);
          if (origin === location.origin) element.setAttribute(name, pathname + search + hash);
        } catch {
          // Not a URL: it leads nowhere here either.
        }
      }
    return root;
  };

  const read = async (url) => {
    const answer = await fetch(url);
    if (!answer.ok) throw new Error(answer.statusText);
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  };

  // The text of a version, without its title.
  const textOf = async (label) => {
    const url = new URL(`${form.dataset.versions}${label}/`, location.href);
    const page = await read(url);
    const text = document.importNode(page.querySelector(".ps-text"), true);
    for (const link of text.querySelectorAll(".ps-clause, .headerlink")) link.remove();
    const title = page.querySelector("h1");
    for (const link of title.querySelectorAll(".ps-clause, .headerlink")) link.remove();
    text.prepend(make("h2", { "data-level": 1 }, title.textContent.trim()));
    return resolved(text, url);
  };

  const clone = (id) => document.getElementById(id).content.cloneNode(true);

  const headsOf = (marked) => {
    let above = [];
    for (const block of marked.querySelectorAll("*")) {
      const level = Number(block.dataset.level || /^h([1-6])$/.exec(block.localName)?.[1] || 0);
      if (level) above = above.filter((heading) => heading.level < level);
      if (block.matches(CHANGED)) for (const { block: heading } of above.splice(0)) heading.classList.add("rl-head");
      if (level) above.push({ level, block });
    }
  };

  const withNextLinks = (marked) => {
    const places = [...marked.querySelectorAll(".rl-change")].filter(
      ({ nextElementSibling }) => !nextElementSibling?.matches(".rl-change"),
    );
    for (const [at, place] of places.entries()) {
      const title = words[places[at + 1] ? "next_change" : "back_to_changes"];
      const href = `#${places[at + 1]?.id ?? "ps-changes"}`;
      place.after(make("a", { class: "ps-next", href, "aria-label": title, title }, places[at + 1] ? "↓" : "↑"));
    }
  };

  const shown = (old, now) => {
    const [blocks, nowBlocks] = [old, now].map((text) => findPlaces(blocksOf(text)));
    const title = { old: blocks[0], now: nowBlocks[0], isTitle: true };
    const steps = findMoves([title, ...align(blocks.slice(1), nowBlocks.slice(1))]);
    steps.forEach((step, at) => (step.at = at));
    judgeAll(steps);
    const entries = entriesOf(steps);
    if (!entries.length) return null;
    const numbers = numbersOf(old, numbersOf(now));
    const sides = sideBySide(steps, numbers, [say("redline_before"), say("redline_after")]);
    weave(steps, now, numbers);
    renumber(now, numbers);
    for (const details of now.querySelectorAll("details")) details.open ||= !!details.querySelector(CHANGED);
    headsOf(now);

    const page = clone("ps-compare-shape");
    const part = (name) => page.querySelector(name);
    part("#ps-changes").textContent = say("changes_one_by_one", { count: entries.length });
    part(".ps-jump").after(...listed(entries.slice(0, MOST_LISTED), 1));
    const left = entries.slice(MOST_LISTED);
    if (left.length) {
      part(".ps-more__open").textContent = say("show_all_changes", { count: entries.length });
      part(".ps-more > ol").replaceWith(...listed(left, MOST_LISTED + 1));
      part(".ps-changes > .ps-paper").textContent = `… ${say("redline_more", { count: left.length })}`;
    } else for (const name of [".ps-more", ".ps-changes > .ps-paper"]) part(name).remove();
    part(".ps-marked").replaceChildren(...now.childNodes);
    part(".ps-sides").replaceChildren(sides);
    if (!part(".ps-marked [data-move]")) part(".ps-legend [data-move]").remove();
    if (!part(".ps-marked [data-change]")) part(".ps-legend__other").remove();
    const length = part(".ps-marked").textContent.length;
    const marks = [...page.querySelectorAll(".ps-marked .rl")].reduce(
      (sum, { textContent }) => sum + textContent.length,
      0,
    );
    part(length >= LONG_TEXT && marks <= SMALL_PART * length ? "#ps-view-changes" : "#ps-view-marked").checked = true;
    part(".ps-steps a").setAttribute("href", `#${part(".ps-marked .rl-change").id}`);
    withNextLinks(part(".ps-marked"));
    return page;
  };

  // The redline of the site's own page for the same two versions.
  const taken = async (url) => {
    const page = resolved(document.importNode((await read(url)).querySelector("main, body"), true), url);
    const parts = document.createDocumentFragment();
    parts.append(...page.querySelectorAll(".ps-changes, .ps-redline"));
    return parts;
  };

  const compare = async (from, to) => {
    const options = [...form.elements.from.options]; // newest first
    const [old, now] = [from, to].map((label) => options.find(({ value }) => value === label));
    if (!old || !now) return;
    form.elements.from.value = from;
    form.elements.to.value = to;
    const own =
      now.dataset.follows === from
        ? `${form.dataset.changes}${to}/`
        : now === options[0] && "since" in old.dataset && `${form.dataset.since}${from}/`;
    // A page that is opened from a folder cannot read another page, and its links have to name the file.
    if (own && location.protocol === "file:") return location.replace(`${own}index.html`);
    try {
      const page = own
        ? await taken(new URL(own, location.href))
        : from === to
          ? null
          : shown(...(await Promise.all([textOf(from), textOf(to)])));
      if (own) said.replaceChildren(make("a", { href: own }, said.dataset.own));
      else said.textContent = page ? said.dataset.made : said.dataset.same;
      compared.replaceChildren(page ?? "");
      compared.hidden = !page;
      dispatchEvent(new Event("ps-redline"));
      if (page && location.hash.length > 1)
        document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView();
    } catch (error) {
      said.textContent = said.dataset.failed;
      console.warn(error);
    }
  };

  const asked = new URLSearchParams(location.search);
  if (asked.has("from") && asked.has("to")) compare(asked.get("from"), asked.get("to"));
}
