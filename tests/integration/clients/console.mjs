// An operator at the console, in Chromium without a window. Prints one line of JSON: what was seen.
//   console.mjs URL TOKEN READ-TOKEN OPERATE-TOKEN
// There is a client with the identity "kick me", and one whose identity is hostile. The configuration's file is broken.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';

const TIMEOUT = Number(process.env.SLUICE_TEST_PATIENCE || 1) * 60000;
const PARTS = ['overview', 'clients', 'pipelines', 'slow', 'topics', 'events', 'operate'];
const LOOKS = [['light', 1280], ['dark', 360], ['dark', 1280], ['light', 360]];
const [url, token, readToken, operateToken] = process.argv.slice(2);
const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const seen = { faults: [], violations: [], tooWide: [], limits: [] };

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium',
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'] });
const giveUp = setTimeout(() => { console.error(`no answer in time: ${JSON.stringify(seen)}`); process.exit(1); }, 5 * TIMEOUT);

async function open() {
    const page = await browser.newPage();
    page.setDefaultTimeout(TIMEOUT);
    await page.addInitScript(() => {
        window.violations = [];
        document.addEventListener('securitypolicyviolation', (event) => violations.push(`${event.violatedDirective} ${event.blockedURI} ${event.sample}`));
    });
    page.on('pageerror', (error) => seen.faults.push(error.message));
    page.on('console', (message) => { if (message.type() === 'error' && !/status of (400|401|403|404|409|422)/.test(message.text())) seen.faults.push(message.text()); });
    page.on('dialog', (dialog) => { seen.faults.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
    page.on('request', (request) => {
        const asked = new URL(request.url());
        if (asked.protocol !== 'data:' && asked.origin !== url) seen.faults.push(`asked elsewhere: ${asked}`);
        if (asked.pathname === '/api/v1/clients') seen.limits.push(Number(asked.searchParams.get('limit')));
    });
    await page.goto(`${url}/`);
    return page;
}

async function signIn(page) {
    const field = page.getByLabel('Token');
    await field.fill('a-wrong-token-0123456789');
    await field.press('Enter');
    await page.locator('#sign-in-error').filter({ hasText: 'token' }).waitFor();
    seen.refused = await page.locator('#sign-in-error').textContent();
    await checkLook(page, 'sign-in');
    await field.fill(token);
    await field.press('Enter');
    await page.locator('#state').filter({ hasText: 'Ready' }).waitFor();
    seen.kept = await page.evaluate(() => [sessionStorage.length, localStorage.length, document.cookie]);
}

async function checkLook(page, name) {
    if (!await page.evaluate(() => 'axe' in window)) await page.evaluate(axe);
    const found = await page.evaluate(async () => (await axe.run(document, { resultTypes: ['violations'], preload: false })).violations
        .map((violation) => `${violation.id}: ${violation.nodes.map((node) => node.html.slice(0, 120)).join(' | ')}`));
    seen.violations.push(...found.map((text) => `${name}: ${text}`));
    if (await page.evaluate(() => document.documentElement.scrollWidth > innerWidth)) seen.tooWide.push(name);
}

async function show(page, part) {
    await page.evaluate((hash) => { location.hash = hash; }, `#${part}`);
    await page.locator(`#${part}`).waitFor();
}

/* By Tab alone to what has this name; "" if that does not come. */
async function tabTo(page, name) {
    for (let steps = 0; steps < 60; steps += 1) {
        const focused = await page.evaluate(() => {
            const node = document.activeElement;
            return (node.labels?.[0]?.textContent ?? node.textContent ?? '').trim();
        });
        if (focused === name) return name;
        await page.keyboard.press('Tab');
    }
    return '';
}

/* From the top of the page to a kicked client, without a mouse. */
async function kickByKeyboard(page) {
    await page.reload();
    await page.locator('#state').filter({ hasText: 'Ready' }).waitFor();
    await page.keyboard.press('Tab');
    const steps = [await page.evaluate(() => document.activeElement.textContent), await tabTo(page, 'Clients')];
    await page.keyboard.press('Enter');
    await page.locator('#clients').waitFor();
    steps.push(await page.evaluate(() => document.activeElement.id), await tabTo(page, 'Identity'));
    await page.keyboard.type('kick me');
    await page.keyboard.press('Enter');
    await page.locator('#client-summary').filter({ hasText: '1 client on this page that match.' }).waitFor();
    const id = await page.locator('#client-rows button').textContent();
    steps.push(await tabTo(page, id) === id);
    await page.keyboard.press('Enter');
    await page.locator('#client-facts').filter({ hasText: 'kick me' }).waitFor();
    await checkLook(page, 'client');
    steps.push(await tabTo(page, 'Kick…'));
    await page.keyboard.press('Enter');
    await page.locator('#confirm').waitFor();
    await checkLook(page, 'confirmation');
    steps.push(await page.evaluate(() => document.activeElement.textContent), await tabTo(page, 'Close code'));
    await page.keyboard.press('Control+A');
    await page.keyboard.type('4001');
    steps.push(await tabTo(page, 'Kick'));
    await page.keyboard.press('Enter');
    await page.locator('#said').filter({ hasText: 'is being closed' }).waitFor();
    seen.keyboard = steps;
}

/* What clients call themselves is text. */
async function lookAtHostile(page) {
    await page.locator('#client-search').getByRole('button', { name: 'Clear' }).click();
    const shown = page.locator('#client-rows bdi').filter({ hasText: '<img' });
    await shown.waitFor();
    seen.hostile = [await shown.textContent(), await page.locator('img, script:not([src])').count()];
}

/* Which services and events instances have to do with. */
async function lookAtRelations(page) {
    await show(page, 'pipelines');
    const names = page.locator('#pipeline-cards .card').filter({ hasText: '/names' });
    await names.locator('.stage p').last().waitFor();
    seen.relations = await names.locator('.stage p').allTextContents();
}

/* A topic is found by a part of its name, and leads to its subscribers. */
async function searchTopics(page) {
    await show(page, 'topics');
    await page.locator('#topic-summary').filter({ hasText: '3 topics.' }).waitFor();
    const rows = page.locator('#topic-rows tr');
    seen.topics = [await rows.allTextContents()];
    await page.locator('#topic-search input').fill('onl');
    await page.keyboard.press('Enter');
    await page.locator('#topic-summary').filter({ hasText: '1 topic.' }).waitFor();
    seen.topics.push(await rows.allTextContents());
    await rows.getByRole('button').click();
    await page.locator('#client-summary').filter({ hasText: '1 client on this page that match.' }).waitFor();
    await page.locator('#client-search').getByRole('button', { name: 'Clear' }).click();
}

async function reload(page) {
    await show(page, 'operate');
    await page.getByRole('button', { name: 'Reload' }).click();
    await page.locator('.findings li').first().waitFor();
    seen.findings = await page.locator('.findings li').allTextContents();
}

/* What happens while somebody looks comes by itself, unless the list is paused; all of it by keyboard. */
async function followEvents(page) {
    const item = (name) => page.locator('#event-list li').filter({ hasText: name });
    const begin = () => page.evaluate(() => ask('api/v1/drain', { method: 'POST', body: { endpoint: '/other', over: '10m' } }));
    const stop = () => page.evaluate(() => ask('api/v1/drain/stop', { method: 'POST' }));
    await show(page, 'events');
    await item('reload_failed').waitFor();
        const steps = [await page.locator('[role=log]').getAttribute('aria-live')];
    await begin();
    await item('drain_begun').waitFor();
    steps.push(await item('drain_begun').locator('dd').first().textContent());
    await page.locator('#main').focus();
    steps.push(await tabTo(page, 'Pause the list'));
    await page.keyboard.press('Enter');
    await page.locator('#event-summary').filter({ hasText: 'Paused.' }).waitFor();
    await stop();
    await page.evaluate(() => events.refresh());
    steps.push(await item('drain_stopped').count());
    await page.keyboard.press('Enter');
    await item('drain_stopped').waitFor();
    await page.locator('#event-search input').first().fill('drain_begun');
    await page.keyboard.press('Enter');
    await page.locator('#event-summary').filter({ hasText: '1 event.' }).waitFor();
    await page.locator('#event-search input').first().fill('never');
    await page.keyboard.press('Enter');
    await page.locator('#event-error').filter({ hasText: 'there is no event' }).waitFor();
    await page.locator('#event-search').getByRole('button', { name: 'Clear' }).click();
    await item('reload_failed').waitFor();
    seen.events = steps;
}

/* What a role is offered, and what the API says to what it is not. */
async function visit(role) {
    const page = await open();
    await page.getByLabel('Token').fill(role === 'read' ? readToken : operateToken);
    await page.keyboard.press('Enter');
    await page.locator('#state').filter({ hasText: 'Ready' }).waitFor();
    await show(page, 'operate');
    await page.locator('#drains').waitFor({ state: 'attached' });
    const offered = await page.locator('[data-needs]').evaluateAll((nodes) => nodes.filter((node) => !node.hidden).map((node) => node.id || node.textContent));
    const statuses = await page.evaluate(async () => {
        const asked = [['GET', 'events'], ['GET', 'topics'], ['POST', 'drain/stop', {}], ['POST', 'reload']];
        return Promise.all(asked.map(async ([method, path, body]) => (await ask(`api/v1/${path}`, { method, body })).status));
    });
    if (role === 'read') await checkLook(page, `operate, ${role}`);
    seen.roles = { ...seen.roles, [role]: [offered, statuses] };
    seen.faults.push(...await page.evaluate(() => violations));
    await page.close();
}

async function drain(page) {
    await show(page, 'operate');
    await page.locator('#drain-form select').selectOption('/other');
    await page.locator('#drain-form input').fill('10m');
    await page.getByRole('button', { name: 'Begin…' }).click();
    await page.locator('#confirm-yes').click();
    const stop = page.getByRole('button', { name: 'Stop the drain of /other' });
    await stop.waitFor();
    seen.drain = await page.locator('#drains li .soft').textContent();
    await stop.click();
    await stop.waitFor({ state: 'detached' });
}

try {
    const page = await open();
    await signIn(page);
    await kickByKeyboard(page);
    await lookAtHostile(page);
    await lookAtRelations(page);
    await searchTopics(page);
    await reload(page);
    await followEvents(page);
    await drain(page);
    for (const role of ['read', 'operate']) await visit(role);
    for (const part of PARTS) {
        await show(page, part);
        await page.waitForFunction(() => !poller.isAsking && !poller.isHurried);
    }
    /* All parts at once: one look takes as long as seven. */
    await page.evaluate((names) => names.forEach((name) => { document.getElementById(name).hidden = false; }), PARTS);
    for (const [theme, width] of LOOKS) {
        await page.setViewportSize({ width, height: 800 });
        await page.getByLabel('Theme').selectOption(theme);
        await checkLook(page, `all parts, ${theme}, ${width}`);
    }
    seen.faults.push(...await page.evaluate(() => violations));
    console.log(JSON.stringify(seen));
} finally {
    clearTimeout(giveUp);
    await browser.close();
}
