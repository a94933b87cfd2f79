/* -- topics: how many each endpoint has, and the first ones that a search finds -- */

const TOPICS_EVERY = 5000; /* ms */
const TOPICS_REST = 10; /* a search looks at every topic: the next one waits so many times as long as it took */

const topics = {
    search: {},
    isDue: true,
    next: 0, /* when to ask again */

    start() {
        byId('topic-search').addEventListener('submit', (event) => {
            event.preventDefault();
            this.begin();
        });
        byId('topic-search').addEventListener('reset', () => setTimeout(() => this.begin()));
    },

    begin() {
        this.search = Object.fromEntries(new FormData(byId('topic-search')));
        this.isDue = true;
        poller.hurry();
    },

    async refresh(now, measured) {
        this.fillCounts(measured);
        if (!this.isDue && now < this.next) return;
        this.isDue = false;
        const { search } = this;
        const begun = performance.now();
        const answer = await ask(`api/v1/topics${query(search)}`);
        const took = performance.now() - begun;
        this.next = begun + took + Math.max(TOPICS_EVERY, TOPICS_REST * took);
        if (search !== this.search) return;
        const isGood = answer.status === 200;
        setText(byId('topic-error'), isGood ? '' : complaint(answer));
        if (isGood) this.fill(answer.body);
    },

    fillCounts(measured) {
        const value = (name, endpoint) => measured.value(name, { endpoint });
        const paths = measured.samples('sluice_topics').map((sample) => sample.labels.endpoint);
        fillRows(byId('topic-count-rows'), paths, (path) => path, [
            { head: true, class: 'mono', text: visible },
            { class: 'n', text: (path) => count(value('sluice_topics', path)) },
            { class: 'n', text: (path) => count(value('sluice_subscriptions', path)) },
            { class: 'n', text: (path) => (value('sluice_topics', path) > 0 ? short(value('sluice_subscriptions', path) / value('sluice_topics', path)) : DASH) },
        ], 'There are no endpoints.');
    },

    fill({ topics: shown, found }) {
        setText(byId('topic-summary'), found > shown.length ? `The first ${count(shown.length)} of ${count(found)} topics.` : found === 1 ? '1 topic.' : `${count(found)} topics.`);
        fillRows(byId('topic-rows'), shown, (topic) => `${topic.endpoint}\n${topic.name}`, [
            { head: true, node: (topic) => element('button', { type: 'button', class: 'link mono', title: 'Show its subscribers',
                on: { click: () => clients.show({ topic: topic.name, endpoint: topic.endpoint }) } }, foreign(topic.name)) },
            { node: (topic) => foreign(topic.endpoint) },
            { class: 'n', text: (topic) => count(topic.subscribers) },
        ], 'No topic matches.');
    },
};
