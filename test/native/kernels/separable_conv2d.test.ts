import { describe, expect, test } from 'vitest'
import { Session } from '../../../src/native/session.js'
import { type Fused, ProgramBuilder, type Tensor } from '../../../src/program/builder.js'
import { temporaryDirectory } from '../../temporary.js'
import { conv2d } from '../ops/convolution.js'
import { separableConv2d } from '../ops/separable.js'
import type { Bounds } from '../ops/window.js'
import { depthwiseConv2d } from '../ops/windows.js'
import {
  type Build,
  type Inputs,
  kernelsNotRun,
  onReference,
  sameOnEveryIsa,
  type Weights,
} from './one-step.js'
import { normal } from './random.js'
import { loadCase, type WeightCase, weightCases } from './weight-cases.js'
import { type WindowCase, windowCase } from './window-cases.js'

const directories = { expand: temporaryDirectory(), project: temporaryDirectory() }

/** A separable convolution; x has the channels that are expanded, or those of the depthwise layer. */
interface Case extends WindowCase {
  /** Channels of the depthwise layer where it is another op that expands them. */
  readonly expanded?: number
  readonly outputs: number
}

const separable = (outputs: number, ...window: Parameters<typeof windowCase>): Case => ({
  ...windowCase(...window),
  outputs,
})
const residual = (expanded: number, outputs: number, ...window: Parameters<typeof windowCase>): Case => ({
  ...windowCase(...window),
  expanded,
  outputs,
})

/** Rings of a few rows, of more rows than there are, rows that no window reads, windows that step and spread. */
const cases = [
  separable(20, [1, 9, 21, 16], [3, 3], [1, 1], [1, 1, 1, 1]),
  separable(33, [2, 12, 33, 40], [3, 3], [2, 2], [0, 0, 1, 1]),
  separable(5, [2, 31, 7, 9], [5, 5], [1, 1], [2, 2, 2, 2]),
  residual(40, 20, [1, 9, 21, 16], [3, 3], [1, 1], [1, 1, 1, 1]),
  residual(24, 17, [2, 23, 150, 5], [3, 3], [2, 2], [0, 0, 1, 1]),
  residual(37, 8, [2, 41, 12, 24], [5, 5], [2, 2], [1, 2, 2, 1]),
  residual(16, 16, [1, 30, 80, 8], [5, 3], [1, 2], [2, 1, 2, 1]),
  residual(9, 30, [1, 40, 90, 3], [2, 3], [5, 1], [0, 1, 0, 1]),
  residual(18, 4, [2, 33, 75, 6], [3, 3], [1, 1], [3, 2, 3, 2], [3, 2]),
  residual(130, 40, [1, 1, 1, 12], [3, 3], [1, 1], [1, 1, 1, 1]),
]

const sixth = Math.fround(1 / 6)
const bounds = { expand: { lo: 0, hi: 6 }, depthwise: { lo: -1, hi: 4 }, project: { lo: -8, hi: 9 } }

interface Options {
  readonly bounds?: Readonly<Record<'expand' | 'depthwise' | 'project', Bounds>>
  readonly fused?: (p: ProgramBuilder, y: Tensor) => readonly Fused[]
}

function tensors(p: ProgramBuilder, c: Case) {
  const [n, h, w, i] = c.x
  const channels = c.expanded ?? i
  return {
    x: p.input('x', 'f32', n, h, w, i),
    y: p.intermediate('f32', n, ...c.output, c.outputs),
    ...(c.expanded && {
      expand: { weight: p.weight('expand', channels, i), bias: p.input('b0', 'f32', channels) },
    }),
    depthwise: {
      weight: p.input('taps', 'f32', c.window.size[0] * c.window.size[1], channels),
      bias: p.input('b1', 'f32', channels),
    },
    project: { weight: p.weight('project', c.outputs, channels), bias: p.input('b2', 'f32', c.outputs) },
  }
}

function inputs(c: Case): Inputs {
  const [n, h, w, i] = c.x
  const channels = c.expanded ?? i
  return {
    x: normal(1, n * h * w * i),
    ...(c.expanded && { b0: normal(2, channels) }),
    taps: normal(3, c.window.size[0] * c.window.size[1] * channels),
    b1: normal(4, channels),
    b2: normal(5, c.outputs),
  }
}

