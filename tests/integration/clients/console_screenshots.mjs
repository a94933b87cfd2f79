// Screenshots of the console for docs/console.md; scripts/console-screenshots runs this.
//   console_screenshots.mjs URL FOLDER COMMAND-LINES-ON-STDIN
// Each line of the standard input is JSON: {file, part, theme, width, height, actions}. An action is ["click" | "fill" |
// "wait", locator, text]. Prints "done" after each.
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { chromium } from 'playwright-core';

const [url, folder] = process.argv.slice(2);
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--headless', '--no-sandbox', '--disable-gpu'] });
const pages = new Map(); // by theme and size; each goes on asking, so that it has a history

async function pageOf({ theme, width, height }) {
    const name = `${theme} ${width} ${height}`;
    if (!pages.has(name)) {
        const page = await browser.newPage({ colorScheme: theme, viewport: { width, height } });
        await page.goto(`${url}/`);
        await page.locator('#app').waitFor();
        pages.set(name, page);
    }
    return pages.get(name);
}

async function act(page, [kind, locator, text]) {
    const target = page.locator(locator).first();
    if (kind === 'fill') await target.fill(text);
    else if (kind === 'click') await target.click();
    else await target.filter({ hasText: text }).waitFor();
}

for await (const line of createInterface({ input: process.stdin })) {
    const shot = JSON.parse(line);
    const page = await pageOf(shot);
    await page.goto(`${url}/#${shot.part}`);
    for (const action of shot.actions ?? []) await act(page, action);
    await page.evaluate(() => scrollTo(0, 0));
    if (shot.file) await page.screenshot({ path: join(folder, shot.file), fullPage: shot.full ?? false });
    console.log('done');
}
await browser.close();
