/* -- building and updating elements. Text goes in as text nodes only, whoever wrote it. -- */

const byId = (id) => document.getElementById(id);

function setText(node, text) {
    if (node.textContent !== text) node.textContent = text;
}

function element(name, properties = {}, ...children) {
    const node = document.createElement(name);
    for (const [key, value] of Object.entries(properties)) {
        if (key === 'class') node.className = value;
        else if (key === 'on') for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
        else if (key === 'data') Object.assign(node.dataset, value);
        else if (value !== undefined) node.setAttribute(key, value);
    }
    node.append(...children);
    return node;
}

function svg(name, attributes = {}, ...children) {
    const node = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
    node.append(...children);
    return node;
}

/* A state by shape, colour and word. */
function badge(tone, word) {
    return element('span', { class: 'badge', data: { tone } }, element('span', { class: 'mark', 'aria-hidden': 'true' }), word);
}

/* Characters that turn the direction of what follows, or that nobody sees, are shown as what they are. */
const HIDDEN = /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

function visible(text) {
    return String(text).replace(HIDDEN, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/* What a client may have chosen. */
function foreign(text) {
    const shown = visible(text);
    return element('bdi', { class: 'foreign', title: shown.length > 24 ? shown.slice(0, 300) : undefined }, shown);
}

/* A bar of how full something is; the number stands beside it. */
function fillBar(bar, share) {
    const tone = share >= 0.95 ? 'bad' : share >= 0.8 ? 'warn' : 'none';
    bar.dataset.tone = tone;
    bar.firstChild.style.width = `${Math.min(100, Math.max(0, share * 100)).toFixed(1)}%`;
}

function newBar() {
    return element('div', { class: 'bar', 'aria-hidden': 'true' }, element('span'));
}

/* Makes the children of `parent` those of `items`, in their order. Those that stay are updated in place, so that
 * focus and selection stay too. */
function reconcile(parent, items, key, create, update) {
    const known = parent.reconciled ?? new Map();
    const next = new Map();
    let place = parent.firstChild;
    for (const item of items) {
        const name = key(item);
        if (next.has(name)) continue;
        const node = known.get(name) ?? create(item);
        update(node, item);
        next.set(name, node);
        if (node === place) place = place.nextSibling;
        else parent.insertBefore(node, place);
    }
    const kept = new Set(next.values());
    for (const node of [...parent.childNodes]) if (!kept.has(node)) node.remove();
    parent.reconciled = next;
}

/* Rows of a table. A column is {text, node, class, head}: `text` gives a cell's text, `node` an element that is made
 * once and that `update` (if any) changes. */
function fillRows(body, items, key, columns, nothing) {
    const rows = items.length > 0 ? items : [null];
    reconcile(body, rows, (item) => (item === null ? '' : key(item)), (item) => {
        if (item === null) return element('tr', {}, element('td', { class: 'empty', colspan: columns.length }, nothing));
        return element('tr', {}, ...columns.map((column) => {
            const cell = element(column.head ? 'th' : 'td', { class: column.class ?? '', scope: column.head ? 'row' : undefined });
            if (column.node) cell.append(column.node(item));
            return cell;
        }));
    }, (row, item) => {
        if (item === null) return;
        columns.forEach((column, index) => {
            const cell = row.children[index];
            if (column.text) setText(cell, column.text(item));
            if (column.update) column.update(cell.firstChild, item, cell);
        });
    });
}

/* Pairs of a <dl>. A value is a text or a node. */
function fillFacts(list, facts) {
    list.replaceChildren(...facts.flatMap(([name, value]) => [element('dt', {}, name), element('dd', {}, value)]));
}
