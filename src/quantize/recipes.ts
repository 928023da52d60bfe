import type { GroupSize } from './arrays.js'
import type { QuantizeMethod, Recipe, RecipeStep } from './recipe.js'

/** What can be asked for; the recipe says what it becomes. */
export interface RecipeOptions {
  readonly method: QuantizeMethod
  readonly bits: 8 | 4 | 2
  /** Default 64. */
  readonly groupSize?: GroupSize | undefined
  /** Default false. */
  readonly symmetric?: boolean | undefined
  /** Of rtn. Default none. */
  readonly clip?: 'none' | 'mse' | undefined
  /** Default none; of best what its steps say. */
  readonly order?: 'none' | 'act' | 'act-group' | undefined
  /** Default 0.01. */
  readonly damp?: number | undefined
  /** Default false; true of best. */
  readonly trueSequential?: boolean | undefined
  /** Default: int8 of best, else f16. */
  readonly head?: Recipe['head'] | undefined
  /** Steps beyond those of the method. */
  readonly with?: readonly RecipeStep[] | undefined
  /** Steps of best that are left out. */
  readonly without?: readonly RecipeStep[] | undefined
}

/**
 * The steps of best at each width: those that lower the divergence from the float model on text that is neither
 * calibrated nor scored on (docs/quality.md).
 */
const bestSteps: Readonly<Record<8 | 4 | 2, readonly RecipeStep[]>> = {
  8: ['offsets', 'clip', 'act-group', 'refine', 'input-repair', 'residual-repair'],
  4: ['offsets', 'clip', 'act-group', 'refine', 'input-repair', 'residual-repair'],
  2: ['offsets', 'clip', 'act-group', 'refine', 'input-repair', 'residual-repair', 'mixed'],
}

/** Rounds of coordinate descent and refit: later ones gain less than the noise of the calibration text. */
const REFINE_SWEEPS = 4
/** At 2 bits the quantized inputs are too far from the float ones to be made up for wholly. */
const inputRepairs: Readonly<Record<8 | 4 | 2, number>> = { 8: 1, 4: 1, 2: 0.5 }
const RESIDUAL_REPAIR = 0.5

/** Bits per weight of the linear layers that `mixed` may spend, scales and offsets counted. */
const mixedBudgets: Readonly<Record<8 | 4 | 2, number>> = { 8: 8.5, 4: 4.5, 2: 2.75 }

/**
 * @throws RangeError for what cannot be combined
 */
export function recipeOf(options: RecipeOptions): Recipe {
  const { method, bits, symmetric = false } = options
  const steps = new Set<RecipeStep>(method === 'best' ? bestSteps[bits] : [])
  for (const step of options.with ?? []) steps.add(step)
  for (const step of options.without ?? []) steps.delete(step)
  if (symmetric && steps.has('offsets')) {
    if (method !== 'best' || options.with?.includes('offsets')) {
      throw new RangeError('symmetric groups have no offsets: leave out one of the two')
    }
    steps.delete('offsets')
  }
  const has = (step: RecipeStep) => steps.has(step)
  return {
    method,
    bits,
    groupSize: options.groupSize ?? 64,
    grid: symmetric ? 'symmetric' : has('offsets') ? 'offset' : 'asymmetric',
    clip: has('clip') ? 'hessian' : (options.clip ?? 'none'),
    order: options.order ?? (has('act-group') ? 'act-group' : 'none'),
    damp: options.damp ?? 0.01,
    trueSequential: options.trueSequential ?? method === 'best',
    sweeps: has('refine') ? REFINE_SWEEPS : 0,
    refit: has('refine'),
    inputRepair: has('input-repair') ? inputRepairs[bits] : 0,
    residualRepair: has('residual-repair') ? RESIDUAL_REPAIR : 0,
    rotation: has('rotation'),
    smoothing: has('smoothing'),
    budget: has('mixed') ? mixedBudgets[bits] : 0,
    head: options.head ?? (method === 'best' ? 'int8' : 'f16'),
  }
}
