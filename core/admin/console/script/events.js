/* -- events as they happen: what the server keeps of them, and what comes behind that -- */

const EVENTS_AT_FIRST = 100;
const EVENTS_AT_ONCE = 500;
const EVENTS_SHOWN = 300;
const ANSWERS_IN_A_ROW = 4;
const LEVELS = { error: ['bad', 'Error'], warn: ['warn', 'Warning'], info: ['none', 'Info'], debug: ['none', 'Debug'] };
const EVENT_HEAD = ['id', 'time', 'level', 'module', 'message', 'event'];

const events = {
    filter: {},
    after: undefined, /* the cursor */
    list: [], /* the newest first */
    names: new Set(),
    missed: 0,
    isPaused: false,

    start() {
        byId('event-search').addEventListener('submit', (event) => {
            event.preventDefault();
            this.search();
        });
        byId('event-search').addEventListener('reset', () => setTimeout(() => this.search()));
        byId('event-pause').addEventListener('click', () => this.pause(!this.isPaused));
    },

    search() {
        const fields = new FormData(byId('event-search'));
        this.filter = Object.fromEntries([...fields].map(([name, value]) => [name, value.trim()]).filter(([, value]) => value !== ''));
        this.after = undefined;
        this.list = [];
        this.missed = 0;
        this.pause(false);
    },

    pause(isPaused) {
        this.isPaused = isPaused;
        byId('event-pause').setAttribute('aria-pressed', String(isPaused));
        if (isPaused) this.summarize();
        else poller.hurry();
    },

    async refresh() {
        for (let turn = 0; turn < ANSWERS_IN_A_ROW && !this.isPaused; turn += 1) if (!await this.askOnce()) break;
    },

    /* Returns whether there is more. */
    async askOnce() {
        const { filter, after } = this;
        const answer = await ask(`api/v1/events${query({ limit: after === undefined ? EVENTS_AT_FIRST : EVENTS_AT_ONCE, after, ...filter })}`);
        if (filter !== this.filter || after !== this.after || this.isPaused) return false;
        setText(byId('event-error'), answer.status === 200 ? '' : complaint(answer));
        if (answer.status === 200) this.take(answer.body);
        this.fill();
        return answer.status === 200 && answer.body.more;
    },

    take({ events: added, next, missed }) {
        this.after = next;
        this.missed += missed;
        this.list = [...added.reverse(), ...this.list].slice(0, EVENTS_SHOWN);
        for (const { event } of added) this.names.add(event);
    },

    fill() {
        reconcile(byId('event-list'), this.list, (event) => event.id, (event) => this.newEvent(event), () => {});
        const names = [...this.names].sort();
        reconcile(byId('event-names'), names, (name) => name, (name) => element('option', { value: name }), () => {});
        this.summarize();
    },

    summarize() {
        const shown = this.list.length === 0 ? 'No events yet' : this.list.length === 1 ? '1 event' : `${count(this.list.length)} events, the newest first`;
        const missed = this.missed > 0 ? ` ${count(this.missed)} more were missed: they came faster than this page asked.` : '';
        setText(byId('event-summary'), `${shown}. ${this.isPaused ? 'Paused.' : 'New ones come by themselves.'}${missed}`);
    },

    newEvent(event) {
        const fields = Object.entries(event).filter(([name]) => !EVENT_HEAD.includes(name));
        return element('li', {},
            element('div', { class: 'event-head' }, element('time', { class: 'mono soft', datetime: event.time }, event.time.slice(11, 23)),
                badge(...(LEVELS[event.level] ?? ['none', event.level])), element('strong', { class: 'mono' }, visible(event.event))),
            element('div', {}, visible(event.message)),
            element('dl', { class: 'event-fields' }, ...fields.map(([name, value]) => element('div', {}, element('dt', {}, name), element('dd', {}, this.value(name, value))))));
    },

    value(name, value) {
        if (name !== 'client') return foreign(value);
        return element('button', { type: 'button', class: 'link mono', on: { click: () => clientDialog.open(value) } }, value);
    },
};
