/* -- what runs: signing in, roles, which part is shown, and asking again and again -- */

const EVERY = 2000; /* ms */
const STATES = { ready: ['good', 'Ready'], 'not ready': ['bad', 'Not ready'], draining: ['warn', 'Draining'], stuck: ['bad', 'Stuck'], full: ['warn', 'Full'] };

/* -- roles: what the page offers. The server decides. -- */

const roles = {
    order: ['read', 'operate', 'all'],
    own: 'read',
    isKnown: false,

    async learn() {
        const answer = await ask('api/v1/whoami');
        if (answer.status !== 200) throw new Error(complaint(answer));
        this.own = answer.body.role;
        this.isKnown = true;
        const { role, token } = answer.body;
        byId('role').hidden = token === null;
        setText(byId('role'), token === null ? '' : `${visible(token)}: ${{ read: 'may look', operate: 'may operate', all: 'may do everything' }[role] ?? role}`);
        this.apply();
    },

    may(role) { return this.order.indexOf(this.own) >= this.order.indexOf(role); },

    /* What the role does not allow is not there. */
    enable(button, isPossible) {
        button.hidden = !this.may(button.dataset.needs);
        button.disabled = !isPossible || button.hidden;
    },

    apply() {
        for (const node of document.querySelectorAll('[data-needs]')) this.enable(node, node.id !== 'kick-all' || !node.disabled);
        for (const note of document.querySelectorAll('[data-without]')) note.hidden = this.may(note.dataset.without);
    },
};

/* -- signing in -- */

const signIn = {
    start() {
        byId('sign-in').addEventListener('submit', (event) => {
            event.preventDefault();
            const token = byId('token').value.trim();
            byId('token').value = '';
            if (!/^[\x21-\x7e]+$/.test(token)) this.show('A token has printable ASCII characters only.');
            else this.enter(token);
        });
        byId('sign-out').addEventListener('click', () => {
            session.keep(null);
            this.show('');
        });
    },

    enter(token) {
        session.keep(token);
        roles.isKnown = false;
        byId('sign-in').hidden = true;
        poller.begin();
    },

    show(text) {
        poller.end();
        session.keep(null);
        setText(byId('sign-in-error'), text);
        byId('app').hidden = true;
        byId('pause').hidden = true;
        byId('role').hidden = true;
        byId('sign-out').hidden = true;
        byId('sign-in').hidden = false;
        byId('token').focus();
    },
};

/* -- parts: which one is shown is in the address's fragment -- */

const parts = {
    all: { overview, clients, pipelines, slow, topics, events, operate },
    shown: 'overview',

    start() {
        addEventListener('hashchange', () => {
            if (!(location.hash.slice(1) in this.all)) return; /* "#main" of the skip link */
            this.show();
            byId('main').focus({ preventScroll: true });
            scrollTo(0, 0);
            poller.hurry();
        });
        this.show();
    },

    show() {
        const wanted = location.hash.slice(1);
        this.shown = wanted in this.all ? wanted : 'overview';
        for (const name of Object.keys(this.all)) byId(name).hidden = name !== this.shown;
        for (const link of document.querySelectorAll('nav a')) {
            if (link.hash === `#${this.shown}`) link.setAttribute('aria-current', 'page');
            else link.removeAttribute('aria-current');
        }
        setText(document.querySelector('title'), `${byId(this.shown).querySelector('h1').textContent} – Sluice console`);
    },
};

/* -- asking again and again, one question at a time -- */

const poller = {
    measured: undefined,
    timer: undefined,
    isRunning: false,
    isAsking: false,
    isHurried: false,

    start() {
        byId('pause').addEventListener('click', () => (this.isRunning ? this.pause() : this.begin()));
        document.addEventListener('visibilitychange', () => this.hurry());
    },

    begin() {
        this.isRunning = true;
        setText(byId('pause'), 'Pause');
        byId('pause').setAttribute('aria-pressed', 'false');
        this.hurry();
    },

    pause() {
        this.end();
        byId('pause').setAttribute('aria-pressed', 'true');
        setText(byId('pause'), 'Paused');
    },

    end() {
        this.isRunning = false;
        clearTimeout(this.timer);
    },

    /* As soon as possible, be it paused. */
    hurry() {
        clearTimeout(this.timer);
        if (this.isAsking) this.isHurried = true;
        else this.ask();
    },

    async ask() {
        if (byId('app').hidden && !this.isRunning) return;
        this.isAsking = true;
        try {
            await this.askAll();
            this.tellWhetherThere('');
        } catch (error) {
            if (error instanceof Unauthorized) signIn.show(session.token ? error.message : '');
            else this.tellWhetherThere('The server does not answer. What is shown is old; asking again.');
        }
        this.isAsking = false;
        if (this.isHurried) {
            this.isHurried = false;
            this.hurry();
        } else if (this.isRunning && !document.hidden) {
            this.timer = setTimeout(() => this.ask(), EVERY);
        }
    },

    async askAll() {
        if (!roles.isKnown) await roles.learn();
        const readiness = readReadiness(await ask('readyz?verbose'));
        const answer = await ask('metrics');
        if (answer.status !== 200) throw new Error(complaint(answer));
        this.measured = new Measured(answer.body, performance.now(), this.measured);
        overview.remember(this.measured);
        this.fillFrame(readiness);
        const part = parts.all[parts.shown];
        if (part === overview) overview.update(this.measured, readiness);
        else await part.refresh(performance.now(), this.measured);
        await clientDialog.refresh();
    },

    fillFrame(readiness) {
        const [tone, word] = STATES[readiness.status] ?? ['none', readiness.status];
        byId('state').dataset.tone = tone;
        setText(byId('state-word'), word);
        const version = this.measured.samples('sluice_info')[0]?.labels.version;
        setText(byId('server'), `${version ?? ''} at ${location.host}`);
        this.fillEndpoints(this.measured.samples('sluice_clients').map((sample) => sample.labels.endpoint));
        byId('app').hidden = false;
        byId('pause').hidden = false;
        byId('sign-out').hidden = !session.token;
    },

    /* The choices of each form. */
    fillEndpoints(paths) {
        for (const select of document.querySelectorAll('select.endpoints')) {
            const known = [...select.options].slice(1).map((option) => option.value);
            if (known.join('\n') === paths.join('\n')) continue;
            const chosen = select.value;
            select.replaceChildren(select.options[0], ...paths.map((path) => element('option', { value: path }, visible(path))));
            select.value = paths.includes(chosen) ? chosen : '';
        }
    },

    tellWhetherThere(text) {
        setText(byId('offline'), text);
        byId('offline').hidden = text === '';
    },
};

/* The lines of /readyz?verbose; the last one says what the others come to. */
function readReadiness({ body }) {
    const lines = [...String(body).matchAll(/^(ok|failed) +(.*)$/gm)].map(([, state, text]) => ({ tone: state === 'ok' ? 'good' : 'bad', text }));
    const last = lines.pop();
    return { checks: lines, status: last?.text.replace(/^readyz: /, '') ?? 'unknown' };
}

document.addEventListener('DOMContentLoaded', () => {
    byId('theme').value = theme.choice;
    byId('theme').addEventListener('change', () => chooseTheme(byId('theme').value));
    for (const part of [confirmation, clientDialog, signIn, clients, topics, events, operate, parts, poller]) part.start();
    poller.begin();
});
