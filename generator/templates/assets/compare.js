// Compares any two versions in the browser: a block that both texts have stays, one that is alike is compared
// word by word, the rest was removed or added. For versions that have a page of their own for it, it leads there.
{
  const form = document.getElementById("ps-compare");
  const compared = document.getElementById("ps-compared");
  const said = document.getElementById("ps-compare-said");
  const BLOCKS = "address,blockquote,caption,dd,details,div,dl,dt,figure,h1,h2,h3,h4,h5,h6,hr,li,ol,p,pre,summary,table,tr,ul";
  const ALIKE = 0.5; // twice the common words to all words of both
  const MOST_CELLS = 4e6; // of a table of common words

  const fold = (text) => text.replace(/\s+/g, " ").trim();

  // Where a link leads is a word after its own words, between two characters that no text has.
  const TARGET = /\uE000([^\uE001]*)\uE001/;
  const withoutTargets = (text) => text.split(TARGET).filter((_, at) => at % 2 === 0).join("");

  const inline = (node) => {
    if (node.nodeType === Node.TEXT_NODE) return node.data.replace(/[\uE000\uE001]/g, "");
    if (node.nodeType !== Node.ELEMENT_NODE || node.matches(".ps-clause")) return "";
    if (node.localName === "br") return " ";
    if (node.localName === "img") return ` [${node.alt || node.getAttribute("src")}] `;
    const text = [...node.childNodes].map(inline).join("");
    return node.matches("a[href]") ? `${text}\uE000${node.getAttribute("href")}\uE001` : text;
  };

  // The stretches of running text below an element, each with the tag that it stands in and how deep in lists.
  const blocksOf = (element, depth = 0, found = []) => {
    let text = "";
    const end = () => {
      if (fold(text)) found.push({ tag: element.localName, depth, text: fold(text) });
      text = "";
    };
    for (const node of element.childNodes) {
      if (node.nodeType !== Node.ELEMENT_NODE) text += inline(node);
      else if (node.localName === "tr") {
        end();
        found.push({ tag: "tr", depth, text: [...node.children].map((cell) => fold(inline(cell))).join(" | ") });
      } else if (node.matches(BLOCKS) || node.querySelector(BLOCKS)) {
        end();
        if (node.localName === "hr") found.push({ tag: "hr", depth, text: "―――" });
        blocksOf(node, depth + node.matches("ul, ol"), found);
      } else text += inline(node);
    }
    end();
    return found;
  };

  // Pairs of places that hold the same in both lists, in order: a longest common subsequence.
  const common = (old, now) => {
    let start = 0;
    while (start < old.length && start < now.length && old[start] === now[start]) start++;
    let end = 0;
    while (end < old.length - start && end < now.length - start && old.at(-1 - end) === now.at(-1 - end)) end++;
    const a = old.slice(start, old.length - end);
    const b = now.slice(start, now.length - end);
    const pairs = Array.from({ length: start }, (_, at) => [at, at]);
    if (a.length * b.length && a.length * b.length <= MOST_CELLS) {
      const width = b.length + 1;
      const lengths = new Uint32Array((a.length + 1) * width);
      for (let i = a.length - 1; i >= 0; i--)
        for (let j = b.length - 1; j >= 0; j--)
          lengths[i * width + j] =
            a[i] === b[j]
              ? lengths[(i + 1) * width + j + 1] + 1
              : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
      for (let i = 0, j = 0; i < a.length && j < b.length; ) {
        if (a[i] === b[j]) pairs.push([start + i++, start + j++]);
        else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) i++;
        else j++;
      }
    }
    for (let at = end; at > 0; at--) pairs.push([old.length - at, now.length - at]);
    return pairs;
  };

  const wordsOf = (block) => block.text.match(/\uE000[^\uE001]*\uE001|[\p{L}\p{N}][\p{L}\p{N}\p{M}'’-]*|\s+|./gu) || [];

  const alike = (old, now) => {
    const left = new Map();
    const words = (block) => wordsOf(block).filter((word) => word.trim());
    for (const word of words(old)) left.set(word, (left.get(word) || 0) + 1);
    let shared = 0;
    for (const word of words(now)) {
      if (left.get(word)) {
        left.set(word, left.get(word) - 1);
        shared++;
      }
    }
    return (2 * shared) / (words(old).length + words(now).length);
  };

  // What became of the blocks, in order: [old, new], one of them missing where it was added or removed.
  const changes = (old, now) => {
    const name = (block) => `${block.tag} ${block.depth} ${block.text}`;
    const result = [];
    let i = 0;
    let j = 0;
    for (const [nextI, nextJ] of [...common(old.map(name), now.map(name)), [old.length, now.length]]) {
      let from = j;
      for (; i < nextI; i++) {
        const match = now.slice(from, nextJ).findIndex((block) => alike(old[i], block) >= ALIKE);
        if (match < 0) result.push([old[i], null]);
        else {
          for (const added of now.slice(from, from + match)) result.push([null, added]);
          result.push([old[i], now[from + match]]);
          from += match + 1;
        }
      }
      for (const added of now.slice(from, nextJ)) result.push([null, added]);
      if (nextI < old.length) result.push([old[nextI], now[nextJ]]);
      i = nextI + 1;
      j = nextJ + 1;
    }
    return result;
  };

  const mark = (tag, text) => {
    const element = document.createElement(tag);
    element.className = "rl";
    const spoken = document.createElement("span");
    spoken.className = "rl-said";
    spoken.textContent = `${compared.dataset[tag]} `;
    element.append(spoken, withoutTargets(text));
    const target = text.match(TARGET);
    if (target && !withoutTargets(text).trim()) {
      const shown = document.createElement("span");
      shown.className = "ps-target";
      shown.textContent = ` (${target[1]})`;
      element.append(shown);
    }
    return element;
  };

  const marked = (old, now) => {
    if (!old || !now) return [mark(old ? "del" : "ins", (old || now).text)];
    if (old.text === now.text) return [withoutTargets(now.text)];
    const [before, after] = [wordsOf(old), wordsOf(now)];
    const pieces = [];
    let i = 0;
    let j = 0;
    for (const [nextI, nextJ] of [...common(before, after), [before.length, after.length]]) {
      if (i < nextI) pieces.push(mark("del", before.slice(i, nextI).join("")));
      if (j < nextJ) pieces.push(mark("ins", after.slice(j, nextJ).join("")));
      if (nextJ < after.length) pieces.push(withoutTargets(after[nextJ]));
      i = nextI + 1;
      j = nextJ + 1;
    }
    return pieces;
  };

  const shown = ([old, now]) => {
    const { tag, depth } = now || old;
    const block = document.createElement(tag === "h1" ? "h2" : /^h[2-6]$|^pre$|^blockquote$/.test(tag) ? tag : "p");
    if (tag === "h1") block.dataset.level = 1; // the page has a title of its own
    block.className = tag === "li" || depth ? "ps-item" : "";
    block.style.marginInlineStart = `${1.2 * depth}em`;
    block.append(...marked(old, now));
    return block;
  };

  const textOf = async (label) => {
    const answer = await fetch(`${form.dataset.versions}${label}/`);
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const title = { tag: "h1", depth: 0, text: fold(page.querySelector("h1").textContent) };
    return [title, ...blocksOf(page.querySelector(".ps-text"))];
  };

  // Read from a folder instead of a server, an address has to name its file.
  const page = (address) => (location.protocol === "file:" ? `${address}index.html` : address);

  const compare = async (from, to) => {
    const options = [...form.elements.from.options];
    const labels = options.map((option) => option.value); // newest first
    const [at, toAt] = [labels.indexOf(from), labels.indexOf(to)];
    if (at < 0 || toAt < 0) return;
    form.elements.from.value = from;
    form.elements.to.value = to;
    if (at === toAt + 1) return location.replace(page(`${form.dataset.changes}${to}/`));
    if (toAt === 0 && "since" in options[at].dataset) return location.replace(page(`${form.dataset.since}${from}/`));
    try {
      const rows = changes(...(await Promise.all([textOf(from), textOf(to)])));
      const isSame = rows.every(([old, now]) => old && now && old.text === now.text);
      said.textContent = isSame ? said.dataset.same : said.dataset.made;
      compared.replaceChildren(...rows.map(shown));
      compared.hidden = isSame;
    } catch {
      said.textContent = said.dataset.failed;
    }
  };

  const asked = new URLSearchParams(location.search);
  if (asked.has("from") && asked.has("to")) compare(asked.get("from"), asked.get("to"));
}
