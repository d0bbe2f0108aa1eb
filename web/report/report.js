// SPDX-License-Identifier: GPL-3.0-or-later
// Draws the report from data.js. No libraries; the 3-D view (view3d.js, Mol*) is loaded when it is first asked for.
'use strict';
(() => {
const data = window.tesseraReport;
const main = document.getElementById('main');
if (!data) { main.textContent = 'data.js is missing beside this page: run tessera report again.'; return; }
const assets = {};
window.tesseraAsset = (name, value) => { assets[name] = value; };

// ---- small tools -------------------------------------------------------------------------------------------------
const el = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else if (value !== null && value !== false) node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.flat().filter(child => child !== null && child !== undefined));
  return node;
};
const svg = (tag, attributes = {}, ...children) => {
  const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children.flat());
  return node;
};
const scripts = {};
const load = file => scripts[file] ??= new Promise((done, failed) => {
  document.head.append(el('script', { src: file, onload: done, onerror: () => failed(new Error(file + ' cannot be loaded')) }));
});
const colour = i => `var(--c${((i % 8) + 8) % 8 + 1})`;
const short = (value, digits = 3) => typeof value !== 'number' ? String(value ?? '–')
  : Number.isInteger(value) ? String(value) : Math.abs(value) >= 1000 ? value.toFixed(0) : Number(value.toPrecision(digits)).toString();
const seconds = s => s >= 3600 ? `${Math.floor(s / 3600)} h ${Math.round(s % 3600 / 60)} min` : s >= 90 ? `${Math.floor(s / 60)} min ${Math.round(s % 60)} s` : `${s.toFixed(1)} s`;
const sections = [];
const section = (id, title, ...content) => {
  const inner = content.flat(Infinity).filter(Boolean);
  if (!inner.length) return;
  main.append(el('section', { id }, el('h2', {}, title), inner));
  sections.push([id, title]);
};
const card = (...content) => el('div', { class: 'card' }, content);

// ---- charts: an SVG that follows the page's colours, and a file of it for papers -------------------------------------
function saved(figure, name) {
  const copy = figure.cloneNode(true), look = getComputedStyle(document.documentElement);
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  const text = new XMLSerializer().serializeToString(copy).replace(/var\((--[a-z0-9]+)\)/g, (_, key) => look.getPropertyValue(key).trim())
    .replace('>', `><style>text{fill:#444;font:12px sans-serif}.axis{stroke:#ddd}.frame{fill:none;stroke:#999}</style>`);
  const link = el('a', { href: URL.createObjectURL(new Blob([text], { type: 'image/svg+xml' })), download: name + '.svg' });
  link.click();
}
const framed = (title, picture, caption, name) => el('figure', {}, el('h3', {}, title), picture,
  el('figcaption', {}, el('span', {}, caption), el('button', { class: 'link', onclick: () => saved(picture, name) }, 'SVG')));
