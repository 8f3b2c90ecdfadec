// Marks changes as the site's own redlines do: ``ins`` and ``del`` are inside blocks and cells, never around them.
// ``spoken`` and ``moved`` make the words beside a mark. Texts become nodes, never markup.
const policysiteMarks = ({ spoken, moved }) => {
  const { kindOf, looks, shapeOf } = policysiteTexts;
  const CONTEXT = 1; // blocks around a change, side by side
  const HOLDERS = {
    ul: ["li"],
    ol: ["li"],
    dl: ["dd"],
    table: ["tbody", "tr", "td"],
    thead: ["tr", "td"],
    tbody: ["tr", "td"],
    tfoot: ["tr", "td"],
  };
  const RETAGGED = /^(h[1-6]|p|ul|ol|blockquote|div)$/;
  const NEVER_ALONE = ["dl", "dt", "dd", "details", "summary"];

  const make = (tag, attributes, ...children) => {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
    element.append(...children);
    return element;
  };

  // A copy without ids, because a page must not have an id twice.
  const bare = (node, deep = false) => {
    const copy = node.cloneNode(deep);
    if (copy.nodeType === Node.ELEMENT_NODE)
      for (const one of [copy, ...copy.querySelectorAll("[id], [name]")])
        for (const name of ["id", "name"]) one.removeAttribute(name);
    return copy;
  };

  // The inline elements around a word of the newer text, each with the one it replaced.
  const annotated = (old, now) => {
    if (looks(old) === looks(now)) return now.map((source) => ({ source }));
    const before = new Map(old.filter(kindOf).map((element) => [kindOf(element), element]));
    const result = now.map((source) => {
      const was = before.get(kindOf(source));
      before.delete(kindOf(source));
      if (!was) return { source, ...(kindOf(source) && { change: "reformat", oldTag: "span" }) };
      const oldHref = was.getAttribute("href");
      return oldHref !== source.getAttribute("href") ? { source, change: "relink", oldHref } : { source };
    });
    for (const was of before.values())
      result.push({ was, change: "reformat", oldTag: was.localName, oldHref: was.getAttribute("href") });
    return result;
  };

  // Whether two words are in the same inline element, or in equal elements of the two texts.
  const isSame = (one, other) =>
    one === other ||
    (!one.mark &&
      !other.mark &&
      ["was", "change", "oldHref"].every((name) => one[name] === other[name]) &&
      (one.source === other.source ||
        (!!one.source && !!other.source && bare(one.source).isEqualNode(bare(other.source)))));

  // Runs of words as nodes: of one text, or of both with the removed words before the added ones.
  const written = (runs, side) => {
    const root = document.createDocumentFragment();
    const former = new Set(runs.flatMap(({ old }) => old.flatMap(({ form }) => form)));
    const named = new Set();
    let opened = [];
    const inner = () => opened.at(-1)?.element || root;
    const open = ({ source, change, oldTag, oldHref, mark }) => {
      if (mark) return make(mark, { class: "rl" }, ...(side === "both" ? [spoken(mark)] : []));
      const keepsId = side === "both" && source && !former.has(source) && !named.has(source);
      const element = keepsId ? source.cloneNode(false) : source ? bare(source) : make("span", {});
      named.add(source);
      if (change) element.dataset.change = change;
      if (oldTag) element.dataset.oldTag = oldTag;
      if (oldHref) element.dataset.oldHref = oldHref;
      return element;
    };
    const write = ({ space, text, node }, elements, mark) => {
      const wanted = mark ? [...elements, mark] : elements;
      let depth = 0;
      while (depth < Math.min(opened.length, wanted.length) && isSame(opened[depth].one, wanted[depth])) depth++;
      opened = opened.slice(0, depth);
      if (!mark) inner().append(space);
      for (const one of wanted.slice(depth)) {
        const element = open(one);
        inner().append(element);
        opened.push({ one, element });
      }
      inner().append(...(mark ? [space] : []), node ? bare(node, true) : text);
    };
    const plain = ({ form }) => form.map((source) => ({ source }));
    const signed = (elements) =>
      elements.map((one) =>
        one.change === "relink"
          ? { source: one.source, change: "relink" }
          : { source: one.source, was: one.was, change: one.change },
      );
    for (const { kept, old, now } of runs) {
      if (kept && side === "old") old.forEach((word, at) => write(word, signed(annotated(now[at].form, word.form))));
      else if (kept && side === "now")
        now.forEach((word, at) => write(word, signed(annotated(old[at].form, word.form))));
      else if (kept) now.forEach((word, at) => write(word, annotated(old[at].form, word.form)));
      else {
        const [del, ins] = [{ mark: "del" }, { mark: "ins" }];
        if (side !== "now") for (const word of old) write(word, plain(word), del);
        if (side !== "old") for (const word of now) write(word, plain(word), ins);
      }
    }
    root.normalize();
    return root;
  };

  // One mark for a block that was added, removed or moved.
  const whole = (block, step, side = "both") => {
    const tag = step.now ? "ins" : "del";
    const nodes = block.nodes.map((node) => (step.now && side === "both" ? node.cloneNode(true) : bare(node, true)));
    const words = step.move && step.now && step.runs.length && side === "both" ? [written(step.runs, "both")] : nodes;
    const said = side === "both" ? [spoken(step.move ? "moved" : tag)] : [];
    return make(tag, { class: "rl", ...(step.move && { "data-move": step.move }) }, ...said, ...words);
  };

  const numbersOf = (root, numbers = new Map()) => {
    for (const list of root.querySelectorAll("ol:not([reversed])")) {
      let number = list.start;
      for (const item of list.children) {
        if (item.hasAttribute("value")) number = item.value;
        numbers.set(item, number++);
      }
    }
    return numbers;
  };

  // Every list item keeps its number, even if removed items are put back before it.
  const renumber = (root, numbers) => {
    for (const list of root.querySelectorAll("ol:not([reversed])")) {
      let expected = list.start;
      for (const item of list.children) {
        const number = numbers.get(item) ?? expected;
        if (number !== expected) item.value = number;
        expected = number + 1;
      }
    }
  };

  const childWith = (parent, node) => {
    while (node && node.parentNode !== parent) node = node.parentNode;
    return node;
  };

  const replace = ({ nodes }, content) => {
    const place = document.createComment("");
    nodes[0].before(place);
    const filled = content();
    for (const node of nodes) node.remove();
    place.replaceWith(filled);
  };

  // Marks the changes in the newer text, and puts removed blocks back into its structure.
  const weave = (steps, root, numbers) => {
    const twins = new Map(); // elements of the older text and what they are in the newer one
    const taken = new Set();
    const bind = (old, now) => {
      if (old.localName !== now.localName) return false;
      if (!twins.has(old) && !taken.has(now)) {
        twins.set(old, now);
        taken.add(now);
      }
      return true;
    };
    for (const { old, now } of steps.filter((step) => step.old && step.now)) {
      for (let n = 0; old.path[n] && now.path[n] && bind(old.path[n], now.path[n]); n++);
      for (let n = -1; old.path.at(n) && now.path.at(n) && bind(old.path.at(n), now.path.at(n)); n--);
    }

    // The place of a removed block between two nodes of the newer text: inside the counterpart of the innermost
    // element around it that extends to that place.
    const spot = ({ path }, before, after) => {
      for (let depth = path.length; depth >= 0; depth--) {
        const parent = depth ? twins.get(path[depth - 1]) : root;
        const [a, b] = parent ? [childWith(parent, before), childWith(parent, after)] : [];
        if (!parent || (depth && ((!a && !b) || a === b))) continue;
        if (!a || a !== b)
          return { parent, next: a ? a.nextSibling : (b ?? null), rest: path.slice(depth), holders: [] };
        let inner = a;
        while (childWith(inner, before) && childWith(inner, before) === childWith(inner, after))
          inner = childWith(inner, before);
        const holders = (HOLDERS[inner.localName] || []).map((tag) =>
          make(tag, tag === "li" ? { style: "list-style: none" } : {}),
        );
        return { parent: inner, next: childWith(inner, after), rest: path, holders };
      }
    };
    const copy = (element) => {
      const clone = bare(element);
      if (!twins.has(element)) twins.set(element, clone);
      if (numbers.has(element)) numbers.set(clone, numbers.get(element));
      return clone;
    };
    const sign = (step, parent, first) => {
      for (const id of [...(step.anchors || []), ...(step.end ? [step.end] : [])])
        parent.insertBefore(make("span", { class: "rl-change", id }), first);
      if (step.move) parent.insertBefore(moved(step), first);
    };
    const removed = (step, before, after) => {
      const { parent, next, rest, holders } = spot(step.old, before, after);
      let inner = parent;
      const add = (node) => (inner === parent ? parent.insertBefore(node, next) : inner.appendChild(node));
      for (const element of [...holders, ...rest.map(copy)]) inner = add(element);
      if (step.old.kind !== "row") {
        const mark = add(whole(step.old, step));
        sign(step, inner, mark);
        return mark;
      }
      inner.append(...step.old.cells.map((cell) => filled(cell, (block) => whole(block, step))));
      sign(step, inner.firstElementChild || inner, inner.firstElementChild?.firstChild ?? null);
      return inner;
    };
    const cells = (step) => {
      const row = step.now.nodes[0];
      let before = null;
      for (const { old, now, steps: inside } of step.cells) {
        if (inside) weave(inside, now.element, numbers);
        else if (now) for (const block of now.blocks) replace(block, () => whole(block, { now }));
        else
          row.insertBefore(
            filled(old, (block) => whole(block, { old })),
            before ? before.nextSibling : row.firstChild,
          );
        before = now?.element ?? (before ? before.nextSibling : row.firstChild);
      }
    };
    const shown = (step) => {
      const { old, now } = step;
      const [first] = now.nodes;
      if (now.kind === "row") {
        if (old) cells(step);
        else for (const { blocks } of now.cells) for (const block of blocks) replace(block, () => whole(block, step));
        sign(step, first.firstElementChild || first, first.firstElementChild?.firstChild ?? null);
        return first;
      }
      const start = make("span", {});
      const end = make("span", {});
      first.before(start);
      now.nodes.at(-1).after(end);
      if (old && step.isRetagged) {
        const element = now.path.findLast(({ localName }) => RETAGGED.test(localName));
        if (element) Object.assign(element.dataset, { change: "retag", oldTag: shapeOf(old) });
      }
      if (!old || step.runs.some(({ kept }) => !kept) || step.forms.length)
        replace(now, () => (old ? written(step.runs, "both") : whole(now, step)));
      sign(step, start.parentNode, start.nextSibling);
      const last = end.previousSibling;
      start.remove();
      end.remove();
      return last;
    };

    const following = [];
    steps.reduceRight((next, { now }, at) => {
      following[at] = next;
      return now?.nodes[0] ?? next;
    }, null);
    let before = null;
    for (const [at, step] of steps.entries()) {
      if (!step.now) before = removed(step, before, following[at]);
      else before = step.isChanged ? shown(step) : step.now.nodes.at(-1);
    }
  };

  const filled = (cell, content) => {
    const copy = bare(cell.element);
    for (const block of cell.blocks) {
      let inner = copy;
      for (const element of block.path.slice(1)) inner = inner.appendChild(bare(element));
      inner.append(content(block));
    }
    return copy;
  };

  // One side of a step, in the elements around it.
  const sideOf = (step, side, numbers) => {
    const block = step?.[side];
    if (!block) return [];
    const content = (one, { runs, old, now, move }) =>
      old && now && runs.length
        ? written(runs, side)
        : old && now
          ? make("span", {}, ...one.nodes.map((node) => bare(node, true)))
          : whole(one, { old, now, move, runs: [] }, side);
    const elements = block.path.map((element) => {
      if (NEVER_ALONE.includes(element.localName)) return make("div", { class: `rl-${element.localName}` });
      const copy = bare(element);
      if (numbers.has(element)) copy.value = numbers.get(element);
      return copy;
    });
    elements.reduce((outer, inner) => outer.appendChild(inner), document.createDocumentFragment());
    if (block.kind !== "row") {
      const inside = content(block, step);
      (elements.at(-1) || make("div", {})).append(inside);
      return [elements[0] || inside];
    }
    const row = elements.at(-1);
    if (!step.cells.length) row.append(...block.cells.map((cell) => filled(cell, (one) => content(one, step))));
    for (const cell of step.cells.filter((one) => one[side])) {
      const inside = (one) => content(one, cell.steps?.find((inner) => inner[side] === one) || { ...cell, runs: [] });
      row.append(filled(cell[side], inside));
    }
    return [elements[0]];
  };

  // The changes and the blocks beside them in two columns.
  const sideBySide = (steps, numbers, heads) => {
    const rows = [];
    for (const step of steps) {
      const last = rows.at(-1);
      if (!step.old && !step.move && last?.old && !last.now && !last.old.move) last.now = step;
      else rows.push({ old: step.old && step, now: step.now && step });
    }
    const isNear = (at) =>
      rows.slice(Math.max(0, at - CONTEXT), at + CONTEXT + 1).some(({ old, now }) => (old || now).isChanged);
    const sides = make(
      "div",
      { class: "rl-sides" },
      make("div", { class: "rl-row rl-heads" }, ...heads.map((head) => make("div", {}, head))),
    );
    let shownTo = -1;
    for (const [at, row] of rows.entries()) {
      if (!isNear(at)) continue;
      if (shownTo >= 0 && at > shownTo + 1) sides.append(make("p", { class: "rl-gap" }, "…"));
      shownTo = at;
      sides.append(
        make(
          "div",
          { class: "rl-row" },
          ...["old", "now"].map((side) =>
            make("div", { class: side === "old" ? "rl-old" : "rl-new" }, ...sideOf(row[side], side, numbers)),
          ),
        ),
      );
    }
    return sides;
  };

  return { make, numbersOf, renumber, weave, sideBySide };
};
