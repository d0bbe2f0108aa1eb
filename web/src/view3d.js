// SPDX-License-Identifier: GPL-3.0-or-later
// Isosurfaces of maps and the atomic models in them, drawn by Mol*. The report calls tesseraView3d(…) when a view is opened.
import { Color } from 'molstar/lib/mol-util/color/index.js';
import { PluginConfig } from 'molstar/lib/mol-plugin/config.js';
import { PluginContext } from 'molstar/lib/mol-plugin/context.js';
import { DefaultPluginSpec } from 'molstar/lib/mol-plugin/spec.js';
import { PluginCommands } from 'molstar/lib/mol-plugin/commands.js';
import { StateTransforms } from 'molstar/lib/mol-plugin-state/transforms.js';
import { Grid } from 'molstar/lib/mol-model/volume.js';
import { Sphere3D } from 'molstar/lib/mol-math/geometry.js';
import { Vec3 } from 'molstar/lib/mol-math/linear-algebra.js';
import { createVolumeRepresentationParams } from 'molstar/lib/mol-plugin-state/helpers/volume-representation-params.js';

// element: an empty box that the view fills. Options: map (bytes of an MRC file), level (its value on the surface), colour (0xrrggbb),
// model (text of a PDB file, or null), background (0xrrggbb). Returns { setLevel, setModel, setBackground, reset, dispose }.
// The sphere about the part of the map above the level: what the camera looks at.
function surfaceSphere(volume, level) {
  const { cells } = volume.grid, values = cells.data, [columns, rows, layers] = [0, 1, 2].map(i => cells.space.dimensions[i]);
  const toPlace = Grid.getGridToCartesianTransform(volume.grid), low = [Infinity, Infinity, Infinity], high = [-Infinity, -Infinity, -Infinity];
  for (let x = 0; x < columns; ++x) for (let y = 0; y < rows; ++y) for (let z = 0; z < layers; ++z) {
    if (cells.space.get(values, x, y, z) < level) continue;
    [x, y, z].forEach((v, i) => { low[i] = Math.min(low[i], v); high[i] = Math.max(high[i], v); });
  }
  if (low[0] > high[0]) return null;
  const place = v => Vec3.transformMat4(Vec3(), Vec3.create(...v), toPlace), a = place(low), b = place(high);
  return Sphere3D.create(Vec3.scale(Vec3(), Vec3.add(Vec3(), a, b), 0.5), 0.5 * Vec3.distance(a, b));
}

async function tesseraView3d(element, options) {
  const canvas = document.createElement('canvas');
  canvas.style.cssText = 'position:absolute;inset:0;width:100%;height:100%';
  element.style.position = 'relative';
  element.replaceChildren(canvas);
  const spec = DefaultPluginSpec();
  spec.config = [[PluginConfig.General.DisablePreserveDrawingBuffer, false]];
  const plugin = new PluginContext(spec);
  await plugin.init();
  if (!await plugin.initViewer(canvas, element)) throw new Error('this browser has no WebGL');
  const background = colour => PluginCommands.Canvas3D.SetSettings(plugin, {
    settings: { renderer: { ...plugin.canvas3d.props.renderer, backgroundColor: Color(colour) },
                camera: { ...plugin.canvas3d.props.camera, helper: { axes: { name: 'off', params: {} } } } } });
  await background(options.background);

  const data = await plugin.builders.data.rawData({ data: options.map, label: 'map' });
  const parsed = await plugin.dataFormats.get('ccp4').parse(plugin, data);
  const volume = parsed.volume ?? parsed.volumes[0];
  const surface = await plugin.build().to(volume).apply(
    StateTransforms.Representation.VolumeRepresentation3D,
    createVolumeRepresentationParams(plugin, volume.data, {
      type: 'isosurface',
      typeParams: { isoValue: { kind: 'absolute', absoluteValue: options.level }, alpha: options.model ? 0.45 : 1 },
      color: 'uniform', colorParams: { value: Color(options.colour) } })).commit();
  let model;
  if (options.model) {
    const text = await plugin.builders.data.rawData({ data: options.model, label: 'model' });
    const trajectory = await plugin.builders.structure.parseTrajectory(text, 'pdb');
    const structure = await plugin.builders.structure.createStructure(await plugin.builders.structure.createModel(trajectory));
    model = await plugin.builders.structure.representation.addRepresentation(structure, {
      type: 'spacefill', typeParams: { sizeFactor: 1.6 }, color: 'uniform', colorParams: { value: Color(0xd98a4b) } });
  }
  const sphere = surfaceSphere(volume.data, options.level);
  const look = milliseconds => sphere ? plugin.managers.camera.focusSphere(sphere, { durationMs: milliseconds, extraRadius: 2 })
    : plugin.managers.camera.reset(undefined, milliseconds);
  look(0);

  return {
    plugin,
    setLevel: level => plugin.build().to(surface).update(old => {
      old.type.params.isoValue = { kind: 'absolute', absoluteValue: level };
    }).commit(),
    setModel: shown => model && PluginCommands.State.ToggleVisibility(plugin, { state: plugin.state.data, ref: model.ref })
      .then(() => shown),
    setBackground: background,
    reset: () => look(250),
    dispose: () => plugin.dispose(),
  };
}

window.tesseraView3d = tesseraView3d;
