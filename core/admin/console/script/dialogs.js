/* -- dialogs: one asks before anything is done that clients notice, the other shows a client -- */

/* What was done last, for everybody, screen readers included. */
function say(text) {
    setText(byId('said'), text);
}

/* Asks; on yes runs `act`, which returns what is wrong as a sentence, or null. With `isKick` there is a code and a
 * reason, which `act` gets. */
const confirmation = {
    act: null,

    start() {
        byId('confirm-no').addEventListener('click', () => byId('confirm').close());
        byId('confirm-form').addEventListener('submit', (event) => {
            event.preventDefault();
            this.run();
        });
    },

    open({ title, text, yes, isKick = false, act }) {
        this.act = act;
        setText(byId('confirm-title'), title);
        setText(byId('confirm-text'), text);
        setText(byId('confirm-yes'), yes);
        setText(byId('confirm-error'), '');
        byId('confirm-kick').hidden = !isKick;
        byId('confirm').showModal();
        byId('confirm-no').focus(); /* so that Enter alone does nothing */
    },

    closing() {
        const code = byId('kick-code').value.trim();
        const reason = byId('kick-reason').value;
        return { ...(code === '' ? {} : { code: Number(code) }), ...(reason === '' ? {} : { reason }) };
    },

    async run() {
        byId('confirm-yes').disabled = true;
        const error = await attempt(() => this.act(this.closing()));
        byId('confirm-yes').disabled = false;
        if (error === null) byId('confirm').close();
        else setText(byId('confirm-error'), error);
    },
};

/* Runs what asks the server; returns what is wrong, or null. */
async function attempt(act) {
    try {
        return await act();
    } catch (error) {
        if (error instanceof Unauthorized) {
            for (const dialog of document.querySelectorAll('dialog[open]')) dialog.close();
            signIn.show(error.message);
            return null;
        }
        return 'The server does not answer; nothing is known of what it did.';
    }
}

const clientDialog = {
    id: null,

    start() {
        byId('client-kick').addEventListener('click', () => confirmation.open({
            title: `Kick client ${this.id}?`, text: 'Its connection is closed. A client that connects again is let in again.', yes: 'Kick', isKick: true,
            act: async (closing) => this.kick(closing),
        }));
        byId('client-dialog').addEventListener('close', () => { this.id = null; });
    },

    async kick(closing) {
        const { id } = this;
        const answer = await ask('api/v1/kick', { method: 'POST', body: { id, ...closing } });
        if (answer.status !== 200) return complaint(answer);
        say(`Client ${id} is being closed.`);
        byId('client-dialog').close();
        clients.isDue = true;
        poller.hurry();
        return null;
    },

    async open(id) {
        this.id = id;
        setText(byId('client-dialog-title'), `Client ${id}`);
        fillFacts(byId('client-facts'), [['', 'Loading…']]);
        byId('client-dialog').showModal();
        const error = await attempt(() => this.refresh());
        if (error) fillFacts(byId('client-facts'), [['', error]]);
    },

    async refresh() {
        const { id } = this;
        if (id === null) return null;
        const answer = await ask(`api/v1/clients/${encodeURIComponent(id)}`);
        if (this.id !== id) return null;
        byId('client-kick').disabled = answer.status !== 200 || !roles.may('operate');
        if (answer.status !== 200) fillFacts(byId('client-facts'), [['State', badge('none', answer.status === 404 ? 'Gone' : complaint(answer))]]);
        else fillFacts(byId('client-facts'), clientFacts(answer.body));
        return null;
    },
};
