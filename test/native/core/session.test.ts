import { describe, expect, test } from 'vitest'
import type { ProgramJson, WeightHandle } from '../../../src/native/face.js'
import { activations, Session } from '../../../src/native/session.js'
import { loadWeights } from '../../../src/native/weight.js'
import { ProgramBuilder } from '../../../src/program/builder.js'
import * as op from '../../../src/program/ops.js'

const none = new Map<string, WeightHandle>()

function session(program: ProgramJson, weights = none, threads = 2): Session {
  return new Session(program, weights, { threads })
}

/** x + x, `steps` times over: x * 2^steps. */
function doublings(steps: number): ProgramJson {
  const p = new ProgramBuilder('T')
  let x = p.input('x', 'f32', 'T', 4)
  for (let i = 0; i < steps; i++) x = op.add(p, `double${i}`, x, x)
  p.output('y', x)
  return p.build()
}

describe('running', () => {
  test('binds its symbols at each run', async () => {
    const s = session(doublings(3))
    for (const tokens of [1, 5, 2]) {
      const x = Float32Array.from({ length: tokens * 4 }, (_, i) => i + 0.5)
      const { outputs } = await s.run({ T: tokens }, { x })
      expect(outputs['y']!.shape).toEqual([tokens, 4])
      expect(outputs['y']!.data).toEqual(x.map((v) => v * 8))
    }
  })

  test('needs a thread', () => {
    for (const threads of [0, -1]) {
      const message = `expected 1 or more threads, got ${threads}`
      expect(() => session(doublings(1), none, threads)).toThrow(message)
    }
  })

  test('handles no tokens at all', async () => {
    const { outputs } = await session(doublings(2)).run({ T: 0 }, { x: new Float32Array(0) })
    expect(outputs['y']!.data).toHaveLength(0)
  })

  test('keeps states between runs, and zeroes them on reset', async () => {
    const p = new ProgramBuilder('T')
    const k = p.input('k', 'f32', 'T', 8)
    const slots = p.input('slots', 'i32', 'T')
    const cache = { keys: p.state('keys', 'f32', 1, 2, 4, 16), values: p.state('values', 'f32', 1, 2, 16, 4) }
    op.kvAppend(p, 'kv', k, k, slots, cache)
    p.output('seen', cache.values)
    const s = session(p.build())
    const sum = (values: ArrayLike<number>) => Array.from(values).reduce((a, b) => a + b, 0)
    const run = async (slot: number, value: number) => {
      const k = new Float32Array(8).fill(value)
      return sum((await s.run({ T: 1 }, { k, slots: Int32Array.of(slot) })).outputs['seen']!.data)
    }
    expect(await run(0, 1)).toBe(8)
    expect(await run(15, 2)).toBe(24)
    s.reset()
    expect(await run(3, 5)).toBe(40)
  })

  test('times every step on demand, and only then', async () => {
    const s = session(doublings(5))
    const x = new Float32Array(4 * 1000)
    const timed = await s.run({ T: 1000 }, { x }, { timings: true })
    expect(timed.timings.map((timing) => timing.step)).toEqual([0, 1, 2, 3, 4])
    let end = 0
    for (const { kernel, startNs, durationNs, bytes, operations } of timed.timings) {
      expect(kernel).toMatch(/^add_/)
      expect(startNs).toBeGreaterThanOrEqual(end)
      end = startNs + durationNs
      expect(bytes).toBe(3 * 4 * 4000)
      expect(operations).toBe(4000)
    }
    expect(end).toBeLessThanOrEqual(timed.durationNs)
    expect((await s.run({ T: 1000 }, { x })).timings).toEqual([])
  })

  test('refuses a second run while one is going', async () => {
    const s = session(doublings(50_000))
    const x = new Float32Array(4 * 8192)
    const stop = new AbortController()
    const first = s.run({ T: 8192 }, { x }, { signal: stop.signal })
    await expect(s.run({ T: 8192 }, { x })).rejects.toThrow('running already')
    stop.abort(new Error('enough'))
    await expect(first).rejects.toThrow('enough')
    await s.run({ T: 1 }, { x: new Float32Array(4) })
  })

  test('reports progress up to the last step', async () => {
    const seen: [number, number][] = []
    const x = new Float32Array(4)
    await session(doublings(7)).run(
      { T: 1 },
      { x },
      { onProgress: (done, total) => seen.push([done, total]) },
    )
    expect(seen.at(-1)).toEqual([7, 7])
  })
})

