import type { HeadType } from '../models/llama/precision.js'
import type { GroupSize } from './arrays.js'

export const quantizeMethods = ['rtn', 'gptq', 'best'] as const
/** rtn: round to nearest; gptq: plain GPTQ; best: GPTQ with the steps that pay at this width. */
export type QuantizeMethod = (typeof quantizeMethods)[number]

/** What can be done beyond plain GPTQ. Each is a switch of its own; docs/quality.md measures them. */
export const recipeSteps = {
  offsets: 'a float16 offset for each group instead of an integer zero point',
  clip: 'shrink the range of each group where that lowers the error weighted by the Hessian',
  'act-group': 'round the columns of each group, and the groups, by falling diagonal of the Hessian',
  refine: 'after rounding: coordinate descent over the codes, scales and offsets in closed form in between',
  'input-repair': 'make up for the error that the inputs of a layer already carry (GPTAQ)',
  'residual-repair': 'make up for the error that the residual stream already carries, in o and down',
  rotation: 'a Hadamard rotation of the residual stream, folded into the weights',
  smoothing: 'scale input channels, folded into norm gains, where that lowers the error',
  mixed: 'share the bits out over the layers by measured sensitivity',
} as const
export type RecipeStep = keyof typeof recipeSteps

/** What is done to a model, all of it: the same recipe on the same model and text gives the same bytes. */
export interface Recipe {
  readonly method: QuantizeMethod
  readonly bits: 8 | 4 | 2
  /** Columns that share a scale; -1: the whole row. */
  readonly groupSize: GroupSize
  /** symmetric, asymmetric: integer zero points. offset: a float16 offset a group. */
  readonly grid: 'symmetric' | 'asymmetric' | 'offset'
  /** How far a group's range is shrunk; hessian: by the least error weighted with the Hessian's diagonal. */
  readonly clip: 'none' | 'mse' | 'hessian'
  /**
   * The order in which columns are rounded: as they stand; act: by falling diagonal of the Hessian, which needs a
   * permutation at run time; act-group: so inside each group and group by group, which does not.
   */
  readonly order: 'none' | 'act' | 'act-group'
  /** Added to the Hessian's diagonal, as a share of its mean. */
  readonly damp: number
  /** Later layers of a block are calibrated on what its already quantized ones give. */
  readonly trueSequential: boolean
  /** Passes of coordinate descent over the codes after the first rounding. */
  readonly sweeps: number
  /** Scales and offsets are solved for in closed form between the passes. */
  readonly refit: boolean
  /** Share of the difference between float and quantized inputs that the weights are moved to make up for. */
  readonly inputRepair: number
  /** Share of the residual stream's error that o and down are moved to make up for. */
  readonly residualRepair: number
  readonly rotation: boolean
  readonly smoothing: boolean
  /** Mean bits per weight of the linear layers, scales counted, that layers of several widths share out; 0: one width. */
  readonly budget: number
  readonly head: Exclude<HeadType, 'native'>
}