function ticks(low, high, most) {
  const rough = (high - low) / most || 1, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [1, 2, 5, 10].find(k => k * power >= rough * 0.999), out = [];
  for (let t = Math.ceil(low / step - 1e-9) * step; t <= high + step * 1e-6; t += step) out.push(Math.abs(t) < step * 1e-9 ? 0 : t);
  return out;
}
// series: [{name, x, y, colour, points, dashed}]; xTicks: [[value, text]]
function chart({ series, x, y, xLabel, yLabel, xTicks, lines = [], height = 260 }) {
  const width = 520, left = 52, right = 22, top = 10, bottom = 42;
  const all = axis => series.flatMap(s => s[axis]).filter(Number.isFinite);
  const range = (given, axis) => given ?? (v => v[0] === v[1] ? [v[0] - 1, v[1] + 1] : v)([Math.min(...all(axis)), Math.max(...all(axis))]);
  const [x0, x1] = range(x, 'x'), [y0, y1] = range(y, 'y');
  const px = v => left + (v - x0) / (x1 - x0) * (width - left - right), py = v => height - bottom - (v - y0) / (y1 - y0) * (height - top - bottom);
  const out = svg('svg', { viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-label': `${yLabel} against ${xLabel}` });
  for (const t of ticks(y0, y1, 5)) out.append(svg('line', { class: 'axis', x1: left, x2: width - right, y1: py(t), y2: py(t) }),
    svg('text', { x: left - 8, y: py(t) + 4, 'text-anchor': 'end' }, short(t)));
  for (const [t, text] of xTicks ?? ticks(x0, x1, 7).map(t => [t, short(t)])) out.append(svg('line', { class: 'axis', x1: px(t), x2: px(t), y1: height - bottom, y2: height - bottom + 5 }),
    svg('text', { x: px(t), y: height - bottom + 18, 'text-anchor': 'middle' }, text));
  for (const v of lines) out.append(svg('line', { x1: left, x2: width - right, y1: py(v), y2: py(v), stroke: 'var(--soft)', 'stroke-dasharray': '3 4' }));
  out.append(svg('text', { x: (left + width - right) / 2, y: height - 6, 'text-anchor': 'middle' }, xLabel),
    svg('text', { transform: `translate(12 ${(top + height - bottom) / 2}) rotate(-90)`, 'text-anchor': 'middle' }, yLabel));
  for (const s of series) {
    const at = s.x.map((v, i) => [px(v), py(s.y[i])]).filter(p => p.every(Number.isFinite));
    if (s.points) for (const [a, b] of at) out.append(svg('circle', { cx: a.toFixed(1), cy: b.toFixed(1), r: s.radius ?? 3, fill: s.colour, 'fill-opacity': .75 }));
    else out.append(svg('polyline', { points: at.map(p => p.map(v => v.toFixed(1)).join()).join(' '), fill: 'none', stroke: s.colour, 'stroke-width': 2, 'stroke-linejoin': 'round', ...(s.dashed ? { 'stroke-dasharray': '6 4' } : {}) }));
  }
  return out;
}
const legend = names => el('p', { class: 'row soft' }, names.map(([name, c]) => el('span', { class: 'row' }, el('span', { class: 'swatch', style: `background:${c}` }), name)));
function bars(rows, unit) {
  const height = rows.length * 26 + 8, most = Math.max(...rows.map(r => r.value), 1e-9);
  const out = svg('svg', { viewBox: `0 0 520 ${height}`, role: 'img', 'aria-label': unit });
  rows.forEach((row, i) => {
    const y = i * 26 + 4, length = row.value / most * 270;
    out.append(svg('text', { x: 140, y: y + 15, 'text-anchor': 'end' }, row.name.length > 20 ? row.name.slice(0, 19) + '…' : row.name),
      svg('rect', { x: 150, y: y + 2, width: Math.max(length, 1), height: 18, rx: 3, fill: row.colour ?? 'var(--c1)' }),
      svg('text', { x: 156 + length, y: y + 15 }, row.text));
  });
  return out;
}
const resolutionTicks = (box, voxel, shells) => [0.125, 0.25, 0.5, 0.75, 1].map(f => [f * shells, `${(box * voxel / (f * shells)).toFixed(0)} Å`]);
const numbers = (head, rows) => el('div', { class: 'scroll' }, el('table', {},
  el('tr', {}, head.map((h, i) => el('th', { class: i ? 'number' : null }, h))),
  rows.map(r => el('tr', {}, r.map((v, i) => el('td', { class: i ? 'number' : null }, short(v)))))));

// ---- overview -------------------------------------------------------------------------------------------------------
document.title = data.title + ' · Tessera';
document.getElementById('title').textContent = data.title;
const whole = data.runs.filter(r => r.verb !== 'run' && r.verb !== 'demo'), total = whole.reduce((sum, r) => sum + (r.elapsed_s || 0), 0);
document.getElementById('subtitle').textContent = `${whole.length} steps, ${seconds(total)}, Tessera ${data.version}` + (whole.length ? `, ${whole[0].started.slice(0, 10)}` : '');
const tiles = [];
const tile = (value, text) => tiles.push(el('div', { class: 'card tile' }, el('b', {}, value), el('span', { class: 'soft' }, text)));
const resultOf = run => Object.values(run.results || {})[0] || {};
for (const run of whole) {
  const r = resultOf(run);
  if (run.verb === 'pick') tile(r.picks, `particles found (${run.name})`);
  if (run.verb === 'evaluate picks') tile(short(r.f1), `F1 of picks (${run.name})`);
  if (run.verb === 'evaluate classes') tile(`${(100 * r.accuracy).toFixed(1)} %`, `classes right (${run.name})`);
}
for (const a of data.averages) tile(`${a.resolution_A.toFixed(1)} Å`, `resolution (${a.name})`);
for (const a of data.averages) for (const c of a.classes) if (c.fit) tile(short(c.fit.result.correlation), `correlation with ${c.fit.result.reference} (${a.name})`);
section('overview', 'At a glance', tiles.length ? el('div', { class: 'tiles' }, tiles) : null,
  data.notes.length ? el('p', { class: 'soft' }, 'Left out: ' + data.notes.join('; ')) : null);

// ---- tomograms --------------------------------------------------------------------------------------------------------
function tomogram(t) {
  const [nx, ny] = t.shape, picture = el('img', { alt: 'slice of the tomogram' }), labels = el('img', { class: 'labels', alt: '', hidden: true });
  const marks = svg('svg', { viewBox: `-0.5 -0.5 ${nx} ${ny}` }), where = el('span'), shown = new Set();
  const slider = el('input', { type: 'range', min: 0, max: t.slices.length - 1, value: Math.floor(t.slices.length / 2), 'aria-label': 'slice' });
  const named = k => t.kinds[k - 1]?.name ?? `class ${k}`;
  const draw = () => {
    const slice = t.slices[slider.value];
    picture.src = slice.file + '.png';
    if (!labels.hidden) labels.src = slice.file + '_labels.png';
    where.textContent = `z ${slice.z} of ${t.shape[2]} (${(slice.z * t.voxel_size_A / 10).toFixed(0)} nm)`;
    marks.replaceChildren();
    t.picks.forEach((list, i) => {
      if (!shown.has(i)) return;
      for (const [x, y, z, k, r] of list.points) {
        const radius = r || 100 / t.voxel_size_A, rest = radius * radius - (z - slice.z) ** 2;
        if (rest <= 0) continue;
        marks.append(svg('circle', { cx: x, cy: ny - 1 - y, r: Math.sqrt(rest).toFixed(2), fill: 'none', 'stroke-width': nx / 320,
          stroke: t.kinds[k - 1]?.colour ?? '#ffd24a', 'stroke-dasharray': list.name === 'truth' ? `${nx / 100} ${nx / 100}` : 'none' }));
      }
    });
  };
  slider.addEventListener('input', draw);
  const boxes = t.picks.map((list, i) => {
    if (list.name !== 'truth' || t.picks.length === 1) shown.add(i);
    return el('p', {}, el('label', { class: 'check' }, el('input', { type: 'checkbox', checked: shown.has(i), onchange: event => { shown[event.target.checked ? 'add' : 'delete'](i); draw(); } }),
      `${list.name}: ${list.points.length}` + (list.name === 'truth' ? ' (dashed)' : '')));
  });
  if (t.labels) boxes.push(el('p', {}, el('label', { class: 'check' }, el('input', { type: 'checkbox', onchange: event => { labels.hidden = !event.target.checked; draw(); } }), 'true labels')));
  draw();
  return el('div', { class: 'card tomogram' }, el('div', {}, el('div', { class: 'stage' }, picture, labels, marks), slider),
    el('div', {}, el('h3', {}, t.name), el('p', { class: 'soft' }, `${t.shape.join(' × ')} voxels of ${short(t.voxel_size_A)} Å`), el('p', {}, where), boxes,
      legend(t.kinds.map((k, i) => [named(i + 1), k.colour])), el('p', { class: 'soft' }, 'Circles are the sections of the particles with this slice. Arrow keys move the slider.')));
}
section('tomograms', data.tomograms.length > 1 ? 'Tomograms' : 'Tomogram', data.tomograms.map(tomogram));

// ---- averages -----------------------------------------------------------------------------------------------------------
const dark = matchMedia('(prefers-color-scheme: dark)');
const views = [];
function view3d(c, average) {
  const box = el('div', { class: 'view3d' }), controls = el('div');
  const open = async () => {
    box.replaceChildren(el('div', { class: 'soft' }, 'Loading …'));
    try {
      await Promise.all([load('view3d.js'), load(`maps/${c.map}.js`), c.fit?.model ? load(`models/${c.fit.model}.js`) : null]);
      const bytes = Uint8Array.from(atob(assets[c.map]), letter => letter.charCodeAt(0));
      const view = await window.tesseraView3d(box, { map: bytes, level: c.level, colour: 0x6b9bd1,
        model: c.fit?.model ? assets[c.fit.model + '_model'] : null, background: dark.matches ? 0x282e34 : 0xeef1f4 });
      views.push(view);
      box.dataset.ready = 'yes';
      const level = el('input', { type: 'range', min: 0, max: 100, value: 100 * (c.level - c.least) / (c.most - c.least), 'aria-label': 'surface level' });
      level.addEventListener('change', () => view.setLevel(c.least + level.value / 100 * (c.most - c.least)));
      controls.append(level, el('div', { class: 'row' }, el('span', { class: 'soft' }, 'surface level'), el('button', { onclick: view.reset }, 'Centre'),
        c.fit?.model ? el('button', { onclick: () => view.setModel() }, 'Model') : null));
    } catch (error) {
      box.replaceChildren(el('div', { class: 'soft' }, `The 3-D view cannot be shown: ${error.message}.`));
    }
  };
  box.append(el('div', {}, data.view3d ? el('button', { onclick: open, class: 'open3d' }, 'Show in 3-D')
    : el('span', { class: 'soft' }, 'The 3-D view is not part of this report: build it with make web, then run tessera report again.')));
  box.open = open;
  return el('div', {}, box, controls);
}
dark.addEventListener('change', () => views.forEach(view => view.setBackground(dark.matches ? 0x282e34 : 0xeef1f4)));
function fscFigure(c, average) {
  const curves = c.fsc ? [['corrected', c.fsc.corrected, 'var(--c1)'], ['masked', c.fsc.masked, 'var(--c3)'], ['unmasked', c.fsc.unmasked, 'var(--c6)'], ['randomised', c.fsc.randomised, 'var(--c5)']] : [['half-sets', c.half_set_fsc, 'var(--c1)']];
  const series = curves.filter(([, y]) => y?.length).map(([name, y, colour]) => ({ name, x: y.map((_, i) => i), y, colour }));
  let shells = Math.max(2, ...series.map(s => s.x.length - 1));
  if (c.fit) {
    const curve = c.fit.result.fsc;
    series.push({ name: 'with ' + c.fit.result.reference, x: curve.map((_, i) => i + 1), y: curve.map(p => p.fsc), colour: 'var(--c2)', dashed: true });
  }
  if (!series.length) return null;
  return card(framed(`Class ${c.number}: Fourier shell correlation`, chart({ series, x: [0, shells], y: [Math.min(-0.1, ...series.flatMap(s => s.y)), 1], xLabel: 'resolution', yLabel: 'FSC', xTicks: resolutionTicks(average.box, average.voxel_size_A, shells), lines: [0.143, 0.5] }),
    `0.143 at ${short(c.resolution_A)} Å; dotted: 0.5 and 0.143`, `${average.name}_class_${c.number}_fsc`), legend(series.map(s => [s.name, s.colour])));
}
function orientations(average) {
  // Hammer-Aitoff: equal areas, the poles of the reference at top and bottom.
  const out = svg('svg', { viewBox: '-3 -1.6 6 3.2', role: 'img', 'aria-label': 'angular distribution' }), flat = (l, b) => {
    const d = Math.sqrt(1 + Math.cos(b) * Math.cos(l / 2)); return [2 * Math.SQRT2 * Math.cos(b) * Math.sin(l / 2) / d, -Math.SQRT2 * Math.sin(b) / d]; };
  const line = points => svg('polyline', { points: points.map(p => p.join()).join(' '), fill: 'none', class: 'axis', 'stroke-width': .01 });
  for (let b = -60; b <= 60; b += 30) out.append(line(Array.from({ length: 61 }, (_, i) => flat((i * 6 - 180) * Math.PI / 180, b * Math.PI / 180))));
  for (let l = -180; l <= 180; l += 60) out.append(line(Array.from({ length: 61 }, (_, i) => flat(l * Math.PI / 180, (i * 3 - 90) * Math.PI / 180))));
  for (const [rot, tilt, k] of average.views) {
    const [a, b] = flat(rot * Math.PI / 180, (90 - tilt) * Math.PI / 180);
    out.append(svg('circle', { cx: a.toFixed(3), cy: b.toFixed(3), r: average.views.length > 2000 ? .012 : .035, fill: colour(k - 1), 'fill-opacity': .7 }));
  }
  return card(framed('Angular distribution', out, 'rot and tilt of every particle, equal areas', average.name + '_angles'));
}
function averageBlock(average) {
  const iterations = average.iterations, curve = key => iterations.map(i => i[key]);
  const x = curve('iteration'), xTicks = ticks(x[0], x.at(-1), Math.min(7, x.length - 1)).filter(Number.isInteger).map(t => [t, String(t)]), cards = average.classes.map(c => card(el('h3', {}, average.classes.length > 1 ? `Class ${c.number}` : 'Average'), view3d(c, average),
    el('img', { class: 'slices', src: c.slices, alt: 'middle slices across z, y and x', style: 'margin-top:12px', loading: 'lazy' }),
    el('p', { class: 'soft' }, `${c.particles} particles, ${short(c.resolution_A)} Å; middle slices across z, y, x`),
    c.fit ? el('p', {}, `Correlation ${short(c.fit.result.correlation)} with ${c.fit.result.reference}; FSC 0.5 at ${short(c.fit.result['fsc_0.5_A'])} Å`) : null));
  const charts = average.classes.map(c => fscFigure(c, average));
  if (iterations.length > 1) charts.push(card(framed('Convergence', chart({ series: [{ x, y: curve('resolution_A'), colour: 'var(--c1)' }], xLabel: 'iteration', xTicks, yLabel: 'resolution (Å)', y: [0, Math.max(...curve('resolution_A').filter(Number.isFinite)) * 1.05] }),
    `${iterations.length} iterations`, average.name + '_convergence')),
    card(framed('Change of poses', chart({ series: [{ x, y: curve('mean_rotation_change_deg'), colour: 'var(--c2)' }], xLabel: 'iteration', xTicks, yLabel: 'mean turn (°)' }), 'mean rotation of a particle between iterations', average.name + '_changes')));
  if (average.classes.length > 1) charts.push(card(framed('Class occupancy', bars(average.classes.map((c, i) => ({ name: `class ${c.number}`, value: c.particles, text: `${c.particles}`, colour: colour(i) })), 'particles'), 'particles in each class', average.name + '_occupancy')));
  charts.push(orientations(average));
  const scenes = average.scenes.length ? el('p', { class: 'soft' }, 'For ChimeraX and Mol*: ', average.scenes.map((f, i) => [i ? ', ' : '', el('a', { href: f, download: f }, f)]).flat()) : null;
  return [el('h3', { style: 'margin-top:18px' }, average.name), scenes, average.classes.length > 1 ? [el('div', { class: 'grid' }, cards), el('div', { class: 'grid', style: 'margin-top:16px' }, charts.filter(Boolean))] : el('div', { class: 'grid' }, cards, charts.filter(Boolean))];
}
section('averages', 'Averages', data.averages.map(averageBlock).flat());

// ---- classes, clusters, picks --------------------------------------------------------------------------------------------
function confusion(run) {
  const r = resultOf(run), t = r.contingency, totals = t.true_classes.map((_, j) => t.counts.reduce((sum, row) => sum + row[j], 0));
  return card(el('h3', {}, `Confusion (${run.name})`), el('div', { class: 'scroll' }, el('table', { class: 'heat' }, el('tr', {}, el('th', {}, 'found'), t.true_classes.map(k => el('th', {}, `true ${k}`))),
    t.counts.map((row, i) => el('tr', {}, el('th', {}, String(t.found_classes[i])), row.map((n, j) => el('td', { style: `background: color-mix(in srgb, var(--c1) ${(75 * n / Math.max(1, totals[j])).toFixed(0)}%, transparent)` }, String(n))))))),
    el('p', { class: 'soft' }, `accuracy ${short(r.accuracy)} (95 % of bootstrap samples ${short(r.accuracy_interval?.[0])} … ${short(r.accuracy_interval?.[1])}), adjusted Rand index ${short(r.adjusted_rand_index)}`));
}
function clusters(s) {
  const truth = s.points.some(p => p[3] > 0), groups = [...new Set(s.points.map(p => truth ? p[3] : p[2]))].sort((a, b) => a - b);
  const series = groups.map((g, i) => { const own = s.points.filter(p => (truth ? p[3] : p[2]) === g); return { x: own.map(p => p[0]), y: own.map(p => p[1]), colour: colour(i), points: true }; });
  return [card(framed(`Map of features (${s.name})`, chart({ series, xLabel: 't-SNE 1', yLabel: 't-SNE 2', height: 380 }), truth ? 'coloured by the class that was known' : 'coloured by cluster', s.name + '_map'), legend(groups.map((g, i) => [`${truth ? 'class' : 'cluster'} ${g}`, colour(i)]))),
    card(framed(`Clusters (${s.name})`, bars((s.result.clusters || []).slice(0, 40).map((c, i) => ({ name: `cluster ${c.cluster}`, value: c.size, text: `${c.size}` + (c.common_class ? `, ${c.of_common_class} of class ${c.common_class}` : '') })), 'particles'), s.result.purity ? `purity ${short(s.result.purity)}` : 'particles in each', s.name + '_clusters'))];
}
const pickRuns = whole.filter(r => r.verb === 'evaluate picks').map(run => {
  const r = resultOf(run), c = r.curve || [];
  return [card(el('h3', {}, `Picks against the truth (${run.name})`), numbers(['class', 'particles', 'found', 'precision', 'recall', 'F1'], [['all', r.particles, r.hits, r.precision, r.recall, r.f1], ...(r.classes || []).map(k => [k.name || k.class, k.particles, k.hits, k.precision, k.recall, k.f1])]),
    el('p', { class: 'soft' }, `mean distance ${short(r.localisation?.mean_A)} Å; by chance F1 would be ${short(r.chance_f1)}`)),
    c.length > 1 && c[0].precision !== undefined ? card(framed('Precision and recall', chart({ series: [{ x: c.map(p => p.recall), y: c.map(p => p.precision), colour: 'var(--c1)' }], x: [0, 1], y: [0, 1.02], xLabel: 'recall', yLabel: 'precision' }), 'as the threshold falls', run.name + '_curve')) : null];
}).flat().filter(Boolean);
section('picks', 'Picks', pickRuns.length ? el('div', { class: 'grid' }, pickRuns) : null);
const classCards = [whole.filter(r => r.verb === 'evaluate classes' && resultOf(r).contingency).map(confusion), data.subdivisions.map(clusters)].flat(2);
section('classes', 'Classes', classCards.length ? el('div', { class: 'grid' }, classCards) : null);

// ---- time, figures, provenance --------------------------------------------------------------------------------------------
section('time', 'Time', whole.length ? el('div', { class: 'grid' },
  card(framed('Steps', bars(whole.map((r, i) => ({ name: r.name, value: r.elapsed_s, text: `${seconds(r.elapsed_s)} (${(100 * r.elapsed_s / total).toFixed(0)} %)`, colour: 'var(--c1)' })), 'seconds'), 'wall clock of each step', 'time')),
  whole.filter(r => Object.keys(r.timings_s || {}).length > 1 && r.elapsed_s > 0.1 * total).map(r => card(framed(`Within ${r.name}`, bars(Object.entries(r.timings_s).map(([name, s]) => ({ name, value: s, text: seconds(s), colour: 'var(--c3)' })), 'seconds'), `${r.threads} threads`, r.name + '_time')))) : null);
section('figures', 'Figures', data.figures.length ? el('div', { class: 'gallery' }, data.figures.filter(f => f.endsWith('.png')).map(f => {
  const vector = f.replace(/png$/, 'svg');
  return el('div', {}, el('a', { href: f }, el('img', { src: f, alt: f, loading: 'lazy' }), f.slice(8)), data.figures.includes(vector) ? [' ', el('a', { href: vector }, 'SVG')] : null);
})) : null);
section('runs', 'How it was made', card(data.runs.map(run => el('details', {}, el('summary', {}, el('b', {}, run.name), el('span', { class: 'soft' }, `tessera ${run.verb} · ${seconds(run.elapsed_s)} · version ${run.version} · seed ${run.seed} · ${run.threads} threads · ${(run.peak_memory_bytes / 1e6).toFixed(0)} MB`)),
  run.command_line?.length ? el('p', {}, el('code', {}, run.command_line.join(' '))) : null,
  el('div', { class: 'scroll' }, el('table', {}, Object.entries(run.options || {}).map(([key, value]) => el('tr', {}, el('td', {}, el('code', {}, key)), el('td', {}, el('code', {}, Array.isArray(value) ? value.join(' ') : String(value ?? '–'))))))),
  run.inputs?.length ? el('p', { class: 'soft' }, 'Read: ' + run.inputs.map(i => `${i.path} (${i.checksum})`).join(', ')) : null))));
document.getElementById('contents').append(...sections.map(([id, title]) => el('a', { href: '#' + id }, title)));
document.getElementById('footer').textContent = `Made by Tessera ${data.version}. 3-D views by Mol* (molstar.org). This folder needs no network.`;
document.body.dataset.ready = 'yes';

// The first view opens by itself when it comes into sight.
const first = document.querySelector('.view3d');
if (first && data.view3d) new IntersectionObserver((seen, watcher) => { if (seen.some(s => s.isIntersecting)) { watcher.disconnect(); first.open(); } }).observe(first);
})();