describe('arrays that are lent', () => {
  const bare = (length: number) => new Float32Array(length)
  const counting = (array: Float32Array) => array.map((_, i) => i + 0.5)

  test.each([
    ['with room behind them', activations],
    ['without', bare],
  ])('%s: read and written, and nothing else is', async (_, make) => {
    const s = session(doublings(3))
    const x = make(8)
    x.set(counting(x))
    const y = make(8)
    const { outputs } = await s.run({ T: 2 }, { x }, { lent: true, into: { y } })
    expect(outputs['y']!.data).toBe(y)
    expect(outputs['y']!.shape).toEqual([2, 4])
    expect(y).toEqual(counting(bare(8)).map((v) => v * 8))
    expect(x).toEqual(counting(bare(8)))
    // The next run, which is lent nothing, leaves them alone.
    const { outputs: next } = await s.run({ T: 2 }, { x: bare(8) })
    expect(next['y']!.data).toEqual(bare(8))
    expect(y).toEqual(counting(bare(8)).map((v) => v * 8))
  })

  test('an output that is read by later steps', async () => {
    const p = new ProgramBuilder('T')
    const twice = op.add(p, 'twice', p.input('x', 'f32', 'T', 4), p.input('same', 'f32', 'T', 4))
    p.output('twice', twice)
    p.output('four', op.add(p, 'four', twice, twice))
    const x = activations(4)
    x.set([1, 2, 3, 4])
    const into = { twice: activations(4), four: activations(4) }
    await session(p.build()).run({ T: 1 }, { x, same: x }, { lent: true, into })
    expect(into.twice).toEqual(Float32Array.of(2, 4, 6, 8))
    expect(into.four).toEqual(Float32Array.of(4, 8, 12, 16))
  })

  test('a state, which stays where it is, is copied', async () => {
    const p = new ProgramBuilder('T')
    const k = p.input('k', 'f32', 'T', 4)
    const cache = { keys: p.state('keys', 'f32', 1, 1, 4, 16), values: p.state('values', 'f32', 1, 1, 16, 4) }
    op.kvAppend(p, 'kv', k, k, p.input('slots', 'i32', 'T'), cache)
    p.output('seen', cache.values)
    const s = session(p.build())
    const run = async (slot: number) => {
      const seen = activations(64)
      const inputs = { k: Float32Array.of(1, 2, 3, 4), slots: Int32Array.of(slot) }
      await s.run({ T: 1 }, inputs, { lent: true, into: { seen } })
      return seen.filter((value) => value !== 0)
    }
    expect(await run(0)).toEqual(Float32Array.of(1, 2, 3, 4))
    expect(await run(9)).toEqual(Float32Array.of(1, 2, 3, 4, 1, 2, 3, 4))
  })

  test('parts of another tensor have their place, and are copied', async () => {
    const p = new ProgramBuilder()
    const whole = p.input('x', 'f32', 2, 4)
    p.output('y', op.add(p, 'sum', whole, whole))
    const program = p.build()
    const first = { ...program.tensors[0]!, name: 'row', kind: 'intermediate', shape: [1, 4] } as const
    const row = { ...first, place: { parent: 0, offset: 4, stride: 4 } }
    const sum = { ...first, name: 'z' }
    const parts: ProgramJson = {
      ...program,
      tensors: [...program.tensors, row, sum],
      steps: [...program.steps, { ...program.steps[0]!, label: 'of a row', inputs: [2, 2], outputs: [3] }],
      outputs: [...program.outputs, 3],
    }
    const x = activations(8)
    x.set(counting(x))
    const z = activations(4)
    await session(parts).run({}, { x }, { lent: true, into: { z } })
    expect(z).toEqual(
      counting(bare(8))
        .subarray(4)
        .map((v) => v * 2),
    )
  })

  test('are refused over one another, of another length, or for no output', async () => {
    const s = session(doublings(1))
    const x = activations(8)
    const run = (into: Record<string, Float32Array>) => s.run({ T: 2 }, { x }, { lent: true, into })
    await expect(run({ y: x })).rejects.toThrow('cannot be written over an input')
    await expect(run({ y: x.subarray(4) })).rejects.toThrow('cannot be written over an input')
    await expect(run({ y: activations(7) })).rejects.toThrow(
      "output 'y': expected room for 32 bytes of f32[2,4], got 28",
    )
    await expect(run({ z: activations(8) })).rejects.toThrow("the program has no output 'z'")
    // What is copied first may be written over.
    const { outputs } = await s.run({ T: 2 }, { x: x.fill(3) }, { into: { y: x } })
    expect(outputs['y']!.data).toBe(x)
    expect(x).toEqual(bare(8).fill(6))
  })
})

