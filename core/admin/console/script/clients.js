/* -- clients: search, look, kick -- */

const PAGE = 100;
const CLIENTS_EVERY = 5000; /* ms; a search may look at every client */

const stateOf = (client) => (client.state === 'open' ? ['good', 'Open'] : ['warn', 'Closing']);
const identityOf = (client) => (client.identity === null ? element('span', { class: 'soft' }, 'none') : foreign(client.identity));
const addressOf = (client) => (client.port > 0 ? `${client.address}, ${client.port}` : client.address);

/* Members that the page knows come first, with words of their own; what later servers tell follows as it is. */
const CLIENT_FACTS = {
    state: ['State', (client) => badge(...stateOf(client))],
    identity: ['Identity', identityOf],
    endpoint: ['Endpoint', (client) => foreign(client.endpoint)],
    address: ['Address', (client) => client.address],
    port: ['Port', (client) => (client.port > 0 ? String(client.port) : 'not known')],
    tls: ['TLS', (client) => (client.tls ? 'yes' : 'no')],
    topics: ['Topics', (client) => count(client.topics)],
    queued_bytes: ['Queued', (client) => bytes(client.queued_bytes)],
    silent_ms: ['Silent for', (client) => span(client.silent_ms / 1000)],
};

function clientFacts(client) {
    const known = Object.entries(CLIENT_FACTS).filter(([name]) => client[name] !== undefined).map(([, [title, read]]) => [title, read(client)]);
    const others = Object.entries(client).filter(([name]) => name !== 'id' && !(name in CLIENT_FACTS));
    return [...known, ...others.map(([name, value]) => [name.replaceAll('_', ' '), foreign(typeof value === 'object' ? JSON.stringify(value) : value)])];
}

/* A button that opens a client's dialog; the first cell of its row. */
const clientColumn = {
    head: true,
    node: (client) => element('button', { type: 'button', class: 'link mono', on: { click: () => clientDialog.open(client.id) } }, client.id),
};
const identityColumn = {
    node: () => element('span'),
    update: (node, client) => {
        const text = JSON.stringify(client.identity);
        if (node.shown !== text) node.replaceChildren(identityOf(client));
        node.shown = text;
    },
};

const clients = {
    filter: {},
    after: undefined, /* of the page that is shown */
    next: undefined,
    isDue: true,
    asked: 0,

    start() {
        byId('client-search').addEventListener('submit', (event) => {
            event.preventDefault();
            this.search();
        });
        byId('client-search').addEventListener('reset', () => setTimeout(() => this.search()));
        byId('clients-first').addEventListener('click', () => this.turnTo(undefined));
        byId('clients-next').addEventListener('click', () => this.turnTo(this.next));
        byId('kick-all').addEventListener('click', () => this.confirmKick());
    },

    /* What the form says, without what is empty. */
    search() {
        const fields = new FormData(byId('client-search'));
        this.filter = Object.fromEntries([...fields].filter(([, value]) => value !== ''));
        this.turnTo(undefined);
    },

    /* From another part of the page. The filter is as it came: an input element leaves out line breaks, which a topic may have.
       The form is not reset, because what follows a reset is a search for what the form says. */
    show(filter) {
        for (const field of byId('client-search').querySelectorAll('[name]')) field.value = filter[field.name] ?? '';
        location.hash = '#clients';
        this.filter = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== ''));
        this.turnTo(undefined);
    },

    turnTo(after) {
        this.after = after;
        this.isDue = true;
        poller.hurry();
    },

    async refresh(now) {
        if (!this.isDue && now - this.asked < CLIENTS_EVERY) return;
        this.isDue = false;
        this.asked = now;
        const { filter, after } = this;
        const answer = await ask(`api/v1/clients${query({ limit: PAGE, after, ...filter })}`);
        if (filter !== this.filter || after !== this.after) return;
        const isGood = answer.status === 200;
        setText(byId('client-error'), isGood ? '' : complaint(answer));
        this.fill(isGood ? answer.body.clients : []);
        this.next = isGood ? answer.body.next : undefined;
        byId('clients-next').disabled = this.next === undefined;
        byId('clients-first').disabled = this.after === undefined;
        roles.enable(byId('kick-all'), Object.keys(this.filter).length > 0);
    },

    fill(found) {
        const isFiltered = Object.keys(this.filter).length > 0;
        setText(byId('client-summary'), `${found.length === 1 ? '1 client' : `${count(found.length)} clients`} on this page${isFiltered ? ' that match' : ''}.`);
        fillRows(byId('client-rows'), found, (client) => client.id, [
            clientColumn, identityColumn,
            { node: (client) => foreign(client.endpoint) },
            { class: 'mono', text: addressOf },
            { node: () => element('span'), update: (node, client) => {
                if (node.dataset.state !== client.state) node.replaceChildren(badge(...stateOf(client)));
                node.dataset.state = client.state;
            } },
            { class: 'n', text: (client) => count(client.topics) },
            { class: 'n', text: (client) => bytes(client.queued_bytes) },
            { class: 'n', text: (client) => span(client.silent_ms / 1000) },
        ], isFiltered ? 'No client matches.' : 'No client is connected.');
    },

    confirmKick() {
        const { filter } = this;
        const words = Object.entries(filter).map(([name, value]) => `${name} ${visible(value)}`).join(' and ');
        confirmation.open({
            title: 'Kick all clients that match?', text: `All open clients with ${words} are closed, on this page or not.`, yes: 'Kick all', isKick: true,
            act: async (closing) => {
                const answer = await ask('api/v1/kick', { method: 'POST', body: { ...filter, ...closing } });
                if (answer.status !== 200) return complaint(answer);
                say(`${count(answer.body.closed)} clients are being closed.`);
                this.turnTo(undefined);
                return null;
            },
        });
    },
};
