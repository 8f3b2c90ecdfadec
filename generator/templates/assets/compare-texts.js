// Reads the blocks of a text and the markup around their words. It does not change the elements.
const policysiteTexts = (() => {
  const BLOCKS =
    "address,blockquote,caption,dd,details,div,dl,dt,figcaption,figure,h1,h2,h3,h4,h5,h6,hr,li,ol,p,pre,section,summary,table,tr,ul";
  const HIDDEN = ".ps-clause, .headerlink, script, style";
  const WHOLE = "img, svg, picture, video, audio, input, br";

  const PARTS = {
    li: "item",
    tr: "row",
    pre: "code",
    dt: "term",
    dd: "term",
    caption: "caption",
    figcaption: "caption",
    hr: "rule",
  };
  const MARKS = {
    b: "strong",
    strong: "strong",
    i: "em",
    em: "em",
    code: "code",
    del: "del",
    s: "del",
    ins: "ins",
    u: "ins",
    sup: "sup",
    sub: "sub",
    mark: "mark",
  };
  const SHAPES = "ul,ol,pre,th,td,dt,dd,summary,blockquote,h1,h2,h3,h4,h5,h6".split(",");
  const WORD =
    /(\s*)([\p{sc=Han}\p{sc=Hira}\p{sc=Kana}\p{sc=Thai}\p{sc=Lao}\p{sc=Khmr}]\p{M}*|[\p{L}\p{N}][\p{L}\p{N}\p{M}'’-]*|\S)/gu;

  // The words of running text, each with the blanks before it and the inline elements around it.
  const wordsOf = (nodes) => {
    const words = [];
    let space = "";
    const add = (node, form) => {
      if (node.nodeType === Node.TEXT_NODE) {
        let end = 0;
        for (const [found, before, text] of node.data.matchAll(WORD)) {
          words.push({ key: text, text, space: space + before, form });
          space = "";
          end += found.length;
        }
        space += node.data.slice(end);
      } else if (node.nodeType === Node.ELEMENT_NODE && !node.matches(HIDDEN)) {
        if (node.matches(WHOLE) || node.localName === "hr") {
          const attributes = ["src", "alt", "checked"].map((name) => node.getAttribute(name));
          words.push({
            key: `<${node.localName}> ${attributes} ${node.textContent}`,
            text: node.alt ?? "",
            node,
            space,
            form,
          });
          space = "";
        } else for (const child of node.childNodes) add(child, [...form, node]);
      }
    };
    for (const node of nodes) add(node, []);
    if (words.length) words[0].space = "";
    return words;
  };

  const inWords = (words) => words.map(({ text, space }, at) => (at && space ? ` ${text}` : text)).join("");

  const block = (kind, tag, path, words, more) => {
    const counts = new Map();
    for (const { key } of words) counts.set(key, (counts.get(key) || 0) + 1);
    const name = `${kind} ${words.map(({ key }) => key).join(" ")}`;
    return { kind, tag, path, words, counts, name, text: inWords(words), ...more };
  };

  // The blocks below an element in order: running text, and table rows with their cells. ``path`` leads from the root
  // to the element that holds the block.
  const blocksOf = (element, path = [], found = []) => {
    let nodes = [];
    const end = () => {
      const words = wordsOf(nodes);
      if (words.length) found.push(block("text", element.localName, path, words, { nodes }));
      nodes = [];
    };
    for (const node of element.childNodes) {
      if (node.nodeType !== Node.ELEMENT_NODE) nodes.push(node);
      else if (node.localName === "tr") {
        end();
        const cells = [...node.children].map((cell) => ({ element: cell, blocks: blocksOf(cell, [cell]) }));
        const words = cells.flatMap(({ blocks }) => blocks.flatMap((one) => one.words));
        const name = `row ${cells.map(({ blocks }) => blocks.map((one) => one.name).join(" ")).join(" | ")}`;
        const text = cells.map(({ blocks }) => blocks.map((one) => one.text).join(" ")).join(" | ");
        found.push(block("row", "tr", [...path, node], words, { cells, name, text, nodes: [node] }));
      } else if (node.localName === "hr") {
        end();
        found.push(block("rule", "hr", path, wordsOf([node]), { nodes: [node] }));
      } else if (node.matches(BLOCKS) || node.querySelector(BLOCKS)) {
        end();
        blocksOf(node, [...path, node], found);
      } else nodes.push(node);
    }
    end();
    return found;
  };

  // The location of each block for a reader: the heading above it, and its number below that heading.
  const findPlaces = (blocks) => {
    const headings = [];
    let counts = {};
    let owner = null;
    for (const one of blocks) {
      const level = Number(one.path.at(-1)?.dataset.level || /^h([1-6])$/.exec(one.tag)?.[1] || 0);
      if (level) while (headings.length && headings.at(-1).level >= level) headings.pop();
      const heading = headings.at(-1)?.title || "";
      if (level) {
        headings.push({ level, title: one.text });
        counts = {};
        one.place = { part: "heading", number: 1, title: one.text, heading, level };
        continue;
      }
      const holder = one.kind === "rule" ? null : one.path.findLast(({ localName }) => localName in PARTS);
      const part = one.kind === "rule" ? "rule" : holder ? PARTS[holder.localName] : "paragraph";
      const isNote = part === "item" && one.path.some((element) => element.matches(".footnote"));
      const counted = isNote ? "note" : part;
      if (!holder || holder !== owner) counts[counted] = (counts[counted] || 0) + (holder?.localName !== "dd");
      owner = holder;
      one.place = { part: counted, number: Math.max(1, counts[counted]), title: "", heading };
    }
    return blocks;
  };

  // The links and the emphasis around a word.
  const kindOf = ({ localName }) => (localName === "a" ? "a" : MARKS[localName] || "");
  const linkOf = (elements) => elements.find((element) => element.matches("a[href]"))?.getAttribute("href") ?? null;
  const looks = (elements) => `${elements.map(kindOf).filter(Boolean).sort()} ${linkOf(elements)}`;

  const shapeOf = ({ path }) => path.findLast(({ localName }) => SHAPES.includes(localName))?.localName || "p";

  return { blocksOf, findPlaces, inWords, kindOf, linkOf, looks, shapeOf };
})();
