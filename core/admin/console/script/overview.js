/* -- the overview -- */

const PASSED = { good: 'Passed', bad: 'Failed' };
const DAY = 86400;

const perSecond = (value) => `${short(value)}/s`;
const bytesPerSecond = (value) => (isNumber(value) ? `${bytes(value)}/s` : DASH);

function busyShare(measured) {
    const busy = measured.rate('sluice_loop_iteration_seconds_sum');
    const loops = measured.samples('sluice_loop_iteration_seconds_count').length;
    return busy === undefined || loops === 0 ? undefined : Math.min(1, busy / loops);
}

/* Title, value, how it is written, and what stands behind it. */
const TILES = [
    ['Clients', (m) => m.value('sluice_clients'), short, (m) => `of ${short(m.value('sluice_clients_limit'))}`],
    ['Messages in', (m) => m.rate('sluice_messages_total', { direction: 'in' }), perSecond],
    ['Messages out', (m) => m.rate('sluice_messages_total', { direction: 'out' }), perSecond],
    ['Bytes in', (m) => m.rate('sluice_bytes_total', { direction: 'in' }), bytesPerSecond],
    ['Bytes out', (m) => m.rate('sluice_bytes_total', { direction: 'out' }), bytesPerSecond],
    ['Loops busy', busyShare, percent],
    ['Memory', (m) => m.value('process_resident_memory_bytes'), bytes],
    ['Queued', (m) => m.value('sluice_queued_bytes'), bytes],
    ['Upgrades', (m) => m.rate('sluice_upgrades_total', { outcome: 'opened' }), perSecond],
    ['Refused by limits', (m) => m.rate('sluice_upgrades_refused_total'), perSecond],
    ['Closed', (m) => m.rate('sluice_closes_total'), perSecond],
    ['Drops', (m) => m.rate('sluice_drops_total'), perSecond],
];

/* What is limited: name, value, limit, how both are written. */
const LIMITS = [
    ['Clients', 'sluice_clients', 'sluice_clients_limit', count],
    ['Queued for clients', 'sluice_queued_bytes', 'sluice_queued_limit_bytes', bytes],
    ['Between loops', 'sluice_forwarded_bytes', 'sluice_queued_limit_bytes', bytes],
    ['Input', 'sluice_input_bytes', 'sluice_input_limit_bytes', bytes],
    ['TLS handshakes', 'sluice_handshake_bytes', 'sluice_handshake_limit_bytes', bytes],
    ['Open files', 'process_open_fds', 'process_max_fds', count],
    ['Offloaded jobs waiting', 'sluice_offload_waiting', 'sluice_offload_waiting_limit', count],
    ['Offloaded jobs running', 'sluice_offload_running', 'sluice_offload_running_limit', count],
];

