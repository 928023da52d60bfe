import { expect, test } from 'vitest'
import { type Build, kernelsNotRun, onReference, sameOnEveryIsa } from './one-step.js'

interface Window {
  readonly size: readonly [number, number]
  readonly pad: readonly [number, number]
  readonly fill: number
}

const step =
  (dtype: 'f32' | 'u8', shape: readonly number[], count: number, { size, pad, fill }: Window): Build =>
  (p) => {
    const y = p.intermediate(dtype, count, ...size, shape[3]!)
    const inputs = [p.input('x', dtype, ...shape), p.input('cells', 'i32', count)]
    p.step('windows_at', 'windows', inputs, [y], { pad_top: pad[0], pad_left: pad[1], fill })
    p.output('y', y)
  }

const arrays = { f32: Float32Array, u8: Uint8Array }

test.each(['f32', 'u8'] as const)('%s: around every cell, and around none', async (dtype) => {
  const shape = [1, 5, 7, 3]
  const [, height, width, channels] = shape as [number, number, number, number]
  const x = arrays[dtype].from(Array.from({ length: height * width * channels }, (_, i) => i + 1))
  const cells = Int32Array.from({ length: height * width + 1 }, (_, i) => i - 1)
  for (const size of [
    [1, 1],
    [3, 3],
    [2, 4],
  ] as const) {
    const window: Window = { size, pad: [size[0] >> 1, size[1] >> 1], fill: 200 }
    const { y } = await sameOnEveryIsa(step(dtype, shape, cells.length, window), { x, cells })
    const expected: number[] = []
    for (const cell of cells) {
      for (let p = 0; p < size[0]; p++) {
        for (let q = 0; q < size[1]; q++) {
          const row = Math.floor(cell / width) + p - window.pad[0]
          const column = (cell % width) + q - window.pad[1]
          const inside = cell >= 0 && row >= 0 && row < height && column >= 0 && column < width
          const at = (row * width + column) * channels
          expected.push(...(inside ? x.subarray(at, at + channels) : [200, 200, 200]))
        }
      }
    }
    expect(Array.from(y!)).toEqual(expected)
  }
})

test.each([-2, 6])('cell %i of 6 is refused', async (cell) => {
  const window: Window = { size: [1, 1], pad: [0, 0], fill: 0 }
  const inputs = { x: new Float32Array(12), cells: Int32Array.of(0, cell) }
  await expect(onReference(step('f32', [1, 2, 3, 2], 2, window), inputs)).rejects.toThrow(
    `cell ${cell} (entry 1) is outside the 6 of the image`,
  )
})

test('a fill that is no code is refused', async () => {
  const window: Window = { size: [1, 1], pad: [0, 0], fill: -1 }
  const inputs = { x: new Uint8Array(12), cells: Int32Array.of(0) }
  await expect(onReference(step('u8', [1, 2, 3, 2], 1, window), inputs)).rejects.toThrow(
    'fill must be a code',
  )
})

test('every kernel was run', () => expect(kernelsNotRun('windows_at')).toEqual([]))
