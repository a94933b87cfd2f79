/* -- slow clients, drops, and who was closed or refused -- */

const DROPS = {
    plugin: 'A plugin’s verdict was drop.',
    plugin_error: 'A plugin failed, and its on_error is deny.',
    queue_full: 'A slow client’s queue was full (queue.bytes).',
    queue_total: 'All queues together were full (limits.queue_bytes).',
    input_total: 'Unprocessed input was too much (limits.input_bytes).',
    message_timeout: 'A message was not complete in time (message.timeout).',
    fragments: 'A message had too many frames (message.max_fragments).',
    sender_gone: 'The sender had left before a verdict came.',
    no_memory: 'Memory ran out.',
};
const QUEUES_SHOWN = 20;

/* Samples of a counter that count something, the largest first. */
function counted(measured, name, isWanted = () => true) {
    return measured.samples(name).filter((sample) => sample.value > 0 && isWanted(sample)).map((sample) => ({ ...sample, name, rate: measured.rate(name, sample.labels) }))
        .sort((one, other) => other.value - one.value);
}

const rateColumn = { class: 'n', text: (sample) => short(sample.rate) };
const totalColumn = { class: 'n', text: (sample) => count(sample.value) };
const sampleKey = (sample) => `${sample.name} ${Object.values(sample.labels).join(' ')}`;

const slow = {
    asked: 0,

    async refresh(now, measured) {
        fillRows(byId('drop-rows'), counted(measured, 'sluice_drops_total'), sampleKey, [
            { head: true, class: 'mono', text: (sample) => sample.labels.reason }, rateColumn, totalColumn,
            { class: 'text', text: (sample) => DROPS[sample.labels.reason] ?? '' },
        ], 'Nothing was dropped.');
        fillRows(byId('missed-rows'), counted(measured, 'sluice_dropped_messages_total'), sampleKey, [
            { head: true, class: 'mono', text: (sample) => visible(sample.labels.endpoint) }, { text: (sample) => sample.labels.policy }, rateColumn, totalColumn,
        ], 'No client missed a message.');
        this.fillCloses(measured);
        if (now - this.asked >= CLIENTS_EVERY) {
            this.asked = now;
            await this.refreshQueues();
        }
    },

    fillCloses(measured) {
        const rows = [...counted(measured, 'sluice_closes_total'), ...counted(measured, 'sluice_upgrades_refused_total'),
            ...counted(measured, 'sluice_upgrades_total', (sample) => sample.labels.outcome !== 'opened')];
        const words = { sluice_closes_total: 'Closed', sluice_upgrades_refused_total: 'Refused by a limit', sluice_upgrades_total: 'Upgrade not opened' };
        fillRows(byId('close-rows'), rows, sampleKey, [
            { head: true, text: (sample) => words[sample.name] },
            { class: 'mono', text: ({ labels }) => labels.code ?? labels.reason ?? labels.outcome },
            { class: 'mono', text: ({ labels }) => visible(labels.endpoint ?? '') }, rateColumn, totalColumn,
        ], 'Nobody was closed or refused.');
    },

    async refreshQueues() {
        const answer = await ask(`api/v1/clients${query({ sort: 'queue', limit: QUEUES_SHOWN })}`);
        if (answer.status !== 200) return;
        const longest = answer.body.clients.filter((client) => client.queued_bytes > 0);
        fillRows(byId('queue-rows'), longest, (client) => client.id, [
            clientColumn, identityColumn, { node: (client) => foreign(client.endpoint) }, { class: 'mono', text: addressOf },
            { class: 'n', text: (client) => bytes(client.queued_bytes) }, { class: 'n', text: (client) => span(client.silent_ms / 1000) },
        ], 'Nothing waits for a client to read.');
    },
};