describe('stopping', () => {
  test('an aborted run rejects with its reason, and the session runs again', async () => {
    const s = session(doublings(50_000))
    const x = new Float32Array(4 * 8192)
    const stop = new AbortController()
    setTimeout(() => stop.abort(new Error('enough')), 20)
    await expect(s.run({ T: 8192 }, { x }, { signal: stop.signal })).rejects.toThrow('enough')
    const { outputs } = await s.run({ T: 1 }, { x: new Float32Array(4) })
    expect(outputs['y']!.data).toEqual(new Float32Array(4))
  })

  test('a signal that is aborted already starts nothing', async () => {
    const signal = AbortSignal.abort(new Error('before'))
    await expect(session(doublings(1)).run({ T: 1 }, { x: new Float32Array(4) }, { signal })).rejects.toThrow(
      'before',
    )
  })
})

describe('memory', () => {
  test('the arena does not grow with the number of steps', () => {
    const bytes = (steps: number) => session(doublings(steps)).plan({ T: 64 }).arenaBytes
    expect(bytes(100)).toBe(bytes(3))
  })

  test('tensors that are alive together never share memory', async () => {
    // Every intermediate stays alive until the sum at the end.
    const p = new ProgramBuilder('T')
    const x = p.input('x', 'f32', 'T', 4)
    const powers = [op.add(p, 'double', x, x)]
    for (let i = 0; i < 6; i++) powers.push(op.add(p, 'next', powers[i]!, powers[i]!))
    let total = x
    for (const power of powers) total = op.add(p, 'total', total, power)
    p.output('y', total)
    const { outputs } = await session(p.build()).run({ T: 3 }, { x: new Float32Array(12).fill(1) })
    expect(outputs['y']!.data).toEqual(new Float32Array(12).fill(255))
  })

  test('an input that is also read later is not written over', async () => {
    const p = new ProgramBuilder('T')
    const x = p.input('x', 'f32', 'T', 4)
    const twice = op.add(p, 'twice', x, x)
    const four = op.add(p, 'four', twice, twice)
    p.output('twice', twice)
    p.output('six', op.add(p, 'six', four, twice))
    const { outputs } = await session(p.build()).run({ T: 1 }, { x: Float32Array.of(1, 2, 3, 4) })
    expect(outputs['twice']!.data).toEqual(Float32Array.of(2, 4, 6, 8))
    expect(outputs['six']!.data).toEqual(Float32Array.of(6, 12, 18, 24))
  })
})

