// Prints what caniemail says against each mail: [{"mail", "client", "feature", "notes"}] for every feature that a
// client does not support, or only in part. Arguments: the clients with commas between them, and the files.
import { readFileSync } from 'node:fs';
import { caniemail, getAllFeatures, rawData } from 'caniemail';

const clients = process.argv[2].split(',');

// caniemail 2.0 takes a client's last version by alphabet (9 after 16) and refuses a feature that nobody has tried.
// The newest is the last in the list or the highest, since some clients went over from years to numbers: both count.
const byNumber = new Intl.Collator('en', { numeric: true }).compare;
for (const { stats } of rawData.data) {
  for (const client of clients) {
    const [family, platform] = client.split('.');
    const versions = (stats[family] ??= {})[platform] ?? {};
    const names = Object.keys(versions);
    const newest = [names.at(-1), names.toSorted(byNumber).at(-1)].map((name) => versions[name] ?? 'unknown');
    stats[family][platform] = { newest: newest.find((support) => /^[an]/.test(support)) ?? 'y' };
  }
}

// It knows these and does not look for them.
const overlooked = {
  '@media (prefers-color-scheme)': /@media \(prefers-color-scheme/,
  'HTML5 doctype': /<!doctype html>/i,
  'HTML5 semantics': /<(article|aside|details|figcaption|figure|footer|header|main|mark|nav|section|summary|time)\b/,
};
const features = getAllFeatures(clients);

function* issuesOf(html) {
  // Nor does it look into what stands inside @media.
  const unwrapped = html.replace(/@media[^{]*\{((?:[^{}]*\{[^{}]*\})*)\s*\}/g, '$1');
  for (const source of [html, unwrapped]) {
    const { issues } = caniemail({ clients, html: source });
    yield* [...issues.errors, ...issues.warnings];
  }
  for (const [client, known] of [...features.supported, ...features.unsupported]) {
    yield [client, known.filter(({ support, title }) => support !== 'full' && overlooked[title]?.test(html))];
  }
}

const found = new Map();
for (const mail of process.argv.slice(3)) {
  for (const [client, issues] of issuesOf(readFileSync(mail, 'utf8'))) {
    for (const { title, notes } of issues) {
      found.set(`${mail} ${client} ${title}`, { mail, client, feature: title, notes: notes.join(' ') });
    }
  }
}
console.log(JSON.stringify([...found.values()]));