async function weightsOf(c: Case, weightCase: WeightCase = f32): Promise<Weights> {
  const channels = c.expanded ?? c.x[3]
  const project = await loadCase(directories.project, weightCase, c.outputs, channels)
  const expand = c.expanded && (await loadCase(directories.expand, weightCase, channels, c.x[3]))
  return new Map([
    ['project', project.weight.handle],
    ...(expand ? [['expand', expand.weight.handle] as const] : []),
  ])
}

const f32 = weightCases.find(({ name }) => name === 'f32')!

/** The op itself. */
const fusedStep =
  (c: Case, options: Options = {}): Build =>
  (p) => {
    const { x, y, expand, depthwise, project } = tensors(p, c)
    const layers = {
      ...(expand && { expand: { ...expand, ...(options.bounds && { bounds: options.bounds.expand }) } }),
      depthwise: { ...depthwise, ...(options.bounds && { bounds: options.bounds.depthwise }) },
      project: { ...project, ...(options.bounds && { bounds: options.bounds.project }) },
    }
    p.output('y', separableConv2d(p, 'block', x, layers, c.window, y, options.fused?.(p, y)))
  }

/** The ops that it stands for. */
const stepByStep =
  (c: Case, options: Options = {}): Build =>
  (p) => {
    const { x, y, expand, depthwise, project } = tensors(p, c)
    const [n, h, w, i] = c.x
    const channels = c.expanded ?? i
    const single = { size: [1, 1], stride: [1, 1], pad: { top: 0, left: 0 } } as const
    const expanded = () => p.intermediate('f32', n, h, w, channels)
    const wide = expand
      ? conv2d(p, 'expand', { x, ...expand }, single, expanded(), options.bounds?.expand)
      : x
    const filtered = p.intermediate('f32', n, ...c.output, channels)
    const from = { x: wide, ...depthwise }
    depthwiseConv2d(p, 'depthwise', from, c.window, filtered, options.bounds?.depthwise)
    const last = { x: filtered, ...project }
    p.output('y', conv2d(p, 'project', last, single, y, options.bounds?.project, options.fused?.(p, y)))
  }

async function expectTheSame(c: Case, options: Options, given = inputs(c), weightCase?: WeightCase) {
  const weights = await weightsOf(c, weightCase)
  const { y: expected } = await onReference(stepByStep(c, options), given, weights)
  const { y } = await sameOnEveryIsa(fusedStep(c, options), given, weights)
  expect(y).toEqual(expected)
}

describe('what the ops give one after the other', () => {
  test.each(cases)('to $outputs channels: $name', (c) => expectTheSame(c, {}))
  test.each([cases[1]!, cases[4]!])('clamped: $name', (c) => expectTheSame(c, { bounds }))

  test.each(weightCases.filter(({ name }) => name === 'f16' || name === 'bf16'))(
    'weights of $name',
    (weightCase) => expectTheSame(cases[3]!, {}, inputs(cases[3]!), weightCase),
  )

  test.each([cases[1]!, cases[5]!])('with fused steps: $name', async (c) => {
    const [p, q] = c.output
    const given = {
      ...inputs(c),
      rest: normal(6, c.x[0] * p * q * c.outputs),
      gain: normal(7, c.outputs),
    }
    const fused: Options['fused'] = (program, y) => [
      { op: 'add', operand: program.input('rest', 'f32', ...(y.shape as number[])) },
      { op: 'multiply', operand: program.input('gain', 'f32', c.outputs) },
      { op: 'hard_swish', attributes: { sixth } },
    ]
    await expectTheSame(c, { bounds, fused }, given)
  })

  test.each([cases[1]!, cases[4]!, cases[6]!])('with every third row of an image added: $name', async (c) => {
    const image = [c.x[0], 3 * c.output[0] - 1, 2 * c.output[1], c.outputs] as const
    const given = { ...inputs(c), image: normal(6, image[0] * image[1] * image[2] * image[3]) }
    const fused: Options['fused'] = (program) => [
      {
        op: 'add',
        operand: program.input('image', 'f32', ...image),
        attributes: { stride_h: 3, stride_w: 2 },
      },
    ]
    await expectTheSame(c, { fused }, given)
  })
})

