// SPDX-License-Identifier: GPL-3.0-or-later
// npm run build: Mol* and src/view3d.js as one compressed file, dist/view3d.js.gz, the same bytes every time.
import { build } from 'esbuild';
import { writeFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const result = await build({
  entryPoints: ['src/view3d.js'],
  bundle: true,
  minify: true,
  write: false,
  format: 'iife',
  target: 'es2020',
  legalComments: 'none',
  loader: { '.jpg': 'dataurl', '.png': 'dataurl' },
  define: { 'process.env.NODE_ENV': '"production"', global: 'window' },
  external: ['fs', 'path', 'util', 'node:*'],
  banner: { js: '/* Mol* (MIT), https://molstar.org, with view3d.js of Tessera (GPL-3.0-or-later). Built by web/build.mjs. */' },
});
const text = result.outputFiles[0].contents;
const packed = gzipSync(text, { level: 9 });
writeFileSync('dist/view3d.js.gz', packed);
console.log(`dist/view3d.js.gz: ${(packed.length / 1e6).toFixed(2)} MB, ${(text.length / 1e6).toFixed(2)} MB unpacked`);
