import { describe, expect, test } from 'vitest'
import { addon } from '../../../src/native/addon.js'
import type { Isa } from '../../../src/native/face.js'
import { Session } from '../../../src/native/session.js'
import { ProgramBuilder } from '../../../src/program/builder.js'
import * as op from '../../../src/program/ops.js'
import { temporaryDirectory } from '../../temporary.js'
import { firstDifference } from '../quant/reference.js'
import { type LoadedCase, loadCase, weightCases } from './weight-cases.js'

const directory = temporaryDirectory()

const isas = addon()
  .environment()
  .isas.filter(({ usable }) => usable)
  .map(({ name }) => name)

function embedSession({ weight }: LoadedCase, isa: Isa, threads = 1): Session {
  const p = new ProgramBuilder('T')
  const ids = p.input('ids', 'i32', 'T')
  p.output('rows', op.embed(p, 'embed', ids, p.weight('w', weight.rows, weight.cols)))
  return new Session(p.build(), new Map([['w', weight.handle]]), { threads, isa })
}

async function embed(session: Session, ids: Int32Array): Promise<Float32Array> {
  const { outputs } = await session.run({ T: ids.length }, { ids })
  return outputs['rows']!.data as Float32Array
}

test('the kernels that an ISA names', async () => {
  const loaded = await loadCase(directory, weightCases[0]!, 16, 16)
  const kernels = isas.map((isa) => embedSession(loaded, isa).plan({ T: 1 }).kernels[0])
  expect(kernels).toEqual(isas.map((isa) => (isa === 'reference' ? 'embed_reference' : 'embed_avx2')))
})

describe.each(weightCases)('embed of weights in $name', (weightCase) => {
  const widths = weightCase.columnMultiple === 1 ? [1, 37, 94, 131, 700] : [weightCase.columnMultiple, 768]
  test.each(widths)('width %i', async (cols) => {
    const rows = 37
    const loaded = await loadCase(directory, weightCase, rows, cols)
    // Every row, backwards, then some again.
    const ids = Int32Array.from({ length: rows + 5 }, (_, i) => (i < rows ? rows - 1 - i : i - rows))
    const expected = new Float32Array(ids.length * cols)
    for (const [t, id] of ids.entries())
      expected.set(loaded.values.subarray(id * cols, (id + 1) * cols), t * cols)
    for (const isa of isas) {
      for (const threads of [1, 2]) {
        const y = await embed(embedSession(loaded, isa, threads), ids)
        expect(firstDifference(y, expected), `${isa}, ${threads} threads: first difference`).toBe(-1)
      }
    }
  })
})

test.each([-1, 20, 2 ** 31 - 1])('refuses the id %i of a table of 20 rows', async (id) => {
  const loaded = await loadCase(directory, weightCases[0]!, 20, 8)
  for (const isa of isas) {
    await expect(embed(embedSession(loaded, isa), Int32Array.of(3, id))).rejects.toThrow(
      `id ${id} (token 1) is outside the 20 rows of the embedding`,
    )
  }
})
