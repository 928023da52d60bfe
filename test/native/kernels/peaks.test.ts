import { expect, test } from 'vitest'
import { type Build, kernelsNotRun, sameOnEveryIsa } from './one-step.js'

const step =
  (shape: readonly number[], count: number, epsilon: number): Build =>
  (p) => {
    const cells = p.intermediate('i32', count)
    p.step('peaks', 'peaks', [p.input('x', 'f32', ...shape)], [cells], { epsilon })
    p.output('y', cells)
  }

/** Every score that is as great as its neighbours of the same class, sorted; the specification, once more. */
function peakCells(x: Float32Array, [, h, w, c]: readonly number[], count: number, slack: number): number[] {
  const [height, width, classes] = [h!, w!, c!]
  const found: { at: number; score: number }[] = []
  x.forEach((score, at) => {
    const [cell, label] = [Math.floor(at / classes), at % classes]
    let most = score
    for (let dy = -1; dy <= 1; dy++) {
      for (let dx = -1; dx <= 1; dx++) {
        const [row, column] = [Math.floor(cell / width) + dy, (cell % width) + dx]
        if (row < 0 || row >= height || column < 0 || column >= width) continue
        most = Math.max(most, x[(row * width + column) * classes + label]!)
      }
    }
    if (score > 0 && Math.fround(most - score) < slack) found.push({ at, score })
  })
  found.sort((a, b) => b.score - a.score || a.at - b.at)
  const cells = found.slice(0, count).map(({ at }) => Math.floor(at / classes))
  return [...cells, ...Array<number>(count - cells.length).fill(-1)]
}

test.each([
  [[1, 7, 9, 3], 20],
  [[1, 16, 16, 8], 100],
  [[1, 1, 1, 1], 3],
] as const)('of %j, the %i best', async (shape, count) => {
  const size = (shape as readonly number[]).reduce((a, b) => a * b, 1)
  // Many equal scores, many that differ by less than the slack.
  const x = Float32Array.from({ length: size }, (_, i) => {
    const score = Math.round(20 * Math.abs(Math.sin(i * i))) / 20
    return i % 3 === 0 ? score + 5e-7 : score
  })
  for (const [epsilon, slack] of [
    [0, Number.MIN_VALUE],
    [1, 1e-6],
  ] as const) {
    const { y } = await sameOnEveryIsa(step(shape, count, epsilon), { x })
    expect(Array.from(y!)).toEqual(peakCells(x, shape, count, slack))
  }
})

test('every kernel was run', () => expect(kernelsNotRun('peaks')).toEqual([]))