const overview = {
    history: new History(),

    /* Every answer counts for the history, whatever is shown. */
    remember(measured) {
        for (const [title, read] of TILES) this.history.put(title, measured.time, read(measured));
    },

    update(measured, readiness) {
        this.fillTiles(measured);
        this.fillChecks(readiness);
        fillFacts(byId('facts'), this.facts(measured));
        this.fillEndpoints(measured);
        this.fillLimits(measured);
        this.fillLoops(measured);
        this.fillCertificates(measured);
    },

    fillTiles(measured) {
        reconcile(byId('tiles'), TILES, ([title]) => title, ([title]) => element('li', {}, element('h2', {}, title),
            element('div', { class: 'value' }, element('span', {}), ' ', element('small', {})), newSpark()),
        (tile, [title, read, format, beside]) => {
            setText(tile.children[1].children[0], format(read(measured)));
            setText(tile.children[1].children[1], beside ? beside(measured) : '');
            drawSpark(tile.lastChild, this.history.points(title), measured.time, format);
        });
    },

    fillChecks(readiness) {
        reconcile(byId('checks'), readiness.checks, ({ tone, text }) => `${tone} ${text}`,
            ({ tone, text }) => element('li', {}, badge(tone, PASSED[tone]), element('span', {}, visible(text))), () => {});
    },

    facts(measured) {
        const build = measured.samples('sluice_build_info')[0]?.labels ?? {};
        const started = measured.value('process_start_time_seconds');
        const isFailed = measured.value('sluice_last_reload_failed') === 1;
        const reloaded = measured.value('sluice_last_reload_timestamp_seconds');
        const lost = measured.value('sluice_log_lost_lines_total');
        return [
            ['Version', `${build.version ?? DASH}, plugin ABI ${build.abi ?? DASH}, OpenSSL ${build.openssl ?? DASH}`],
            ['Started', isNumber(started) ? `${moment(started)}, ${span(Date.now() / 1000 - started)} ago` : DASH],
            ['Processor', `${percent(measured.rate('process_cpu_seconds_total'))} of one core, ${count(measured.value('process_threads'))} threads`],
            ['Configuration', `number ${count(measured.value('sluice_configuration_generation'))}, since ${moment(measured.value('sluice_configuration_timestamp_seconds'))}`],
            ['Last reload', reloaded > 0 ? element('span', {}, badge(isFailed ? 'bad' : 'good', isFailed ? 'Failed' : 'Done'),
                ` ${moment(reloaded)}, took ${span(measured.value('sluice_last_reload_duration_seconds'))}`) : 'none since the start'],
            ['Log lines lost', lost > 0 ? badge('warn', count(lost)) : count(lost)],
        ];
    },

    fillEndpoints(measured) {
        const paths = measured.samples('sluice_clients').map((sample) => sample.labels.endpoint);
        const isDraining = (path) => measured.value('sluice_endpoint_draining', { endpoint: path }) === 1 || measured.value('sluice_draining') === 1;
        fillRows(byId('endpoint-rows'), paths, (path) => path, [
            { head: true, class: 'mono', text: visible },
            { class: 'n', text: (endpoint) => count(measured.value('sluice_clients', { endpoint })) },
            { class: 'n', text: (endpoint) => count(measured.value('sluice_endpoint_clients_limit', { endpoint })) },
            { class: 'n', text: (endpoint) => short(measured.rate('sluice_messages_total', { endpoint, direction: 'in' })) },
            { class: 'n', text: (endpoint) => short(measured.rate('sluice_messages_total', { endpoint, direction: 'out' })) },
            { class: 'n', text: (endpoint) => short(measured.rate('sluice_dropped_messages_total', { endpoint })) },
            { node: () => element('span'), update: (node, path) => {
                const [tone, word] = isDraining(path) ? ['warn', 'Draining'] : ['good', 'Open'];
                if (node.dataset.word !== word) node.replaceChildren(badge(tone, word));
                node.dataset.word = word;
            } },
        ], 'There are no endpoints.');
    },

    fillLimits(measured) {
        const known = LIMITS.filter(([, name, limit]) => measured.value(name) !== undefined && measured.value(limit) > 0);
        const share = ([, name, limit]) => measured.value(name) / measured.value(limit);
        fillRows(byId('limit-rows'), known, ([title]) => title, [
            { head: true, text: ([title]) => title },
            { class: 'n', text: ([, name, , format]) => format(measured.value(name)) },
            { class: 'n', text: ([, , limit, format]) => format(measured.value(limit)) },
            { class: 'n', text: (row) => percent(share(row)) },
            { node: newBar, update: (bar, row) => fillBar(bar, share(row)) },
        ], 'The server tells of none.');
    },

    fillLoops(measured) {
        const loops = measured.samples('sluice_loop_iteration_seconds_count').map((sample) => sample.labels.loop);
        fillRows(byId('loop-rows'), loops, (loop) => loop, [
            { head: true, text: (loop) => loop },
            { class: 'n', text: (loop) => percent(measured.rate('sluice_loop_iteration_seconds_sum', { loop })) },
            { class: 'n', text: (loop) => short(measured.rate('sluice_loop_iteration_seconds_count', { loop })) },
            { class: 'n', text: (loop) => span(quantile(measured.buckets('sluice_loop_iteration_seconds', { loop }, true), 0.99)) },
            { class: 'n', text: (loop) => span(quantile(measured.buckets('sluice_loop_lag_seconds', { loop }, true), 0.99)) },
        ], 'The server tells of none.');
    },

    fillCertificates(measured) {
        const left = ({ value }) => value - Date.now() / 1000;
        const state = (sample) => (left(sample) <= 0 ? ['bad', 'Has ended'] : left(sample) < 7 * DAY ? ['bad', `Ends in ${span(left(sample))}`]
            : left(sample) < 30 * DAY ? ['warn', `Ends in ${span(left(sample))}`] : ['good', `Good for ${span(left(sample))}`]);
        fillRows(byId('certificate-rows'), measured.samples('sluice_certificate_not_after_timestamp_seconds'), (sample) => sample.labels.listener, [
            { head: true, class: 'mono', text: (sample) => visible(sample.labels.listener) },
            { text: (sample) => moment(sample.value) },
            { node: () => element('span'), update: (node, sample) => node.replaceChildren(badge(...state(sample))) },
        ], 'No listener has TLS.');
    },
};
