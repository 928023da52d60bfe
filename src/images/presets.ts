// How each detector was shown its images. The input's size is not here: it is the model's.
import { wrong } from '../native/arguments.js'
import { type Fit, fits } from './placement.js'
import { type Preprocessing, type ResizeMode, resizeModes } from './preprocess.js'

export const imagePresets = {
  /**
   * TensorFlow's detection zoo, CenterNet ResNet50 V2 512x512: configs/tf2/centernet_resnet50_v2_512x512_coco17_tpu-8.config
   * (keep_aspect_ratio_resizer, pad_to_max_dimension) and Keras' preprocessing of resnet_v2.
   */
  'centernet-resnet50-v2-512': { resize: 'tf-legacy', fit: 'pad', normalization: '-1..1', output: 'float32' },
  /** The author's evaluation: github 610265158/mobilenetv3_centernet, model_eval/custome_eval.py. */
  'centernet-mb3': { resize: 'cv2', fit: 'letterbox', normalization: 'raw', output: 'float32' },
  /** The same model in npm @vladmandic/human, src/object/centernet.ts. */
  'centernet-mb3-human': { resize: 'tf-legacy', fit: 'stretch', normalization: 'raw', output: 'float32' },
  /** TensorFlow's detection zoo, SSD MobileNet V2: configs/tf2/ssd_mobilenet_v2_320x320_coco17_tpu-8.config (fixed_shape_resizer). */
  'ssd-mobilenet-v2': { resize: 'tf-legacy', fit: 'stretch', normalization: '-1..1', output: 'float32' },
  /** Files with uint8 input: TensorFlow 2's resize, rounded. */
  'ssd-mobilenet-quant': { resize: 'tf2', fit: 'stretch', normalization: 'raw', output: 'uint8' },
} as const satisfies Record<string, Preprocessing>

export type ImagePreset = keyof typeof imagePresets

/**
 * Reads "RESIZE:FIT", as in "pil:stretch".
 * @throws RangeError that says what is known
 */
export function parseResizeFit(text: string): { resize: ResizeMode; fit: Fit } {
  const [name, place, ...rest] = text.split(':')
  const resize = resizeModes.find((mode) => mode === name)
  const fit = fits.find((known) => known === place)
  if (!resize || !fit || rest.length > 0) {
    throw wrong(`RESIZE:FIT with ${resizeModes.join('|')} and ${fits.join('|')}`, 'preprocess', text)
  }
  return { resize, fit }
}