describe('what is refused', () => {
  const valid = doublings(1)
  const cases: [string, ProgramJson, RegExp][] = [
    [
      'an unknown op',
      { ...valid, steps: [{ ...valid.steps[0]!, op: 'addd' }] },
      /step 0 \(addd, double0\): there is no such op/,
    ],
    [
      'a tensor number that is none',
      { ...valid, steps: [{ ...valid.steps[0]!, inputs: [0, 9] }] },
      /no tensor has the number 9/,
    ],
    [
      'too few operands',
      { ...valid, steps: [{ ...valid.steps[0]!, inputs: [0] }] },
      /expected 2 inputs, got 1/,
    ],
    [
      'an unknown attribute',
      { ...valid, steps: [{ ...valid.steps[0]!, attributes: { epsilon: 1 } }] },
      /unknown attribute 'epsilon'/,
    ],
    [
      'use before definition',
      { ...valid, steps: [{ ...valid.steps[0]!, inputs: [1, 0] }] },
      /used before it is computed|computed twice/,
    ],
    [
      'writing to an input',
      { ...valid, steps: [{ ...valid.steps[0]!, outputs: [0] }] },
      /is an input or a constant/,
    ],
    ['an output that nothing computes', { ...valid, steps: [] }, /'y' is never computed/],
    [
      'shapes that disagree',
      { ...valid, tensors: [valid.tensors[0]!, { ...valid.tensors[1]!, shape: ['T', 5] }] },
      /expected f32\[.*\], got f32\[T,5\]/,
    ],
    ['an unknown symbol', { ...valid, symbols: [] }, /unknown symbol 'T'/],
    [
      'a negative dimension',
      { ...valid, tensors: [{ ...valid.tensors[0]!, shape: ['T', -4] }, valid.tensors[1]!] },
      /dimension -4 is out of range/,
    ],
  ]
  test.each(cases)('%s', (_, program, message) => {
    expect(() => session(program)).toThrow(message)
  })

  test('a missing attribute', () => {
    const p = new ProgramBuilder('T')
    const x = p.input('x', 'f32', 'T', 8)
    const y = p.intermediate('f32', 'T', 8)
    p.step('rmsnorm', 'norm', [x, p.input('gain', 'f32', 8)], [y])
    p.output('y', y)
    expect(() => session(p.build())).toThrow(/attribute 'epsilon' is missing/)
  })

  test('inputs of the wrong length, missing or unknown', async () => {
    const s = session(valid)
    await expect(s.run({ T: 2 }, { x: new Float32Array(7) })).rejects.toThrow(
      /input 'x': expected 32 bytes for f32\[2,4\], got 28/,
    )
    await expect(s.run({ T: 2 }, {})).rejects.toThrow(/input 'x' is missing/)
    await expect(s.run({ T: 2 }, { z: new Float32Array(8) })).rejects.toThrow(/no input 'z'/)
    await expect(s.run({}, { x: new Float32Array(8) })).rejects.toThrow(/symbol T has no value/)
  })

  test('a weight of another shape', async () => {
    const p = new ProgramBuilder('T')
    p.output('y', op.linear(p, 'linear', p.input('x', 'f32', 'T', 64), p.weight('w', 32, 64)))
    const [weight] = await loadWeights(
      [{ name: 'w', source: { kind: 'random', seed: 1, rows: 16, cols: 64 }, target: { kind: 'f32' } }],
      1,
    )
    expect(() => session(p.build(), new Map([['w', weight!.handle]]))).toThrow(
      /constant 'w': the weight is \[16,64\]/,
    )
    expect(() => session(p.build())).toThrow(/no weight for the constant 'w'/)
  })

  test('a tensor larger than any memory', async () => {
    const s = session(doublings(1))
    await expect(s.run({ T: 2 ** 50 }, { x: new Float32Array(4) })).rejects.toThrow(
      /overflow|out of memory|expected .* bytes/,
    )
  })

  test('a session that was closed', async () => {
    const s = session(valid)
    s.close()
    await expect(s.run({ T: 1 }, { x: new Float32Array(4) })).rejects.toThrow('this session was released')
  })
})