test('reads a part of a tensor and writes into one, and no more', async () => {
  const c = cases[4]!
  const [n, h, w, i] = c.x
  const { x: _, ...given } = inputs(c)
  const whole = normal(8, n * h * w * 11)
  const weights = await weightsOf(c)
  const build: Build = (p) => {
    const x = p.part(p.input('whole', 'f32', n, h, w, 11), 4, 11, ...c.x)
    const wide = p.intermediate('f32', n, ...c.output, 2 * c.outputs)
    const expand = { weight: p.weight('expand', c.expanded!, i), bias: p.input('b0', 'f32', c.expanded!) }
    const depthwise = {
      weight: p.input('taps', 'f32', 9, c.expanded!),
      bias: p.input('b1', 'f32', c.expanded!),
    }
    const project = {
      weight: p.weight('project', c.outputs, c.expanded!),
      bias: p.input('b2', 'f32', c.outputs),
    }
    // The second half is written first: what runs over its end then shows in the first.
    for (const half of [1, 0]) {
      const y = p.part(wide, half * c.outputs, 2 * c.outputs, n, ...c.output, c.outputs)
      separableConv2d(p, 'block', x, { expand, depthwise, project }, c.window, y)
    }
    p.output('y', wide)
  }
  const { y } = await sameOnEveryIsa(build, { ...given, whole }, weights)
  const x = Float32Array.from(
    { length: n * h * w * i },
    (_, at) => whole[Math.floor(at / i) * 11 + 4 + (at % i)]!,
  )
  const { y: dense } = await onReference(fusedStep(c), { ...given, x }, weights)
  expect(y).toEqual(
    Float32Array.from(
      y!,
      (_, at) => dense![Math.floor(at / (2 * c.outputs)) * c.outputs + (at % c.outputs)]!,
    ),
  )
})

describe('what is refused', () => {
  const c = cases[3]!
  test.each([
    [
      'stride of the height: expected a whole number',
      { ...c, window: { ...c.window, stride: [0, 1] as const } },
      {},
    ],
    ['expand_lo is greater than expand_hi', c, { bounds: { ...bounds, expand: { lo: 1, hi: 0 } } }],
    ['lo is greater than hi', c, { bounds: { ...bounds, depthwise: { lo: 1, hi: 0 } } }],
    ['project_lo is greater than project_hi', c, { bounds: { ...bounds, project: { lo: 1, hi: 0 } } }],
  ])('%s', async (message, wrong, options) => {
    await expect(onReference(fusedStep(wrong, options), inputs(c), await weightsOf(c))).rejects.toThrow(
      message,
    )
  })
})

test('one operand at two strides is refused', async () => {
  const c = residual(8, 4, [1, 4, 6, 4], [3, 3], [2, 2], [0, 0, 1, 1])
  const p = new ProgramBuilder()
  const strides = { stride_h: 3, stride_w: 2 }
  // Of 5 rows 2 are read by either.
  fusedStep(c, {
    fused: (q) => [{ op: 'add', operand: q.input('image', 'f32', 1, 5, 5, 4), attributes: strides }],
  })(p)
  const program = p.build()
  const [step] = program.steps
  const plan = async (stride_h: number) => {
    const again = { ...step!.fused![0]!, attributes: { ...strides, stride_h } }
    const twice = { ...program, steps: [{ ...step!, fused: [...step!.fused!, again] }] }
    return new Session(twice, await weightsOf(c), { threads: 1 }).plan({})
  }
  await expect(plan(4)).rejects.toThrow('two fused steps read one operand at different strides')
  await expect(plan(3)).resolves.toBeDefined()
})

test('an expanded tensor that no memory holds is refused before anything is made for it', async () => {
  const c: Case = {
    ...residual(16, 4, [1, 3, 3, 1], [2, 2], [1, 1], [0, 0, 0, 0]),
    x: [1, 2 ** 20, 2 ** 24, 1],
  }
  const p = new ProgramBuilder()
  fusedStep(c)(p)
  const session = new Session(p.build(), await weightsOf(c), { threads: 1 })
  expect(() => session.plan({})).toThrow('the tensors between its layers are too large')
  session.close()
})

test('every kernel was run', () => {
  expect(kernelsNotRun('separable_conv2d')).toEqual([])
  expect(kernelsNotRun('inverted_residual')).toEqual([])
})
