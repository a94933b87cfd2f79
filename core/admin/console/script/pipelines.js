/* -- pipelines: what each stage decides, and how long it takes -- */

const VERDICTS = ['continue', 'handled', 'drop', 'deny', 'close', 'defer', 'error'];
const MODES = { enforce: ['good', 'Enforce'], shadow: ['shadow', 'Shadow'] };
const LATENCY = 'sluice_plugin_latency_seconds';
const NS = 1e-9;

const pipelines = {
    async refresh(now, measured) {
        const answer = await ask('api/v1/pipeline');
        if (answer.status !== 200) return;
        reconcile(byId('pipeline-cards'), answer.body.endpoints, (endpoint) => endpoint.path,
            (endpoint) => element('div', { class: 'card' }, element('h2', { class: 'mono' }, visible(endpoint.path)), element('div')),
            (card, endpoint) => this.fillStages(card.lastChild, endpoint, measured));
    },

    fillStages(list, endpoint, measured) {
        const stages = endpoint.pipeline.map((stage, index) => ({ ...stage, endpoint: endpoint.path, position: index + 1 }));
        if (stages.length === 0) {
            list.replaceChildren(element('p', { class: 'soft' }, 'No plugins: every message goes to all clients of the endpoint.'));
            list.reconciled = undefined;
            return;
        }
        reconcile(list, stages, (stage) => `${stage.position} ${stage.instance} ${stage.mode}`, (stage) => this.newStage(stage),
            (node, stage) => this.updateStage(node, stage, measured));
    },

    newStage(stage) {
        const budget = stage.budget_ns === undefined ? '' : `, budget ${span(stage.budget_ns * NS)}`;
        const head = element('div', { class: 'stage-head' }, element('span', { class: 'soft' }, `${stage.position}.`), element('h3', {}, visible(stage.instance)),
            badge(...MODES[stage.mode]), element('span', { class: 'soft' }, `${visible(stage.plugin)} ${visible(stage.version)}, on error ${stage.on_error}${budget}`));
        const left = element('div', {}, head, element('p', { class: 'soft' }), element('dl', { class: 'verdicts' }));
        const right = element('div', {}, newLatency(), element('div', { class: 'scale' }, element('span'), element('span')), element('div', { class: 'soft' }));
        return element('div', { class: 'stage' }, left, right);
    },

    updateStage(node, stage, measured) {
        const labels = { endpoint: stage.endpoint, instance: stage.instance, mode: stage.mode };
        const rate = (verdict) => measured.rate('sluice_plugin_verdicts_total', { ...labels, verdict });
        const [left, right] = node.children;
        const shown = VERDICTS.filter((verdict) => verdict === 'continue' || stage.verdicts[verdict] > 0)
            .map((verdict) => ({ name: verdict, total: stage.verdicts[verdict] ?? 0, rate: rate(verdict) }));
        for (const [name, total] of [['over budget', stage.over_budget], ['timed out', stage.timeouts]])
            if (total > 0) shown.push({ name, total, rate: undefined });
        const relations = this.relations(stage);
        setText(left.children[1], relations);
        left.children[1].hidden = relations === '';
        reconcile(left.lastChild, shown, ({ name }) => name, ({ name }) => element('div', {}, element('dt', {}, this.title(name, stage)),
            element('dd', {}, element('span'), ' ', element('small'))), ({ lastChild: value }, { total, rate: speed }) => {
            setText(value.children[0], speed === undefined ? count(total) : perSecond(speed));
            setText(value.children[1], speed === undefined ? '' : `${short(total)} in all`);
        });
        this.updateLatency(right, stage, measured.buckets(LATENCY, labels), measured.buckets(LATENCY, labels, true));
    },

    /* What it has to do with others of its pipeline, in sentences. */
    relations({ provides, finds, listens }) {
        const found = ({ name, version, wanted, provider }) => (provider === undefined ? `${name} ${wanted}: nobody provides it` : `${name} ${version} of ${provider}`);
        const sentence = (words, items) => (items.length > 0 ? [`${words} ${items.join(', ')}.`] : []);
        return visible([...sentence('Provides', provides.map(({ name, version }) => `${name} ${version}`)), ...sentence('Finds', finds.map(found)),
            ...sentence('Listens to', listens)].join(' '));
    },

    title(name, stage) {
        const word = name[0].toUpperCase() + name.slice(1);
        return stage.mode === 'shadow' && name !== 'continue' && VERDICTS.includes(name) ? `Would ${name}` : word;
    },

    updateLatency(right, stage, buckets, recent) {
        const [picture, scale, text] = right.children;
        const range = drawLatency(picture, buckets, stage.budget_ns === undefined ? undefined : stage.budget_ns * NS);
        const share = (of) => `p50 ${span(quantile(of, 0.5))}, p99 ${span(quantile(of, 0.99))}`;
        const words = range ? `In all ${share(buckets)}` : 'No calls yet';
        picture.setAttribute('aria-label', `Latency of ${stage.instance}: ${words}`);
        setText(scale.children[0], range ? span(range[0]) : '');
        setText(scale.children[1], range ? (range[1] === Infinity ? 'longer' : span(range[1])) : '');
        const isBusy = recent.some((bucket) => bucket.count > 0);
        setText(text, range ? `${isBusy ? `Just now ${share(recent)}. ` : ''}${words}.` : `${words}.`);
    },
};