describe('parts of tensors', () => {
  const doubled = (p: ProgramBuilder, x: ReturnType<ProgramBuilder['input']>, y: typeof x) =>
    p.step('add', 'double', [x, x], [y])

  test('a tensor in another shape is the same memory', async () => {
    const p = new ProgramBuilder()
    const whole = p.intermediate('f32', 2, 6)
    doubled(p, p.input('x', 'f32', 2, 6), whole)
    const reshaped = p.part(whole, 0, 4, 3, 4)
    const y = p.intermediate('f32', 3, 4)
    doubled(p, reshaped, y)
    p.output('y', y)
    const x = Float32Array.from({ length: 12 }, (_, i) => i)
    expect((await session(p.build()).run({}, { x })).outputs['y']).toEqual({
      shape: [3, 4],
      data: x.map((v) => 4 * v),
    })
  })

  test('parts put a tensor together; it lives from its first part to its last reader', async () => {
    const p = new ProgramBuilder()
    const x = p.input('x', 'f32', 1, 64)
    const whole = p.intermediate('f32', 2, 64)
    doubled(p, x, p.part(whole, 0, 64, 1, 64))
    // Between the parts, steps that would take the memory if the plan forgot whose it is.
    let other = x
    for (let i = 0; i < 3; i++) other = op.add(p, 'other', other, x)
    doubled(p, other, p.part(whole, 64, 64, 1, 64))
    p.output('y', op.add(p, 'y', whole, whole))
    const values = Float32Array.from({ length: 64 }, (_, i) => i + 1)
    const { outputs } = await session(p.build()).run({}, { x: values })
    expect([...outputs['y']!.data]).toEqual([...values.map((v) => 4 * v), ...values.map((v) => 16 * v)])
  })

  const placed = (offset: number, stride: number, shape: number[], write: boolean) => {
    const p = new ProgramBuilder()
    const whole = p.intermediate('f32', 4, 6)
    const x = p.input('x', 'f32', 4, 6)
    if (write) doubled(p, x, whole)
    p.output(
      'y',
      op.add(p, 'part', p.part(whole, offset, stride, ...shape), p.part(whole, offset, stride, ...shape)),
    )
    return () => session(p.build())
  }

  test.each([
    [0, 6, [4, 7], 'does not lie within its parent'],
    [1, 6, [4, 6], 'does not lie within its parent'],
    [-1, 6, [1, 6], 'does not lie within its parent'],
    [0, 2, [4, 3], 'does not lie within its parent'],
    [0, 6, [0, 6], 'does not lie within its parent'],
    [0, 2 ** 50, [2, 3], 'does not lie within its parent'],
    [0, 6, [4, 3], 'a part of a tensor, with gaps'],
  ])('offset %d, stride %d, shape %j: %s', (offset, stride, shape, message) => {
    expect(placed(offset, stride, shape, true)).toThrow(message)
  })

  test('a part of a tensor that nobody computes is refused', () => {
    expect(placed(0, 6, [4, 6], false)).toThrow('is used before it is computed')
  })

  test('a tensor half of which is never computed can only be read after its written parts', () => {
    const p = new ProgramBuilder()
    const x = p.input('x', 'f32', 1, 8)
    const whole = p.intermediate('f32', 2, 8)
    const late = p.part(whole, 8, 8, 1, 8)
    doubled(p, x, p.part(whole, 0, 8, 1, 8))
    p.output('y', op.add(p, 'early', whole, whole))
    doubled(p, x, late)
    expect(() => session(p.build())).toThrow('is used before it is computed')
  })
})

test('an op that takes no fused steps says so', () => {
  const p = new ProgramBuilder()
  const x = p.input('x', 'f32', 1, 8)
  const y = p.intermediate('f32', 1, 8)
  p.step('add', 'sum', [x, x], [y], {}, [{ op: 'sqrt' }])
  p.output('y', y)
  expect(() => session(p.build())).toThrow('step 0 (add, sum): this op takes no fused steps')
})
