// Chromium without a window. Prints one line of JSON.
//   browser.mjs snippet FILE         runs a script in a page of its own: its console output
//   browser.mjs demo URL             the demo page in two tabs: what each of them shows
//   browser.mjs visit PAGE URL...    a page, and a sandboxed frame in it, connect to each URL: "open", or
//                                    the code of the close event
//   browser.mjs compressed URL       messages that an endpoint echoes: what was agreed on, and how many came
//                                    back as they were sent
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { chromium } from 'playwright-core';

const TIMEOUT = Number(process.env.SLUICE_TEST_PATIENCE || 1) * 20000;

const launch = () => chromium.launch({
    executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
        '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

/* Resolves when `condition` holds for one of the page's console lines. */
function consoleLine(page, lines, condition) {
    return new Promise((resolve) => {
        const look = () => { if (lines.some(condition)) resolve(); };
        page.on('console', look);
        look();
    });
}

/* A page with the script, as somebody developing on this machine would serve it: Chromium lets only
 * pages from this machine connect to it without asking. */
async function serve(script) {
    const html = `<!doctype html><title>snippet</title><script>${script}</script>`;
    const server = createServer((_, response) => {
        response.setHeader('Content-Type', 'text/html');
        response.end(html);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return server;
}

async function snippet(browser, file) {
    const server = await serve(readFileSync(file));
    const page = await browser.newPage();
    const lines = [];
    page.on('console', (message) => lines.push(message.text()));
    page.on('pageerror', (error) => lines.push(`error: ${error.message}`));
    const received = consoleLine(page, lines, (line) => line.startsWith('Message from server'));
    await page.goto(`http://localhost:${server.address().port}/`);
    await received;
    await page.evaluate(() => ws.close());
    await consoleLine(page, lines, (line) => line === 'WebSocket closed');
    server.closeAllConnections();
    server.close();
    return lines;
}

async function demo(browser, url) {
    const context = await browser.newContext();
    const tabs = [await context.newPage(), await context.newPage()];
    const errors = [];
    for (const tab of tabs) {
        tab.on('pageerror', (error) => errors.push(error.message));
        await tab.goto(url);
        await tab.locator('#state[data-state=open]').waitFor();
    }
    await tabs[0].locator('#name').fill('Ada');
    await tabs[0].locator('#message').fill('Hello <b>second</b> tab');
    await tabs[0].locator('#message').press('Enter');
    const shown = [];
    for (const tab of tabs)
        shown.push(await tab.locator('#log .text').first().textContent());
    const who = await tabs[1].locator('#log .who').first().textContent();
    await tabs[1].locator('#message').fill('and back');
    await tabs[1].locator('#send').click();
    shown.push(await tabs[0].locator('#log .text').nth(1).textContent());
    return { shown, who: who.split(',')[0], errors };
}

/* What a WebSocket of the page, or of a frame without an origin of its own in it, comes to. */
async function visit(browser, address, ...urls) {
    const page = await browser.newPage();
    await page.goto(address);
    await page.evaluate(() => new Promise((resolve) => {
        const frame = document.createElement('iframe');
        frame.sandbox = 'allow-scripts';
        frame.srcdoc = '<!doctype html><title>sandboxed</title>';
        frame.onload = resolve;
        document.body.append(frame);
    }));
    const connect = (url) => new Promise((resolve) => {
        const socket = new WebSocket(url);
        socket.onopen = () => { socket.close(); resolve('open'); };
        socket.onclose = (event) => resolve(event.code);
    });
    const seen = { page: [], sandboxed: [] };
    for (const url of urls) {
        seen.page.push(await page.mainFrame().evaluate(connect, url));
        seen.sandboxed.push(await page.frames()[1].evaluate(connect, url));
    }
    return seen;
}

/* Texts and binary messages of many sizes, sent one after the other. */
async function compressed(browser, url) {
    const server = await serve('');
    const page = await browser.newPage();
    await page.goto(`http://localhost:${server.address().port}/`);
    const seen = await page.evaluate(async (address) => {
        const socket = new WebSocket(address);
        socket.binaryType = 'arraybuffer';
        const next = (event) => new Promise((resolve) => { socket.addEventListener(event, resolve, { once: true }); });
        const decoder = new TextDecoder();
        await next('open');
        let echoed = 0;
        for (const size of [0, 1, 126, 1000, 5000, 30000, 70000, 200000]) {
            const text = '{"price": 1.5, "städte": "東京"}'.repeat(size / 20 + 1).slice(0, size);
            for (const data of [text, new TextEncoder().encode(text)]) {
                socket.send(data);
                const { data: got } = await next('message');
                if ((typeof got === 'string' ? got : decoder.decode(got)) === text) echoed += 1;
            }
        }
        socket.close();
        await next('close');
        return { extensions: socket.extensions.split(';')[0], echoed };
    }, url);
    server.closeAllConnections();
    server.close();
    return seen;
}

const [what, ...rest] = process.argv.slice(2);
const commands = { snippet, demo, visit, compressed };
const browser = await launch();
const giveUp = setTimeout(() => { console.error('no answer in time'); process.exit(1); }, TIMEOUT);
try {
    console.log(JSON.stringify(await commands[what](browser, ...rest)));
} finally {
    clearTimeout(giveUp);
    await browser.close();
}
