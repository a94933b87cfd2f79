'use strict';

/* -- the theme: the browser's, unless somebody has chosen one -- */

const prefersDark = matchMedia('(prefers-color-scheme: dark)');

/* Storage may be forbidden; the choice then lasts as long as the page. */
const storage = {
    get(area, name) { try { return window[area].getItem(name); } catch { return null; } },
    set(area, name, value) {
        try {
            if (value === null) window[area].removeItem(name);
            else window[area].setItem(name, value);
        } catch { /* see above */ }
    },
};

const theme = { choice: storage.get('localStorage', 'sluice-theme') || 'auto' };

/* Before the page is drawn, so that it does not change colour. */
function applyTheme() {
    const isDark = theme.choice === 'auto' ? prefersDark.matches : theme.choice === 'dark';
    document.documentElement.dataset.theme = isDark ? 'dark' : 'light';
}

function chooseTheme(choice) {
    theme.choice = choice;
    storage.set('localStorage', 'sluice-theme', choice === 'auto' ? null : choice);
    applyTheme();
}

prefersDark.addEventListener('change', applyTheme);
applyTheme();
