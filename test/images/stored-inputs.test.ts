// From the JPEG to the inputs that the reference outputs were made from.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { decodeImage } from '../../src/images/decode.js'
import { preprocessImage } from '../../src/images/preprocess.js'
import { imagePresets, parseResizeFit } from '../../src/images/presets.js'
import { describeWithAssets, sharedAsset } from '../shared.js'

const models = [
  {
    folder: 'centernet-mb3',
    side: 512,
    preprocessing: { ...parseResizeFit('pil:stretch'), normalization: 'raw', output: 'uint8' },
  },
  { folder: 'ssd-mobilenet-v1-coco-quant', side: 300, preprocessing: imagePresets['ssd-mobilenet-quant'] },
] as const

for (const { folder, side, preprocessing } of models) {
  describeWithAssets(`the stored inputs of ${folder}`, [folder, 'coco-val2017'], () => {
    // The references decoded with Pillow's libjpeg-turbo. On x86 all bytes are the same; the bound is for JPEG decoders of
    // other platforms.
    test.each(['000000037777', '000000397133'])('%s: at most 1 % of the bytes a step apart', async (id) => {
      const stored = readFileSync(sharedAsset(`${folder}/${id}.input.u8`))
      const image = await decodeImage(sharedAsset(`coco-val2017/images/${id}.jpg`))
      const { data } = await preprocessImage(image, { ...preprocessing, width: side, height: side })
      const differences = Array.from(stored, (value, i) => Math.abs(value - data[i]!))
      expect(data).toHaveLength(stored.length)
      expect(differences.reduce((most, step) => Math.max(most, step))).toBeLessThanOrEqual(1)
      expect(differences.filter((step) => step > 0).length).toBeLessThanOrEqual(stored.length / 100)
    })
  })
}
