// SPDX-License-Identifier: GPL-3.0-or-later
// Opens a report from disk in headless Chromium: node test/report.mjs REPORT_FOLDER [SCREENSHOT_FOLDER]. Exits 1 and says what is wrong.
import { chromium } from 'playwright-core';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const [folder, pictures] = process.argv.slice(2);
const program = process.env.CHROMIUM ?? ['/usr/bin/chromium', '/usr/bin/google-chrome'].find(existsSync);
const browser = await chromium.launch({ executablePath: program, args: ['--no-sandbox', '--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader'] });
const faults = [];
const check = (holds, text) => { if (!holds) faults.push(text); };

// Pixels of the view that are clearly bluer or redder than grey: the surface and the model, not the background.
const coloured = async (page, element) => {
  const data = (await element.screenshot()).toString('base64');
  return page.evaluate(async data => {
    const image = new Image();
    image.src = 'data:image/png;base64,' + data;
    await image.decode();
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [image.width, image.height];
    const context = canvas.getContext('2d');
    context.drawImage(image, 0, 0);
    const { data: p } = context.getImageData(0, 0, image.width, image.height);
    let count = 0;
    for (let i = 0; i < p.length; i += 4) if (Math.max(p[i], p[i + 1], p[i + 2]) - Math.min(p[i], p[i + 1], p[i + 2]) > 25) ++count;
    return count / (image.width * image.height);
  }, data);
};

for (const [name, width, height, scheme] of [['desktop', 1280, 900, 'light'], ['phone', 390, 844, 'light'], ['dark', 1280, 900, 'dark']]) {
  const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme, offline: true });
  const page = await context.newPage();
  page.on('console', message => { if (message.type() === 'error') faults.push(`${name}: console: ${message.text()}`); });
  page.on('pageerror', error => faults.push(`${name}: ${error.message}`));
  page.on('request', request => { if (!/^(file|data|blob):/.test(request.url())) faults.push(`${name}: asks the network for ${request.url()}`); });
  await page.goto('file://' + resolve(folder, 'index.html'));
  await page.waitForSelector('body[data-ready]');
  check(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}: wider than the window`);
  const broken = await page.evaluate(async () => { await Promise.all([...document.images].map(i => { i.loading = 'eager'; return i.decode().catch(() => {}); })); return [...document.images].filter(i => i.src && !i.naturalWidth && !i.hidden).map(i => i.src); });
  check(broken.length === 0, `${name}: pictures that do not load: ${broken}`);
  if (pictures) await page.screenshot({ path: `${pictures}/${name}_top.png` });

  const slider = page.locator('.tomogram input[type=range]').first();
  if (await slider.count()) {
    const source = () => page.locator('.stage img').first().getAttribute('src');
    const before = await source();
    await slider.focus();
    await page.keyboard.press('ArrowRight');
    check(await source() !== before, `${name}: the slider does not change the slice`);
    await page.keyboard.press('ArrowLeft');
    check(await source() === before, `${name}: the slider does not come back`);
    check(await page.locator('.stage circle').count() > 0, `${name}: no picks on the slice`);
    if (pictures) await page.locator('.tomogram').first().screenshot({ path: `${pictures}/${name}_tomogram.png` });
  }
  const view = page.locator('.view3d').last();
  if (await view.count() && name !== 'phone') {
    await view.scrollIntoViewIfNeeded();
    const button = view.locator('.open3d');
    if (await button.count()) await button.click({ timeout: 5000 }).catch(() => {}); // gone: the first view opens by itself when it is seen
    await page.waitForSelector('.view3d[data-ready] canvas', { timeout: 120000 });
    await page.waitForFunction(() => [...document.querySelectorAll('.view3d')].at(-1).dataset.ready, null, { timeout: 120000 });
    let share = 0;
    for (let tries = 0; share <= 0.03 && tries < 60; ++tries) {
      await page.waitForTimeout(1000);
      share = await coloured(page, view);
    }
    check(share > 0.03, `${name}: the surface covers ${(100 * share).toFixed(1)} % of the view: nothing is drawn`);
    console.log(`${name}: the surface covers ${(100 * share).toFixed(1)} % of the view`);
    if (pictures) await page.screenshot({ path: `${pictures}/${name}_average.png` });
  }
  if (pictures && name === 'phone') await page.screenshot({ path: `${pictures}/${name}_all.png`, fullPage: true });
  await context.close();
}
await browser.close();
for (const fault of faults) console.log('FAULT ' + fault);
console.log(faults.length ? `${faults.length} faults` : 'the report opens, moves and draws');
process.exit(faults.length ? 1 : 0);
