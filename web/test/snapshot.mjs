// SPDX-License-Identifier: GPL-3.0-or-later
// Opens snapshots (.molj) in the pinned Mol*'s own viewer, in headless Chromium without a network:
// node test/snapshot.mjs FILE… [--pictures FOLDER]. Exits 1 and says what is wrong.
import { chromium } from 'playwright-core';
import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const words = process.argv.slice(2), at = words.indexOf('--pictures');
const pictures = at >= 0 ? words.splice(at, 2)[1] : null;
const viewer = join(dirname(fileURLToPath(import.meta.url)), '../node_modules/molstar/build/viewer');
const program = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync);
const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'] });
const faults = [];

for (const file of words) {
  const name = basename(file, '.molj');
  const context = await browser.newContext({ viewport: { width: 900, height: 700 }, offline: true });
  const page = await context.newPage();
  page.on('pageerror', error => faults.push(`${name}: ${error.message}`));
  await page.setContent('<div id="app" style="position:absolute;inset:0"></div>');
  await page.addStyleTag({ path: join(viewer, 'molstar.css') });
  await page.addScriptTag({ path: join(viewer, 'molstar.js') });
  const found = await page.evaluate(async text => {
    const viewer = await molstar.Viewer.create('app', { layoutShowControls: false, layoutShowLog: false, layoutShowSequence: false, preserveDrawingBuffer: true });
    window.viewer = viewer;
    await viewer.plugin.managers.snapshot.open(new File([text], 'scene.molj'));
    const cells = [...viewer.plugin.state.data.cells.values()];
    return { failed: cells.filter(c => c.status === 'error').map(c => `${c.transform.transformer.id}: ${c.errorText}`),
      drawn: cells.filter(c => /representation-3d$/.test(c.transform.transformer.id) && c.obj).length,
      wanted: JSON.parse(text).entries[0].snapshot.data.tree.transforms.filter(t => /representation-3d$/.test(t.transformer)).length };
  }, readFileSync(file, 'utf8'));
  for (const text of found.failed) faults.push(`${name}: ${text}`);
  if (found.drawn !== found.wanted || found.wanted === 0) faults.push(`${name}: ${found.drawn} of ${found.wanted} things drawn`);
  // Pixels with a colour: surfaces and models, not the background nor the grey slice.
  const coloured = () => page.evaluate(() => {
    const source = document.querySelector('canvas'), canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [source.width, source.height];
    const drawing = canvas.getContext('2d');
    drawing.drawImage(source, 0, 0);
    const { data: p } = drawing.getImageData(0, 0, canvas.width, canvas.height);
    let count = 0;
    for (let i = 0; i < p.length; i += 4) if (Math.max(p[i], p[i + 1], p[i + 2]) - Math.min(p[i], p[i + 1], p[i + 2]) > 25) ++count;
    return count / (canvas.width * canvas.height);
  });
  let share = 0;
  for (let tries = 0; share < 0.02 && tries < 60; ++tries) {
    await page.waitForTimeout(1000);
    share = await coloured();
  }
  if (pictures) await page.screenshot({ path: `${pictures}/${name}.png` });
  console.log(`${name}: ${found.drawn} things drawn, ${(100 * share).toFixed(1)} % of the view`);
  if (share < 0.02) faults.push(`${name}: ${(100 * share).toFixed(1)} % of the view has a colour: nothing is drawn`);
  await context.close();
}
await browser.close();
for (const fault of faults) console.log('FAULT ' + fault);
console.log(faults.length ? `${faults.length} faults` : 'the snapshots open and draw');
process.exit(faults.length ? 1 : 0);
