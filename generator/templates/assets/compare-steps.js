// Matches the blocks of two texts: first those with equal words, then similar ones between them, then moved ones.
const policysiteSteps = (() => {
  const { looks, shapeOf } = policysiteTexts;
  const ALIKE = 0.5; // twice the common words to all words of both
  const ALIKE_ALONE = 0.3; // of two blocks with nothing else between the same neighbours
  const ALIKE_MOVED = 0.6;
  const FEWEST_MOVED = 4; // words: shorter ones are everywhere
  const MOST_CELLS = 2e6; // of a table of common words
  const MOST_PAIRS = 1e6; // of blocks between two that stayed: of more, each half is compared with its half
  const FARTHEST = 100; // blocks from where a block would be if as many came as went, in longer lists
  const MOST_MOVES = 4e4; // pairs of blocks that are compared to find moves with edits

  const longest = (a, b) => {
    const width = b.length + 1;
    const lengths = new Uint32Array((a.length + 1) * width);
    for (let i = a.length - 1; i >= 0; i--)
      for (let j = b.length - 1; j >= 0; j--)
        lengths[i * width + j] =
          a[i] === b[j]
            ? lengths[(i + 1) * width + j + 1] + 1
            : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    const pairs = [];
    for (let i = 0, j = 0; i < a.length && j < b.length;) {
      if (a[i] === b[j]) pairs.push([i++, j++]);
      else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) i++;
      else j++;
    }
    return pairs;
  };

  // The entries that both lists hold once, in the order of both. Used if the lists are too long for the exact answer.
  const anchors = (a, b) => {
    const places = (list) => {
      const at = new Map();
      list.forEach((one, place) => at.set(one, at.has(one) ? -1 : place));
      return at;
    };
    const [inA, inB] = [places(a), places(b)];
    const ends = []; // of the increasing runs of each length: the one that ends first
    for (const [one, i] of inA) {
      const j = inB.get(one) ?? -1;
      if (i < 0 || j < 0) continue;
      let low = 0;
      for (let high = ends.length; low < high;) {
        const middle = (low + high) >> 1;
        if (ends[middle].j < j) low = middle + 1;
        else high = middle;
      }
      ends[low] = { i, j, before: ends[low - 1] };
    }
    const pairs = [];
    for (let end = ends.at(-1); end; end = end.before) pairs.unshift([end.i, end.j]);
    return pairs;
  };

  // Pairs of positions with the same entry in both lists, in order: a longest common subsequence.
  const common = (old, now) => {
    let start = 0;
    while (start < old.length && start < now.length && old[start] === now[start]) start++;
    let end = 0;
    while (end < old.length - start && end < now.length - start && old.at(-1 - end) === now.at(-1 - end)) end++;
    const a = old.slice(start, old.length - end);
    const b = now.slice(start, now.length - end);
    const pairs = Array.from({ length: start }, (_, at) => [at, at]);
    if (a.length && b.length && a.length * b.length <= MOST_CELLS) {
      for (const [i, j] of longest(a, b)) pairs.push([start + i, start + j]);
    } else if (a.length && b.length) {
      let [fromI, fromJ] = [0, 0];
      const found = anchors(a, b);
      for (const [i, j] of found.length ? [...found, [a.length, b.length]] : []) {
        for (const [p, q] of common(a.slice(fromI, i), b.slice(fromJ, j)))
          pairs.push([start + fromI + p, start + fromJ + q]);
        if (i < a.length) pairs.push([start + i, start + j]);
        [fromI, fromJ] = [i + 1, j + 1];
      }
    }
    for (let at = end; at > 0; at--) pairs.push([old.length - at, now.length - at]);
    return pairs;
  };

  const alike = (old, now) => {
    if ((old.kind === "text") !== (now.kind === "text")) return 0;
    if (old.name === now.name) return 1;
    const all = old.words.length + now.words.length;
    if ((2 * Math.min(old.words.length, now.words.length)) / all < ALIKE_ALONE) return 0;
    let shared = 0;
    for (const [key, count] of now.counts) shared += Math.min(count, old.counts.get(key) || 0);
    const isSameRow =
      old.kind === "row" && now.kind === "row" && old.cells[0]?.blocks[0]?.name === now.cells[0]?.blocks[0]?.name;
    return Math.max((2 * shared) / all, isSameRow ? ALIKE : 0);
  };

  // Pairs of similar entries, in order, with the greatest similarity in total.
  const alikePairs = (old, now) => {
    if (!old.length || !now.length) return [];
    if (old.length === 1 && now.length === 1) {
      const enough = old[0].tag === now[0].tag ? ALIKE_ALONE : ALIKE;
      return alike(old[0], now[0]) >= enough ? [[0, 0]] : [];
    }
    if (old.length > 1 && now.length > 1 && old.length * now.length > MOST_PAIRS) {
      const [i, j] = [old.length >> 1, now.length >> 1];
      const rest = alikePairs(old.slice(i), now.slice(j)).map(([p, q]) => [p + i, q + j]);
      return [...alikePairs(old.slice(0, i), now.slice(0, j)), ...rest];
    }
    const isFar = (i, j) => Math.abs((i * now.length) / old.length - j) > FARTHEST;
    const scores = old.map((one, i) => Float64Array.from(now, (other, j) => (isFar(i, j) ? 0 : alike(one, other))));
    const best = Array.from({ length: old.length + 1 }, () => new Float64Array(now.length + 1));
    const joined = (i, j) => (scores[i][j] >= ALIKE ? scores[i][j] + best[i + 1][j + 1] : -1);
    for (let i = old.length - 1; i >= 0; i--)
      for (let j = now.length - 1; j >= 0; j--) best[i][j] = Math.max(best[i + 1][j], best[i][j + 1], joined(i, j));
    const pairs = [];
    for (let i = 0, j = 0; i < old.length && j < now.length;) {
      if (best[i][j] === joined(i, j)) pairs.push([i++, j++]);
      else if (best[i][j] === best[i + 1][j]) i++;
      else j++;
    }
    return pairs;
  };

  // The steps from one text to the other, in order: ``{old, now}``, without ``old`` for an added block and without
  // ``now`` for a removed one.
  const align = (old, now) => {
    const steps = [];
    const fill = (a, b) => {
      let [i, j] = [0, 0];
      for (const [nextI, nextJ] of [...alikePairs(a, b), [a.length, b.length]]) {
        for (; i < nextI; i++) steps.push({ old: a[i] });
        for (; j < nextJ; j++) steps.push({ now: b[j] });
        if (i < a.length && j < b.length) steps.push({ old: a[i++], now: b[j++] });
      }
    };
    let [i, j] = [0, 0];
    for (const [p, q] of [
      ...common(
        old.map(({ name }) => name),
        now.map(({ name }) => name),
      ),
      [old.length, now.length],
    ]) {
      fill(old.slice(i, p), now.slice(j, q));
      if (p < old.length) steps.push({ old: old[p], now: now[q] });
      [i, j] = [p + 1, q + 1];
    }
    return steps;
  };

  // Gives both ends of each move the same ``move``, and also their neighbours that moved along, however short.
  const findMoves = (steps) => {
    const gone = steps.filter(({ now }) => !now);
    const come = steps.filter(({ old }) => !old);
    let moves = 0;
    const isMove = (from, to) => !!from && !!to && !from.move && !to.move && alike(from.old, to.now) >= ALIKE_MOVED;
    const join = (from, to) => {
      [from.move, to.move] = [++moves, moves];
      [from.other, to.other] = [to, from];
    };
    const byName = new Map();
    for (const step of [...gone, ...come]) {
      const { name } = step.old || step.now;
      if (!byName.has(name)) byName.set(name, { gone: [], come: [] });
      byName.get(name)[step.old ? "gone" : "come"].push(step);
    }
    const places = new Map(gone.map((step, at) => [step, at]));
    const isLong = ({ words, tag }) => words.length >= FEWEST_MOVED || /^h[1-6]$/.test(tag);
    const follow = (from, to, at) => {
      join(from, to);
      const source = places.get(from);
      for (const by of [1, -1])
        for (let n = by; isMove(gone[source + n], come[at + n]); n += by) join(gone[source + n], come[at + n]);
    };
    for (const [at, to] of come.entries()) {
      const same = byName.get(to.now.name);
      const from = same.gone.find(({ move }) => !move);
      if (!to.move && from && (isLong(to.now) || (same.gone.length === 1 && same.come.length === 1)))
        follow(from, to, at);
    }
    if (gone.length * come.length > MOST_MOVES) return steps;
    for (const [at, to] of come.entries()) {
      const from = isLong(to.now) && gone.find((step) => isLong(step.old) && isMove(step, to));
      if (from) follow(from, to, at);
    }
    return steps;
  };

  // Pairs of columns of two tables, from the rows that both have: in order, with the greatest similarity in total.
  const columnPairs = (rows) => {
    const [width, widthNow] = ["old", "now"].map((side) => Math.max(...rows.map((row) => row[side].cells.length)));
    const name = (cell) => cell?.blocks.map((one) => one.name).join(" ") ?? null;
    const score = (i, j) =>
      rows.reduce(
        (sum, { old, now }) =>
          sum +
          (name(old.cells[i]) === name(now.cells[j])) +
          (old.cells[i]?.blocks[0] && now.cells[j]?.blocks[0]
            ? alike(old.cells[i].blocks[0], now.cells[j].blocks[0])
            : 0),
        0,
      );
    const best = Array.from({ length: width + 1 }, () => new Float64Array(widthNow + 1));
    const nearness = width === widthNow ? (i, j) => (i === j ? 0.5 : 0) : () => 0.01;
    const joined = (i, j) => score(i, j) + nearness(i, j) + best[i + 1][j + 1];
    const scores = new Map();
    for (let i = width - 1; i >= 0; i--)
      for (let j = widthNow - 1; j >= 0; j--) {
        scores.set(`${i} ${j}`, joined(i, j));
        best[i][j] = Math.max(best[i + 1][j], best[i][j + 1], scores.get(`${i} ${j}`));
      }
    const pairs = [];
    for (let i = 0, j = 0; i < width && j < widthNow;) {
      if (best[i][j] === scores.get(`${i} ${j}`) && best[i][j] > Math.max(best[i + 1][j], best[i][j + 1]))
        pairs.push([i++, j++]);
      else if (best[i][j] === best[i + 1][j]) i++;
      else j++;
    }
    return pairs;
  };

  // Runs of words that were kept and of words that changed: ``{kept, old, now}``. One or two kept words between more
  // changed ones count as changed too. A block with few kept words counts as changed as a whole.
  const stretches = (old, now) => {
    const found = [];
    const add = (kept, a, b) => {
      const last = found.at(-1);
      if (!a.length && !b.length) return;
      if (last?.kept === kept) {
        last.old.push(...a);
        last.now.push(...b);
      } else found.push({ kept, old: [...a], now: [...b] });
    };
    const size = (one) => Math.max(one.old.length, one.now.length);
    let [i, j] = [0, 0];
    for (const [p, q] of [
      ...common(
        old.map(({ key }) => key),
        now.map(({ key }) => key),
      ),
      [old.length, now.length],
    ]) {
      add(false, old.slice(i, p), now.slice(j, q));
      if (p < old.length) add(true, [old[p]], [now[q]]);
      [i, j] = [p + 1, q + 1];
    }
    const raw = found.splice(0);
    const stayed = raw.reduce(
      (sum, one) => sum + (one.kept && one.now.filter(({ text }) => /[\p{L}\p{N}]/u.test(text)).length),
      0,
    );
    const isOther = raw.length > 1 && stayed < 0.2 * Math.max(old.length, now.length);
    raw.forEach((one, at) => {
      const [before, after] = [raw[at - 1], raw[at + 1]];
      const isIsland = before && after && one.now.length <= 2 && Math.min(size(before), size(after)) >= 2;
      add(one.kept && !isIsland && !isOther, one.old, one.now);
    });
    return found;
  };

  // The changes in each step

  // Consecutive words around which links or emphasis changed in the same way.
  const formChanges = (runs) => {
    const found = [];
    for (const { old, now } of runs.filter(({ kept }) => kept)) {
      let last = null;
      now.forEach((word, at) => {
        const [was, is] = [looks(old[at].form), looks(word.form)];
        if (was === is) last = null;
        else if (last?.key === `${was} → ${is}`) last.words.push(word);
        else found.push((last = { key: `${was} → ${is}`, words: [word], old: old[at].form, now: word.form }));
      });
    }
    return found;
  };

  const judge = (step, columns) => {
    const { old, now } = step;
    [step.runs, step.cells, step.forms] = [[], [], []];
    if (!old || !now) step.isChanged = true;
    else if (now.kind === "row") {
      step.cells = cellSteps(old, now, columns);
      step.isChanged = step.cells.some((cell) => !cell.steps || cell.steps.some(({ isChanged }) => isChanged));
    } else {
      step.runs = stretches(old.words, now.words);
      step.forms = formChanges(step.runs);
      step.isRetagged = shapeOf(old) !== shapeOf(now);
      step.isChanged = step.forms.length > 0 || step.isRetagged || step.runs.some(({ kept }) => !kept);
    }
    if (step.move && now && now.kind === "text" && step.other.old.name !== now.name)
      step.runs = stretches(step.other.old.words, now.words);
  };

  const cellSteps = (old, now, columns = columnPairs([{ old, now }])) => {
    const found = [];
    let [i, j] = [0, 0];
    for (const [p, q] of [
      ...columns.filter(([a, b]) => a < old.cells.length && b < now.cells.length),
      [old.cells.length, now.cells.length],
    ]) {
      for (; i < p; i++) found.push({ old: old.cells[i] });
      for (; j < q; j++) found.push({ now: now.cells[j] });
      if (i < old.cells.length && j < now.cells.length) {
        const [was, is] = [old.cells[i++], now.cells[j++]];
        const isOne = was.blocks.length === 1 && is.blocks.length === 1;
        const steps = isOne ? [{ old: was.blocks[0], now: is.blocks[0] }] : align(was.blocks, is.blocks);
        for (const step of steps) judge(step);
        found.push({ old: was, now: is, steps });
      }
    }
    return found;
  };

  const tableOf = ({ path }) => path.findLast(({ localName }) => localName === "table");

  const judgeAll = (steps) => {
    const tables = new Map();
    for (const step of steps.filter(({ old, now }) => old?.kind === "row" && now?.kind === "row")) {
      const rows = tables.get(tableOf(step.now)) || [];
      tables.set(tableOf(step.now), [...rows, step]);
    }
    const columns = new Map([...tables].map(([table, rows]) => [table, columnPairs(rows)]));
    for (const step of steps) judge(step, step.now && columns.get(tableOf(step.now)));
    for (const [first] of tables.values()) first.isFirstRow = true; // tells which columns came and went
  };

  return { align, findMoves, judgeAll };
})();
