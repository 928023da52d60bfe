// What the sections run on: models, data sets and reference scores, in ../shared/assets or the folder that QNATIVE_ASSETS
// names, and the demo's own files, which are always there.
import { readFileSync } from 'node:fs'
import path from 'node:path'

const root = path.join(import.meta.dirname, '..', '..')
export const assets = process.env['QNATIVE_ASSETS'] ?? path.join(root, '..', 'shared', 'assets')

export const lambada = path.join(assets, 'lambada', 'lambada_test_first1000.jsonl')
export const development = path.join(assets, 'lambada', 'lambada_development_plain_text.txt')
/** Prose to calibrate on and to compute perplexities of. */
export const prose = path.join(assets, 'lambada', 'calibration128.txt')

export const stories = path.join(assets, 'stories260k-hf')
export const smollm = path.join(assets, 'smollm2-135m', 'SmolLM2-135M-Instruct.Q4_1.gguf')
export const demoLlama = path.join(root, 'demo', 'llama')
export const demoLambada = path.join(root, 'demo', 'lambada.jsonl')

export const centernet = path.join(assets, 'centernet-mb3')
export const ssd = path.join(assets, 'ssd-mobilenet-v1-coco-quant')
export const val2017 = path.join(assets, 'coco-val2017')
export const train2017 = path.join(assets, 'coco-train2017-calib', 'images')
export const cocoPair = path.join(assets, 'coco-eval-pairs')

/**
 * What PyTorch computes of LAMBADA's first 1000 passages.
 * @param {string} folder of the model, in the assets
 * @returns {{ acc: number, ppl: number, rows: import('../../dist/index.js').LambadaRow[] }}
 */
export function reference(folder) {
  return JSON.parse(readFileSync(path.join(assets, folder, 'lambada_first1000.json'), 'utf8'))
}
