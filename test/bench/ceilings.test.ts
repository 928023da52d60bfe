import { describe, expect, test } from 'vitest'
import {
  type CeilingPoint,
  ceilingDrift,
  ceilingPoint,
  higherCeilings,
  measureCeilings,
  roofline,
} from '../../src/bench/ceilings.js'
import { addon } from '../../src/native/addon.js'

const point: CeilingPoint = {
  threads: 2,
  dramGbPerS: 20,
  cacheGbPerS: 200,
  f32GopPerS: 100,
  int8GopPerS: 400,
}

describe('measured', () => {
  const usable = addon()
    .environment()
    .isas.filter((isa) => isa.usable)
    .map(({ name }) => name)

  test.each(usable)('%s names itself and has every rate', async (isa) => {
    const ceilings = await measureCeilings({ threads: 2, isa })
    expect(ceilings.isa).toBe(isa)
    expect(ceilings.points.map(({ threads }) => threads)).toEqual([1, 2])
    expect(ceilings.dramBufferBytes).toBeGreaterThanOrEqual(256 * 2 ** 20)
    expect(ceilings.dramBufferBytes).toBeGreaterThan(4 * ceilings.lastLevelCacheBytes)
    for (const { threads: _, ...rates } of ceilings.points) {
      for (const rate of Object.values(rates)) {
        expect(rate).toBeGreaterThan(0)
        expect(rate).toBeLessThan(1e6)
      }
    }
  })

  test('takes the best usable ISA by itself', async () => {
    const { isa, points } = await measureCeilings({ threads: 1 })
    expect(isa).toBe(addon().environment().bestIsa)
    expect(points).toHaveLength(1)
  })

  test('refuses an ISA that the CPU lacks, and no threads', async () => {
    const unusable = addon()
      .environment()
      .isas.find((isa) => !isa.usable)
    if (unusable) {
      await expect(measureCeilings({ threads: 1, isa: unusable.name })).rejects.toThrow('not usable')
    }
    const none = measureCeilings({ threads: 0 })
    await expect(none).rejects.toThrow('threads: expected a whole number of 1 or more, got 0')
  })

  test('stops when aborted', async () => {
    const controller = new AbortController()
    const measured = measureCeilings({ threads: 2, signal: controller.signal })
    controller.abort()
    await expect(measured).rejects.toThrow('aborted')
  })
})

describe('the roofline', () => {
  test('is bound by what takes longer', () => {
    // 2000 bytes at 20 GB/s take 100 ns; 1000 operations at 100 GOP/s take 10 ns.
    const work = { bytes: 2000, operations: 1000, source: 'dram', arithmetic: 'f32' } as const
    expect(roofline(work, 200, point)).toEqual({ bound: 'memory', percentOfCeiling: 50 })
    // From cache they take 10 ns; 8000 operations at 400 GOP/s take 20 ns.
    const hot = { bytes: 2000, operations: 8000, source: 'cache', arithmetic: 'int8' } as const
    expect(roofline(hot, 80, point)).toEqual({ bound: 'arithmetic', percentOfCeiling: 25 })
  })
})

describe('two measurements', () => {
  const later: CeilingPoint = { ...point, dramGbPerS: 17, f32GopPerS: 111, int8GopPerS: 405 }

  test('give the higher of each rate', () => {
    expect(higherCeilings(point, later)).toEqual({ ...point, f32GopPerS: 111, int8GopPerS: 405 })
  })

  test('drifted where they differ by more than 10 %', () => {
    const drift = ceilingDrift(point, later)
    expect(drift.map(({ rate }) => rate)).toEqual(['dramGbPerS', 'f32GopPerS'])
    expect(drift[0]!.change).toBeCloseTo(-0.15)
  })

  test('are those of the most threads', () => {
    const ceilings = {
      isa: 'avx2',
      lastLevelCacheBytes: 0,
      dramBufferBytes: 0,
      points: [{ ...point, threads: 1 }, point],
    } as const
    expect(ceilingPoint(ceilings)).toBe(point)
  })
})
