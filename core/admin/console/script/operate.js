/* -- reload and drain -- */

const operate = {
    start() {
        byId('reload').addEventListener('click', () => this.reload());
        byId('drain-form').addEventListener('submit', (event) => {
            event.preventDefault();
            this.confirmDrain();
        });
    },

    /* -- reload -- */

    async reload() {
        byId('reload').disabled = true;
        byId('reload-result').replaceChildren('Checking…');
        const error = await attempt(async () => {
            const answer = await ask('api/v1/reload', { method: 'POST' });
            this.showReload(answer);
            return null;
        });
        if (error) byId('reload-result').replaceChildren(element('p', { class: 'error' }, error));
        roles.apply();
        poller.hurry();
    },

    showReload({ status, body }) {
        const errors = body.errors ?? [];
        const sentence = status === 200 ? `Done: configuration ${body.generation} is in force.` : `Not reloaded, what ran goes on: ${body.detail}`;
        byId('reload-result').replaceChildren(
            element('p', {}, badge(status === 200 ? 'good' : 'bad', status === 200 ? 'Reloaded' : 'Failed'), ' ', element('span', {}, visible(errors.length > 0 ? 'Not reloaded; what ran goes on.' : sentence))),
            element('ul', { class: 'findings' }, ...errors.map((finding) => this.finding('bad', finding)), ...(body.warnings ?? []).map((finding) => this.finding('warn', finding))));
    },

    finding(tone, { file, line, column, message }) {
        const place = line > 0 ? `${file}:${line}:${column}` : file ?? '';
        return element('li', { data: { tone } }, element('span', { class: 'mono' }, `${tone === 'bad' ? 'Error' : 'Warning'} ${visible(place)}`), visible(message));
    },

    /* -- drain -- */

    confirmDrain() {
        const fields = new FormData(byId('drain-form'));
        const body = Object.fromEntries([...fields].filter(([, value]) => value !== ''));
        const what = body.endpoint ?? 'the whole server';
        setText(byId('drain-error'), '');
        confirmation.open({
            title: `Drain ${what}?`, yes: 'Drain',
            text: `Its clients are closed over ${body.over ?? 'the time of shutdown.grace'}, and new ones are refused until you stop the drain.`,
            act: async () => {
                const answer = await ask('api/v1/drain', { method: 'POST', ...(Object.keys(body).length > 0 ? { body } : {}) });
                if (answer.status !== 200) return complaint(answer);
                say(`The drain of ${what} has begun.`);
                this.fillDrains(answer.body);
                return null;
            },
        });
    },

    async stop(endpoint) {
        const body = endpoint === null ? undefined : { endpoint };
        const error = await attempt(async () => {
            const answer = await ask('api/v1/drain/stop', { method: 'POST', body });
            if (answer.status !== 200) return complaint(answer);
            say('The drain is stopped; new clients are let in.');
            this.fillDrains(answer.body);
            return null;
        });
        setText(byId('drain-error'), error ?? '');
    },

    async refresh() {
        const answer = await ask('api/v1/drain');
        if (answer.status === 200) this.fillDrains(answer.body);
    },

    /* Stopping without an endpoint stops all drains; that is what the button of the whole server says. */
    fillDrains({ drains }) {
        const name = ({ endpoint }) => endpoint ?? 'The whole server';
        reconcile(byId('drains'), drains, (drain) => `drain ${drain.endpoint}`, (drain) => element('li', {}, element('strong', { class: 'mono' }, visible(name(drain))),
            element('span'), newBar(), element('span', { class: 'soft' }),
            element('button', { type: 'button', data: { needs: 'operate' }, on: { click: () => this.stop(drain.endpoint) } }, drain.endpoint === null ? 'Stop all drains' : `Stop the drain of ${visible(name(drain))}`)),
        (node, drain) => {
            const [, state, bar, text, button] = node.children;
            const words = { waiting: ['warn', 'Waiting'], closing: ['warn', 'Closing'], drained: ['good', 'Drained'] };
            if (state.dataset.state !== drain.state) state.replaceChildren(badge(...(words[drain.state] ?? ['none', drain.state])));
            state.dataset.state = drain.state;
            const all = drain.closed + drain.clients;
            fillBar(bar, all > 0 ? drain.closed / all : 1);
            bar.dataset.tone = 'none';
            setText(text, `${count(drain.closed)} closed, ${count(drain.clients)} still there${drain.left_ms > 0 ? `, ${span(drain.left_ms / 1000)} to go` : ''}`);
            roles.enable(button, true);
        });
    },
};
