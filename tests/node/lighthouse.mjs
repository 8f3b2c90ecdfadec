// Answers each line of input, {"url", "desktop", "skip"}, with a line of Lighthouse's findings by category:
// {"seo": {"score", "failing"}, …}. One browser, whose path is the argument, serves them all.
import { createInterface } from 'node:readline';
import { launch } from 'chrome-launcher';
import lighthouse, { defaultConfig, desktopConfig } from 'lighthouse';

const categories = ['performance', 'accessibility', 'best-practices', 'seo'];
const weightless = categories
  .flatMap((category) => defaultConfig.categories[category].auditRefs)
  .filter(({ weight }) => weight === 0)
  .map(({ id }) => id);

const browser = await launch({
  chromePath: process.argv[2],
  chromeFlags: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
});
process.on('exit', browser.kill); // also after an error
for await (const line of createInterface({ input: process.stdin })) {
  const { url, desktop, skip } = JSON.parse(line);
  const flags = {
    port: browser.port,
    onlyCategories: categories,
    skipAudits: [...weightless, ...skip],
    throttlingMethod: 'simulate',
    disableFullPageScreenshot: true,
    logLevel: 'error',
  };
  const { lhr } = await lighthouse(url, flags, desktop ? desktopConfig : undefined);
  if (lhr.runtimeError) throw new Error(`${url}: ${lhr.runtimeError.message}`);
  const findings = {};
  for (const { id, score, auditRefs } of Object.values(lhr.categories)) {
    const failing = auditRefs
      .map((audit) => lhr.audits[audit.id])
      .filter((audit) => audit.errorMessage || (audit.score !== null && audit.score < 1))
      .map((audit) => `${audit.id}: ${audit.errorMessage ?? audit.displayValue ?? 'failed'}`);
    findings[id] = { score: score ?? 0, failing };
  }
  console.log(JSON.stringify(findings));
}
process.exit(); // else it waits for idle sockets
